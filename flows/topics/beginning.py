"""The beginning of a line of topic models: how many topics, which are asked for, the first fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from analysis.topics.choose import ChosenK, choose_k
from analysis.topics.model import TopicModel
from analysis.topics.nights.keeper import TopicKeeper
from flows.corpus_arrays import CorpusTerms
from flows.night import Night
from flows.setting_sections import AnalysisSettings
from flows.topics.assigning import assign_posts
from flows.topics.keeping import save_keeper
from flows.topics.lines import new_name, next_topic_id, saved_version
from flows.topics.posts import all_posts
from flows.topics.storing import Stored, store_fit
from flows.topics.terms import phrases_in, read_terms
from flows.topics.trends import store_trends
from warehouse.gateway import Warehouse

LEAST_POSTS_A_TOPIC = 10
"""A model needs at least so many counted posts for each of its topics."""
STEADY_POSTS = 3_000
"""A line that begins with fewer posts misses terms of later ones, and a fit with terms chosen anew
moves more of its posts (`python -m tests.benchmarks.topics_small`)."""
_NUMBERS = (5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200)


def _nobody(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """How a line begins.

    Attributes
    ----------
    n_topics : int
        How many topics; where they are chosen, the most is twice as many.
    choose : bool
        Choose the number by stability and coherence.
    seeds : mapping of str to sequence of str, optional
        Topics that are asked for, by name and words.
    on_choice : callable, optional
        Is given what was chosen, and the curve.
    on_warning : callable
        Is given the sentence that there are few posts, where there are.
    """

    n_topics: int
    choose: bool = False
    seeds: Mapping[str, Sequence[str]] | None = None
    on_choice: Callable[[ChosenK], None] | None = None
    on_warning: Callable[[str], None] = _nobody

    @classmethod
    def of(cls, settings: AnalysisSettings) -> Self:
        """Return what the settings say."""
        return cls(
            n_topics=settings.topics,
            choose=settings.choose_topics,
            seeds=settings.topic_seeds or None,
        )

    def tried(self, n_posts: int) -> list[int]:
        """Return the numbers of topics that may be, with so many posts."""
        if not self.choose:
            return [self.n_topics] if n_posts >= self.n_topics * LEAST_POSTS_A_TOPIC else []
        most = min(2 * self.n_topics, n_posts // LEAST_POSTS_A_TOPIC)
        return [k for k in _NUMBERS if max(len(self.seeds or {}), 2) <= k <= most]


def begin_line(
    warehouse: Warehouse, night: Night, wanted: NewLine, *, say: Callable[[str], None] = _nobody
) -> str:
    """Fit a model, give all counted posts their topics, store them; returns what to note."""
    settings, day = night.settings, night.clock.now().date()
    posts = all_posts(warehouse, settings.study.language)
    numbers = wanted.tried(len(posts))
    if not numbers:
        least = _NUMBERS[0] if wanted.choose else wanted.n_topics
        return (
            f"no topics: {len(posts)} posts count, and {least} topics need at least"
            f" {least * LEAST_POSTS_A_TOPIC}"
        )
    seed = settings.analysis.seed
    drawn = posts.drawn(seed=seed)
    say(f"reading {len(drawn):,} of {len(posts):,} posts")
    terms = read_terms(warehouse, drawn, phrases_in(warehouse, drawn))
    model = _fitted(terms, numbers, wanted, seed=seed, say=say)
    model.topic_ids_ = model.topic_ids_ + next_topic_id(warehouse)
    keeper = TopicKeeper.start(model, terms.counts, terms.words)
    name = new_name(warehouse, day)
    digest = save_keeper(keeper, saved_version(warehouse.home, name, 1))
    stored = Stored(line=name, version=1, day=day, digest=digest, model=keeper.model)
    held = terms if drawn is posts else None
    assigned = assign_posts(warehouse, keeper.model, posts, line=name, terms=held, say=say)
    say("storing topics and their shares")
    with warehouse.transaction():
        store_fit(warehouse, stored, terms=terms, assigned=assigned)
        store_trends(warehouse, night, name)
    said = f"topics of {len(posts)} posts by the new model {name}"
    return said + _of_no_use(wanted, terms.words) + _of_few(wanted, len(posts))


def _fitted(
    terms: CorpusTerms,
    numbers: list[int],
    wanted: NewLine,
    *,
    seed: int,
    say: Callable[[str], None],
) -> TopicModel:
    """Return the fitted model, its number of topics chosen if that is wanted."""
    model = TopicModel(n_topics=numbers[0], seeds=wanted.seeds, random_state=seed)
    if wanted.choose:
        found = choose_k(
            terms.counts, terms.words, ks=numbers, random_state=seed, model=model, progress=say
        )
        if wanted.on_choice is not None:
            wanted.on_choice(found)
        model.set_params(n_topics=found.k)
    say(f"fitting {model.n_topics} topics")
    return model.fit(terms.counts, terms.words)


def _of_few(wanted: NewLine, n_posts: int) -> str:
    """Say that a line begins with few posts, where it does, and what to do."""
    if n_posts >= STEADY_POSTS:
        return ""
    warning = (
        f"{n_posts:,} posts are few: terms and topics are steady from about {STEADY_POSTS:,} on,"
        " so begin another line with 'valuetalk topics fit' when there are as many"
    )
    wanted.on_warning(warning)
    return f"; {warning}"


def _of_no_use(wanted: NewLine, words: Sequence[str]) -> str:
    """Say which words of the seeds are in no post, so that they change nothing."""
    known = {word for term in words for word in (term, *term.split())}
    asked = [word for each in (wanted.seeds or {}).values() for word in each]
    missing = [word for word in asked if known.isdisjoint(word.lower().split())]
    return f"; no post holds {', '.join(missing)}" if missing else ""

"""The topic stage of a night: learn from what is new, assign it, and say what became of topics.

Most nights read the posts that are new, edited or back, and nothing else. Every `refit_days` the
topics are fitted again to all posts, from where they were, and all posts are assigned anew; posts
of a topic that was retired keep it, since later talk does not change what they were about. A
version whose topics did not keep their identity is refused, and the last one stays.

What a night makes is committed in one transaction, after the model is saved under the name of its
version (`flows.topics.lines`): ended at any moment, the night can be done again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # scikit-learn needs it

from analysis.saved_arrays import saved_models
from analysis.topics.nights.keeper import NightOutcome
from analysis.topics.reading.badly_explained import BADLY_EXPLAINED
from analysis.topics.storage import KIND as MODELS
from analysis.topics.terms.phrases import phrases_of_terms
from flows.corpus_arrays import CorpusTerms
from flows.night import Night
from flows.topics.assigning import Assigned, assign_posts
from flows.topics.beginning import NewLine, begin_line
from flows.topics.coverage import is_covered
from flows.topics.keeping import BESIDE, load_keeper, save_keeper, writers_of
from flows.topics.keeping import KIND as KEEPERS
from flows.topics.lines import (
    Line,
    current_line,
    remove_other_versions,
    saved_version,
)
from flows.topics.posts import (
    PostsToRead,
    all_posts,
    changed_posts,
    chosen_posts,
    left_posts,
)
from flows.topics.storing import Step, Stored, store_night
from flows.topics.terms import phrases_in, read_terms
from flows.topics.trends import store_trends
from warehouse.gateway import Warehouse

_UNEXPLAINED = f"""
SELECT post_id FROM topic_posts JOIN posts USING (post_id)
WHERE model = $model AND created_at >= $since AND explained < {BADLY_EXPLAINED}
UNION SELECT post_id FROM pooled_posts
"""
_OF_RETIRED = """
SELECT post_id FROM topic_posts JOIN topics USING (model, topic_id)
WHERE model = $model AND retired_on IS NOT NULL
"""


def run_topics(
    warehouse: Warehouse,
    night: Night,
    *,
    new: NewLine | None = None,
    trends: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> str:
    """Apply the model in use to what is new, or begin a line, and store topics and trends.

    Parameters
    ----------
    new : NewLine, optional
        Begin a new line, whatever the one in use.
    trends : bool
        Store the shares over time, too, as of this run.
    say : callable
        Is told what is being done.

    Returns
    -------
    str
        What to note of it, in counts.
    """
    with threadpool_limits(limits=1):  # sums in another order would make other digits
        line = None if new else current_line(warehouse)
        if line is None:
            wanted = new or NewLine.of(night.settings.analysis)
            said = begin_line(warehouse, night, wanted, say=say)
        else:
            said = _go_on(_Night(warehouse, night, line, say=say), trends=trends)
    _forget_other_versions(warehouse)
    return said


def _go_on(done: "_Night", *, trends: bool) -> str:
    """Do a night of the line in use."""
    done.read()
    done.update()
    if done.is_refit_due():
        done.refit()
    done.store(trends=trends)
    return done.said()


class _Night:
    """One night of a line: what was read, what became of the model, and which posts it assigns."""

    def __init__(
        self, warehouse: Warehouse, night: Night, line: Line, *, say: Callable[[str], None]
    ) -> None:
        self._warehouse, self._night, self._line = warehouse, night, line
        self._say = say
        self._day: date = night.clock.now().date()
        self._keeper = load_keeper(saved_version(warehouse.home, line.model, line.version))
        self._version = line.version
        self._steps: list[Step] = []
        self._assigned: list[Assigned] = []
        self._measured: CorpusTerms | None = None
        self._moves = False

    def read(self) -> None:
        """Read the posts that are new to the model, were edited, or count again."""
        language = self._night.settings.study.language
        held = self._warehouse.query("SELECT 1 FROM topic_posts LIMIT 1").num_rows
        self._changed = changed_posts(self._warehouse, self._line.model, language)
        if not held:  # a rebuilt warehouse: the model has learned from these posts already
            none = np.zeros(len(self._changed), dtype=np.bool_)
            self._changed = replace(self._changed, is_new=none)
        self._left = left_posts(self._warehouse, self._line.model, language)

    def update(self) -> None:
        """Learn from the new posts, and assign all that changed."""
        drawn = self._changed.drawn(seed=self._night.settings.analysis.seed)
        whole, born = drawn is self._changed, set[int]()
        terms = self._terms_of(drawn) if whole or drawn.is_new.any() else None
        if terms is not None and drawn.is_new.any():
            outcome = self._learn(drawn, terms)
            born = {
                e.topic_id for e in outcome.events if e.event == "born" and e.topic_id is not None
            }
        self._assign(self._changed, terms if whole else None)
        if born:
            self._assign_earlier(born)

    def _learn(self, drawn: PostsToRead, terms: CorpusTerms) -> NightOutcome:
        post_ids = drawn.post_ids[drawn.is_new]
        self._pooled = self._keeper.pool_post_ids
        asked = np.union1d(post_ids, self._pooled)
        outcome = self._keeper.night(
            terms.counts[drawn.is_new],
            terms.words,
            day=self._day,
            post_ids=post_ids,
            writers=writers_of(self._warehouse, asked),
            covered=self._is_covered(len(post_ids)),
        )
        self._enter("update", outcome, n_posts=len(post_ids))
        return outcome

    def is_refit_due(self) -> bool:
        """Whether the topics were fitted to all posts long enough ago, or tried to be."""
        days = self._night.settings.analysis.refit_days
        return self._day - self._line.fitted_on >= timedelta(days=days)

    def refit(self) -> None:
        """Fit the topics again to all posts, and where that is taken assign all of them."""
        settings = self._night.settings
        posts = all_posts(self._warehouse, settings.study.language)
        drawn = posts.drawn(seed=settings.analysis.seed)
        self._say(f"reading {len(drawn):,} of {len(posts):,} posts to fit the topics again")
        new_terms = settings.analysis.new_terms
        phrases = phrases_of_terms(self._keeper.model.vocabulary_)
        if new_terms:
            phrases = phrases.joined(phrases_in(self._warehouse, drawn))
        terms = read_terms(self._warehouse, drawn, phrases)
        outcome = self._keeper.refit(terms.counts, terms.words, day=self._day, new_terms=new_terms)
        self._enter("refit", outcome, n_posts=len(drawn))
        if outcome.accepted:
            self._measured, self._moves = terms, True
            kept = np.flatnonzero(~np.isin(posts.post_ids, self._of_retired()))
            self._assigned.clear()
            self._assign(posts.only(kept), terms.only(kept) if drawn is posts else None)

    def store(self, *, trends: bool) -> None:
        """Save the model, then commit all that the night says."""
        digest = ""
        if any(step.accepted for step in self._steps):
            path = saved_version(self._warehouse.home, self._line.model, self._version)
            digest = save_keeper(self._keeper, path)
        stored = Stored(
            line=self._line.model,
            version=self._version,
            day=self._day,
            digest=digest,
            model=self._keeper.model,
        )
        with self._warehouse.transaction():
            store_night(
                self._warehouse,
                stored,
                steps=self._steps,
                assigned=self._assigned,
                left=self._left,
                measured=self._measured,
                moves=self._moves,
            )
            if trends:
                store_trends(self._warehouse, self._night, self._line.model)

    def said(self) -> str:
        """Return what to note of the night, in counts."""
        refused = [step for step in self._steps if not step.accepted]
        events = [event for step in self._steps for event in step.events]
        said = f"topics of {len(self._changed)} posts by the model {self._line.model}"
        if any(step.kind == "refit" and step.accepted for step in self._steps):
            said += ", fitted again to all posts"
        told = [f"topic {e.topic_id} {e.event}" for e in events if e.topic_id is not None]
        said += "".join(f"; {each}" for each in told)
        return said + "".join(f"; {step.reason}" for step in refused)

    def _assign(self, posts: PostsToRead, terms: CorpusTerms | None) -> None:
        self._assigned.append(self._topics_of(posts, terms))

    def _topics_of(self, posts: PostsToRead, terms: CorpusTerms | None = None) -> Assigned:
        return assign_posts(
            self._warehouse,
            self._keeper.model,
            posts,
            line=self._line.model,
            terms=terms,
            say=self._say,
        )

    def _assign_earlier(self, born: set[int]) -> None:
        """Give a new topic those of the posts it grew from, or that none explained, it leads."""
        since = self._night.clock.now() - timedelta(days=self._night.settings.analysis.refit_days)
        posts = chosen_posts(
            self._warehouse,
            _UNEXPLAINED,
            model=self._line.model,
            since=since,
            pooled=np.setdiff1d(self._pooled, self._changed.post_ids),
            language=self._night.settings.study.language,
        )
        self._assigned.append(self._topics_of(posts).led_by(born))

    def _terms_of(self, posts: PostsToRead) -> CorpusTerms:
        phrases = phrases_of_terms(self._keeper.model.vocabulary_)
        return read_terms(self._warehouse, posts, phrases)

    def _enter(self, kind: str, outcome: NightOutcome, *, n_posts: int) -> None:
        self._version += outcome.accepted
        self._steps.append(
            Step(
                kind=kind,
                version=self._version,
                accepted=outcome.accepted,
                score=None if outcome.identity is None else outcome.identity.score,
                reason=outcome.reason,
                n_posts=n_posts,
                events=outcome.events,
            )
        )

    def _is_covered(self, n_new: int) -> bool:
        if self._line.last_day == self._day:
            return False  # a second time in one night tells nothing of silence
        sources = [source.name for source in self._night.settings.runnable_sources()]
        return is_covered(self._warehouse, self._day, sources=sources, n_new=n_new)

    def _of_retired(self) -> list[int]:
        rows = self._warehouse.connection.execute(_OF_RETIRED, {"model": self._line.model})
        return [post_id for (post_id,) in rows.fetchall()]


def _forget_other_versions(warehouse: Warehouse) -> None:
    """Keep the version in use alone; it is the one that a row in the warehouse names."""
    line = current_line(warehouse)
    if line is None:
        return
    stored = saved_models(warehouse.home.models).items()
    kept = saved_version(warehouse.home, line.model, line.version)
    remove_other_versions(
        [path for path, kind in stored if kind in (MODELS, KEEPERS)],
        {kept, kept.with_name(f"{kept.name}{BESIDE}")},
    )

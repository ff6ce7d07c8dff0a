"""The beginning of a line of topic models: how many topics, which are asked for, the first fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from analysis.topics.keeper import TopicKeeper
from analysis.topics.model import TopicModel
from flows.night import Night
from flows.setting_sections import AnalysisSettings
from flows.topics.assigning import assign_posts
from flows.topics.keeping import save_keeper
from flows.topics.lines import new_name, next_topic_id, saved_version
from flows.topics.posts import all_posts
from flows.topics.storing import Stored, store_fit, store_trends
from flows.topics.terms import phrases_in, read_terms
from warehouse.gateway import Warehouse

LEAST_POSTS_A_TOPIC = 10
"""A model needs at least so many counted posts for each of its topics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """How a line begins: with how many topics, and which are asked for by their words."""

    n_topics: int
    seeds: Mapping[str, Sequence[str]] | None = None

    @classmethod
    def of(cls, settings: AnalysisSettings) -> Self:
        """Return what the settings say."""
        return cls(n_topics=settings.topics, seeds=settings.topic_seeds or None)


def begin_line(warehouse: Warehouse, night: Night, wanted: NewLine) -> str:
    """Fit a model to all counted posts, and store its topics; returns what to note."""
    settings, day = night.settings, night.clock.now().date()
    posts = all_posts(warehouse, settings.study.language)
    if len(posts) < wanted.n_topics * LEAST_POSTS_A_TOPIC:
        return (
            f"no topics: {len(posts)} posts count, and {wanted.n_topics} topics need at least"
            f" {wanted.n_topics * LEAST_POSTS_A_TOPIC}"
        )
    terms = read_terms(warehouse, posts, phrases_in(warehouse, posts))
    model = TopicModel(
        n_topics=wanted.n_topics, seeds=wanted.seeds, random_state=settings.analysis.seed
    )
    model.fit(terms.counts, terms.words)
    model.topic_ids_ = model.topic_ids_ + next_topic_id(warehouse)
    keeper = TopicKeeper.start(model, terms.counts, terms.words)
    name = new_name(warehouse, day)
    digest = save_keeper(keeper, saved_version(warehouse.home, name, 1))
    stored = Stored(line=name, version=1, day=day, digest=digest, model=keeper.model)
    assigned = assign_posts(keeper.model, terms, posts, line=name)
    with warehouse.transaction():
        store_fit(warehouse, stored, terms=terms, assigned=assigned)
        store_trends(warehouse, night, name)
    return f"topics of {len(posts)} posts by the new model {name}"

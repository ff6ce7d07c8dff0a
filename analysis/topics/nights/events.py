"""What became of topics, as a record and as a sentence; light to import, for lists of events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

EVENTS = ("born", "retired", "merged", "split", "drifted", "kept", "refitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicEvent:
    """A change of a topic's identity, or of the model as a whole.

    Attributes
    ----------
    topic_id : int or None
        None where the event is one of the whole model (`kept`, `refitted`).
    event : str
        One of `EVENTS`.
    other_id : int or None
        The topic that a merged one went into, or that a split one gave.
    evidence : mapping of str to float
    """

    day: date
    topic_id: int | None
    event: str
    other_id: int | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)


def describe(event: TopicEvent) -> str:
    """Return a sentence for people: what happened and by which numbers.

    A topic that was born with a model, and not of the posts of some nights, has a sentence of its
    own; so does a refit that took new terms.
    """
    shown = event.evidence
    name = next((name for key, name in _TOLD_OTHERWISE.get(event.event, ()) if key in shown), None)
    return (_SENTENCES[name or event.event]).format_map(
        _Numbers(shown, topic=event.topic_id, other=event.other_id)
    )


class _Numbers(dict[str, object]):
    """Evidence by name; what is missing is told as nan."""

    def __missing__(self, _: str) -> float:
        return float("nan")


_TOLD_OTHERWISE = {
    "born": (("topics", "born with a model"),),
    "refitted": (("new_terms", "refitted with new terms"),),
}
_SENTENCES = {
    "born with a model": (
        "Topic {topic} was born with a new model: it is one of {topics:.0f} topics that were found"
        " in {posts:,.0f} posts, with the terms of version {terms_version:.0f}."
    ),
    "refitted with new terms": (
        "The model was fitted again to {posts:.0f} posts, with {new_terms:.0f} terms that it did"
        " not have: topics are the same by {score:.3f}."
    ),
    "born": (
        "Topic {topic} was born: on {nights:.0f} nights {posts:.0f} posts by {authors:.0f} authors"
        " in {threads:.0f} threads, badly explained by every topic, have terms in common;"
        " {observed:.0f} of them hold its first term where {expected:.1f} were to be expected."
    ),
    "retired": (
        "Topic {topic} was retired: it led {posts:.0f} posts on the last {nights:.0f} covered"
        " nights, where its usual share would have given {expected:.0f}."
    ),
    "merged": (
        "Topic {topic} was merged into topic {other}: for {nights:.0f} nights their terms or posts"
        " were alike by {cosine:.2f}."
    ),
    "split": (
        "Topic {topic} was split: {other_posts:.0f} of its posts, whose terms are alike with the"
        " others' by {cosine:.2f} only, are topic {other}."
    ),
    "drifted": (
        "Topic {topic} has drifted: its terms are alike by {cosine:.2f} with what they were."
    ),
    "kept": (
        "The last model was kept: topics would have been the same by {score:.3f} only, and"
        " {moved:.1%} of the posts would have changed topic."
    ),
    "refitted": (
        "The model was fitted again to {posts:.0f} posts: topics are the same by {score:.3f}."
    ),
}

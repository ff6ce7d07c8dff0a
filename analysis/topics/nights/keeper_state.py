"""A keeper's state as plain arrays and numbers, which any storage of arrays can hold."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.topics.nights.candidates import Candidate, Reference
from analysis.topics.nights.pool import Entries, Pool

if TYPE_CHECKING:
    from analysis.topics.nights.keeper import TopicKeeper


def as_arrays(keeper: "TopicKeeper") -> dict[str, Any]:
    """Return the state: every value is an array without objects, or a number."""
    topics = list(keeper.usual)
    return {
        "topics": np.array(topics, dtype=np.int64),
        "usual": np.array([keeper.usual[topic] for topic in topics]),
        **_profiles("topic", [keeper.profiles[topic] for topic in topics]),
        "next_topic_id": keeper.next_topic_id,
        "next_candidate": keeper.next_candidate,
        "led": keeper.led,
        "read": keeper.read,
        "alike": np.array([(*pair, n) for pair, n in keeper.alike.items()], np.int64).reshape(
            -1, 3
        ),
        **_of_reference(keeper.reference),
        **_of_pool(keeper.pool),
        **_of_candidates(keeper.candidates),
    }


def from_arrays(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of the keeper whose state it is, model and rules left out."""
    topics = np.asarray(state["topics"]).tolist()
    profiles = _read_profiles("topic", state, len(topics))
    return {
        "usual": dict(zip(topics, np.asarray(state["usual"]).tolist(), strict=True)),
        "profiles": dict(zip(topics, profiles, strict=True)),
        "next_topic_id": int(state["next_topic_id"]),
        "next_candidate": int(state["next_candidate"]),
        "led": np.asarray(state["led"]),
        "read": np.asarray(state["read"]),
        "alike": {(int(a), int(b)): int(n) for a, b, n in np.asarray(state["alike"])},
        "reference": _read_reference(state),
        "pool": _read_pool(state),
        "candidates": _read_candidates(state),
    }


def _texts(words: Sequence[str]) -> Any:
    return np.array(list(words), dtype=np.str_)


def _profiles(name: str, profiles: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    pairs = [pair for profile in profiles for pair in profile.items()]
    return {
        f"{name}_profile_lengths": np.array([len(profile) for profile in profiles], np.int64),
        f"{name}_profile_words": _texts([word for word, _ in pairs]),
        f"{name}_profile_weights": np.array([weight for _, weight in pairs], np.float64),
    }


def _read_profiles(name: str, state: Mapping[str, Any], n: int) -> list[dict[str, float]]:
    words = np.asarray(state[f"{name}_profile_words"]).tolist()
    weights = np.asarray(state[f"{name}_profile_weights"]).tolist()
    ends = np.cumsum(np.asarray(state[f"{name}_profile_lengths"])).tolist()
    starts = [0, *ends[:-1]] if n else []
    return [
        dict(zip(words[start:end], weights[start:end], strict=True))
        for start, end in zip(starts, ends, strict=True)
    ]


def _of_reference(reference: Reference) -> dict[str, Any]:
    return {
        "reference_posts": reference.n_posts,
        "reference_bar": reference.bar,
        "reference_middle": reference.middle,
        "reference_other_share": reference.other_share,
        "reference_words": _texts(list(reference.shares)),
        "reference_shares": np.array(list(reference.shares.values()), np.float64),
        "reference_too_common": _texts(sorted(reference.too_common)),
    }


def _read_reference(state: Mapping[str, Any]) -> Reference:
    words = np.asarray(state["reference_words"]).tolist()
    shares = np.asarray(state["reference_shares"]).tolist()
    return Reference(
        n_posts=int(state["reference_posts"]),
        bar=float(state["reference_bar"]),
        middle=float(state["reference_middle"]),
        other_share=float(state["reference_other_share"]),
        shares=dict(zip(words, shares, strict=True)),
        too_common=frozenset(np.asarray(state["reference_too_common"]).tolist()),
    )


def _of_pool(pool: Pool) -> dict[str, Any]:
    return {
        **{f"pool_entry_{name}": values for name, values in pool.entries._asdict().items()},
        "pool_words": _texts(pool.words),
        "pool_post_ids": pool.post_ids,
        "pool_night": pool.night,
        "pool_nights": pool.nights,
        "pool_read": pool.read,
    }


def _read_pool(state: Mapping[str, Any]) -> Pool:
    return Pool(
        entries=Entries(*(np.asarray(state[f"pool_entry_{name}"]) for name in Entries._fields)),
        words=np.asarray(state["pool_words"]).tolist(),
        post_ids=np.asarray(state["pool_post_ids"]),
        night=np.asarray(state["pool_night"]),
        nights=np.asarray(state["pool_nights"]),
        read=np.asarray(state["pool_read"]),
    )


def _of_candidates(candidates: Sequence[Candidate]) -> dict[str, Any]:
    return {
        "candidate_numbers": np.array([c.number for c in candidates], np.int64),
        "candidate_nights_seen": np.array([c.nights_seen for c in candidates], np.int64),
        **_profiles("candidate", [c.profile for c in candidates]),
    }


def _read_candidates(state: Mapping[str, Any]) -> list[Candidate]:
    numbers = np.asarray(state["candidate_numbers"]).tolist()
    seen = np.asarray(state["candidate_nights_seen"]).tolist()
    profiles = _read_profiles("candidate", state, len(numbers))
    nowhere = np.empty(0, dtype=np.int64)
    return [
        Candidate(number=number, profile=profile, rows=nowhere, nights_seen=nights)
        for number, nights, profile in zip(numbers, seen, profiles, strict=True)
    ]

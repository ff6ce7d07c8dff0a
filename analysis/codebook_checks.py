"""What is doubtful about a codebook, and what a change of it means for what was coded before.

A codebook that can be read may still be hard to code by; what is found here is said as advice. A
change under an unchanged version is refused, since codings say by which version they were made.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import combinations

from analysis.codebook import Codebook, CodebookError, Frame

ALIKE = 0.75
"""Definitions that share more of their words in order are taken for nearly the same."""

_WORD = re.compile(r"[\w']+")
_NAMED_FRAME = re.compile(r"\(([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\)")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that can be coded by but should be looked at: where it stands, and what to do."""

    where: str
    advice: str


def doubts_of(codebook: Codebook) -> list[Doubt]:
    """Return what is doubtful within one version of a codebook."""
    return [*_of_frames(codebook), *_of_pairs(codebook)]


def _of_frames(codebook: Codebook) -> Iterator[Doubt]:
    for number, frame in enumerate(codebook.frames):
        place = f"frames[{number}] ({frame.key})"
        if not frame.exclude:
            yield Doubt(f"{place}.exclude", "is missing; say what coders might take for it")
        if not frame.plain:
            yield Doubt(f"{place}.plain", "is missing; say it for people who are no researchers")
        if not frame.examples:
            yield Doubt(f"{place}.examples", "are missing; invent a post that expresses it")
        for text in sorted({*frame.include} & {*frame.exclude}):
            yield Doubt(f"{place}.exclude", f"says {text!r}, which is included too; keep one")
        for name in _NAMED_FRAME.findall(" ".join((*frame.include, *frame.exclude))):
            if name not in codebook.keys:
                yield Doubt(place, f"names {name}, which is no frame; write one of its keys")


def _of_pairs(codebook: Codebook) -> Iterator[Doubt]:
    for (one, first), (two, second) in combinations(enumerate(codebook.frames), 2):
        pair = f"frames[{one}] and frames[{two}] ({first.key}, {second.key})"
        if first.name.casefold() == second.name.casefold():
            yield Doubt(pair, f"are both called {first.name!r}; give each its own name")
        if likeness(first.definition, second.definition) >= ALIKE:
            yield Doubt(pair, "are defined in nearly the same words; say what tells them apart")


def likeness(one: str, two: str) -> float:
    """Return how much of their words two texts share in order, 0 to 1.

    Twice the matching words over all words (Ratcliff and Metzener 1988), whichever comes first.
    """
    a, b = (_WORD.findall(text.lower()) for text in sorted((one, two)))
    return SequenceMatcher(None, a, b, autojunk=False).ratio()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a version of a codebook changed since the one before.

    Attributes
    ----------
    added, removed : tuple of str
        Keys of frames.
    redefined : tuple of str
        Keys of frames whose definition, includes or excludes changed: their earlier codings do not
        count, unless `since` says so.
    renamed : mapping of str to str
        Keys that seem to have been given another name: codings stay under the earlier key.
    reworded : tuple of str
        Keys of frames of which something else changed.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    redefined: tuple[str, ...]
    renamed: Mapping[str, str]
    reworded: tuple[str, ...]


def change_between(before: Codebook, after: Codebook) -> Change:
    """Return what changed from one version to a later one."""
    old = {frame.key: frame for frame in before.frames}
    new = {frame.key: frame for frame in after.frames}
    removed = tuple(key for key in old if key not in new)
    added = tuple(key for key in new if key not in old)
    both = [key for key in new if key in old]
    return Change(
        added=added,
        removed=removed,
        redefined=tuple(key for key in both if new[key].meaning != old[key].meaning),
        renamed={
            key: successor
            for key in removed
            if (successor := _successor(old[key], [new[other] for other in added]))
        },
        reworded=tuple(
            key
            for key in both
            if new[key].meaning == old[key].meaning
            and replace(new[key], since=None) != replace(old[key], since=None)
        ),
    )


def _successor(frame: Frame, candidates: Sequence[Frame]) -> str | None:
    """Return the added frame that says nearly what a removed one said, if one does."""
    alike = [(likeness(frame.definition, other.definition), other.key) for other in candidates]
    share, key = max(alike, default=(0.0, ""))
    return key if share >= ALIKE else None


def check_version(codebook: Codebook, stored: Sequence[Codebook]) -> None:
    """Refuse a codebook that says something else than its version was recorded to say.

    Parameters
    ----------
    codebook : Codebook
        As it is now.
    stored : sequence of Codebook
        The versions that were recorded.

    Raises
    ------
    CodebookError
        If it changed and kept its version, or went back behind a later one.
    """
    versions = {known.version: known for known in stored}
    newest = max(versions, default=0)
    known = versions.get(codebook.version)
    if known is not None and known.digest != codebook.digest:
        raise CodebookError(
            f"the codebook {codebook.name} changed ({_changed(known, codebook)}) and is still"
            f" version {codebook.version}; write version: {newest + 1} into it, and codings keep"
            " the version by which they were made"
        )
    if known is None and codebook.version < newest:
        raise CodebookError(
            f"the codebook {codebook.name} is version {codebook.version}, and version {newest} was"
            f" in use already; write version: {newest + 1} into it"
        )


def _changed(before: Codebook, after: Codebook) -> str:
    if before.name != after.name:
        return f"it was {before.name}"
    change = change_between(before, after)
    frames = [*change.added, *change.removed, *change.redefined, *change.reworded]
    return ", ".join(frames) or "its notes, its language or the order of its frames"


def counts_from(codebook: Codebook, stored: Sequence[Codebook]) -> dict[str, int]:
    """Return for each frame the earliest version whose codings count for this codebook.

    A frame's codings of earlier versions count as long as its definition, includes and excludes are
    the same in every version since; `since` in the codebook overrides that.
    """
    earlier = sorted(
        (known for known in stored if known.version < codebook.version),
        key=lambda known: known.version,
        reverse=True,
    )
    return {frame.key: _counts_from(frame, codebook.version, earlier) for frame in codebook.frames}


def _counts_from(frame: Frame, version: int, earlier: Sequence[Codebook]) -> int:
    if frame.since is not None:
        return frame.since
    for known in earlier:
        same = [old for old in known.frames if old.key == frame.key]
        if not same or same[0].meaning != frame.meaning:
            return version
        version = known.version
    return version

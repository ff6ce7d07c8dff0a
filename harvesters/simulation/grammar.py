"""The hand-written sentences that simulated people draw on, read from `grammar/*.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_SLOT = re.compile(r"\{(\w+)\}")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with slots: `literals[0] slots[0] literals[1] … literals[-1]`."""

    literals: tuple[str, ...]
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voices:
    """The same thing said of one's own life and said of the matter."""

    personal: tuple[Template, ...]
    general: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class TopicWords:
    """What posts of one topic are made of."""

    things: tuple[str, ...]
    titles: tuple[Template, ...]
    headlines: tuple[Template, ...]
    sentences: Voices


@dataclass(frozen=True, slots=True)
class Grammar:
    """Every template, by what it is for; `talk` are sentences of no topic and no frame."""

    frames: Mapping[str, Voices]
    topics: Mapping[str, TopicWords]
    slots: Mapping[str, tuple[str, ...]]
    talk: Mapping[str, tuple[Template, ...]]
    handles: tuple[tuple[str, ...], tuple[str, ...]]
    names: tuple[tuple[str, ...], tuple[str, ...]]


@cache
def load_grammar() -> Grammar:
    """Read the grammar that lies beside this module."""
    frames, topics, talk = (_read(name) for name in ("frames", "topics", "talk"))
    slots, handles, names = talk.pop("slots"), talk.pop("handles"), talk.pop("names")
    return Grammar(
        frames={name: _voices(entry) for name, entry in frames.items()},
        topics={name: _topic(entry) for name, entry in topics.items()},
        slots={name: tuple(fillers) for name, fillers in slots.items()},
        talk={name: _templates(lines) for name, lines in talk.items()},
        handles=(tuple(handles["first"]), tuple(handles["second"])),
        names=(tuple(names["first"]), tuple(names["last"])),
    )


def parse_template(line: str) -> Template:
    """Split a line at its slots."""
    parts = _SLOT.split(line)
    return Template(literals=tuple(parts[::2]), slots=tuple(parts[1::2]))


def _read(name: str) -> dict[str, Any]:
    resource = files("harvesters.simulation") / "grammar" / f"{name}.yaml"
    content = yaml.load(resource.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 # safe
    if not isinstance(content, dict):
        raise TypeError(f"grammar/{name}.yaml holds no mapping; install valuetalk again")
    return content


def _templates(lines: str) -> tuple[Template, ...]:
    return tuple(parse_template(line) for line in lines.splitlines() if line.strip())


def _voices(entry: Mapping[str, str]) -> Voices:
    return Voices(_templates(entry["personal"]), _templates(entry["general"]))


def _topic(entry: Mapping[str, Any]) -> TopicWords:
    return TopicWords(
        things=tuple(entry["things"]),
        titles=tuple(parse_template(line) for line in entry["titles"]),
        headlines=tuple(parse_template(line) for line in entry["headlines"]),
        sentences=_voices(entry),
    )

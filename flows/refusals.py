"""Why a settings file is refused: pydantic's findings as sentences that say what to write instead.

Each sentence begins with the dotted key, in which a source stands by its name:
`sources.a_forum.url`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

Location = tuple[int | str, ...]

_LONGEST_SHOWN = 40
_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table",
    "model_type": "a table of its own",
}


def problems_of(
    error: ValidationError, data: Mapping[str, Any], model: type[BaseModel]
) -> list[str]:
    """Return one sentence for each setting that is wrong, in the order of the file.

    Parameters
    ----------
    error : ValidationError
        What pydantic found in `data`.
    data : mapping
        The file as read.
    model : type of BaseModel
        What `data` should have been.
    """
    sentences: dict[str, str] = {}
    for found in error.errors(include_url=False):
        place = _without_union(found["loc"])
        key = dotted(place, data)
        sentences.setdefault(key, f"{key} {_complaint(found, place, model)}")
    return list(sentences.values())


def dotted(place: Sequence[int | str], data: Mapping[str, Any]) -> str:
    """Return a place in the file as people write it; a source is named, or counted from 1."""
    parts: list[str] = []
    here: Any = data
    for step in place:
        here = _inside(here, step)
        if isinstance(step, str):
            parts.append(step)
            continue
        name = here.get("name") if isinstance(here, dict) and parts == ["sources"] else None
        parts += [name] if isinstance(name, str) and name else []
        parts[-1] += "" if name else f"[{step + 1}]"
    return ".".join(parts)


def closest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that `word` most likely stands for, if any is near."""
    return next(iter(get_close_matches(word.lower(), known, n=1, cutoff=0.6)), None)


def _inside(here: Any, step: int | str) -> Any:
    try:
        return here[step]
    except (KeyError, IndexError, TypeError):
        return None


def _without_union(place: Location) -> Location:
    """Cut the alternative that pydantic tried for a value of the free table `options`."""
    if "options" in place:
        return place[: place.index("options") + 2]
    return place


def _complaint(found: ErrorDetails, place: Location, model: type[BaseModel]) -> str:
    kind, context = found["type"], found.get("ctx", {})
    field = _field_at(place, model)
    if kind == "extra_forbidden":
        return _unknown_key(place, model)
    if kind == "missing":
        return f"is missing{_write(place, field)}"
    if "options" in place and kind in _KINDS:
        return "must be text, a number, true or false"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {_shown(found['input'])}{_write(place, field)}"
    if kind == "literal_error":
        return f"must be {context['expected']}, not {_shown(found['input'])}"
    if kind in {"greater_than_equal", "less_than_equal"}:
        bound = "at least" if "ge" in context else "at most"
        return f"must be {bound} {context.get('ge', context.get('le'))}, not {found['input']}"
    if kind == "value_error":
        return str(context["error"])
    return f"is not right: {found['msg'].lower()}{_write(place, field)}"


def _unknown_key(place: Location, model: type[BaseModel]) -> str:
    owner = _model_at(place[:-1], model)
    known = sorted(owner.model_fields) if owner else []
    word = str(place[-1])
    if near := closest(word, known):
        return f"is not a setting; did you mean {near}?"
    for section, field in model.model_fields.items():
        home = _model_of(field)
        if home is not None and section != "sources" and word in home.model_fields:
            return f"is not a setting here; {word} belongs under [{section}]"
    return f"is not a setting; what can stand here is {', '.join(known)}"


def _write(place: Location, field: FieldInfo | None) -> str:
    example = _example(field)
    if example is None or not isinstance(place[-1], str):
        return ""
    return f"; write for example {place[-1]} = {json.dumps(example, ensure_ascii=False)}"


def _example(field: FieldInfo | None) -> Any:
    if field is None:
        return None
    if field.examples:
        return field.examples[0]
    default = field.get_default(call_default_factory=False)
    plain = isinstance(default, str | int | float | bool)
    return default if plain and default is not PydanticUndefined else None


def _shown(value: Any) -> str:
    """Return a short value as it stands in TOML; a long one is only named by its type."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else "what stands there"


def _field_at(place: Location, model: type[BaseModel]) -> FieldInfo | None:
    names = [step for step in place if isinstance(step, str)]
    owner = _model_at(tuple(names[:-1]), model) if names else None
    return owner.model_fields.get(names[-1]) if owner else None


def _model_at(place: Location, model: type[BaseModel]) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for step in place:
        if isinstance(step, int) or here is None:
            continue
        field = here.model_fields.get(step)
        here = _model_of(field) if field else None
    return here


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    return next(_models_in(field.annotation), None)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)

"""The public tables inside the page: compact JSON that closes no tag and needs no request."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

SIGNIFICANT = 6
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def embed(tables: Mapping[str, pa.Table]) -> str:
    """Return the tables as JSON for a script element, in the order of their names.

    A table is `{"columns": [...], "data": [...]}`; a column is a list of values, or, where values
    repeat, `{"of": [distinct values], "at": [positions]}`. Numbers have six significant digits.
    """
    held = {
        name: {
            "columns": tables[name].column_names,
            "data": [_column(c.to_pylist()) for c in tables[name].columns],
        }
        for name in sorted(tables)
    }
    text = json.dumps(held, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def _column(values: Sequence[object]) -> object:
    plain = [_plain(value) for value in values]
    distinct = list(dict.fromkeys(plain))
    if len(distinct) * 2 > len(plain):
        return plain
    places = {value: place for place, value in enumerate(distinct)}
    return {"of": distinct, "at": [places[value] for value in plain]}


def _plain(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _short(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "; ".join(str(item) for item in value)  # as in the released CSV


def _short(value: float) -> float | int | None:
    # NaN is no number of JSON, and in a table it means that there is none
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124
        return None
    rounded = float(f"{value:.{SIGNIFICANT}g}")
    return int(rounded) if rounded.is_integer() else rounded

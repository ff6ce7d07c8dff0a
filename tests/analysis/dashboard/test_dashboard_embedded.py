"""The tables inside the page: what a reader saves is what was published."""

import json
from datetime import date

import pyarrow as pa
import pytest

from analysis.dashboard.embedded import embed


def unfolded(held: dict[str, object]) -> list[dict[str, object]]:
    columns = []
    for column in held["data"]:
        whole = column if isinstance(column, list) else [column["of"][i] for i in column["at"]]
        columns.append(whole)
    return [dict(zip(held["columns"], row, strict=True)) for row in zip(*columns, strict=True)]


def plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-6)
    return "; ".join(value) if isinstance(value, list) else value


def test_every_value_of_every_table_is_there(tables: dict[str, pa.Table]) -> None:
    held = json.loads(embed(tables))
    assert list(held) == sorted(tables)
    for name, table in tables.items():
        wanted = [{k: plain(v) for k, v in row.items()} for row in table.to_pylist()]
        assert unfolded(held[name]) == wanted, name


def test_numbers_keep_six_digits_and_what_is_no_number_is_none() -> None:
    table = pa.table({"x": [1 / 3, 1e-9, float("nan"), float("inf"), -2.0]})
    [column] = json.loads(embed({"t": table}))["t"]["data"]
    assert column == [pytest.approx(1 / 3, rel=1e-6), 1e-9, None, None, -2]


def test_no_text_closes_the_script() -> None:
    table = pa.table({"x": ["</script><!--", "\u2028\u202e & <b>"]})
    text = embed({"t": table})
    assert not set(text) & set("<>&\u2028\u202e")
    assert json.loads(text)["t"]["data"] == [["</script><!--", "\u2028\u202e & <b>"]]


def test_zero_and_false_stay_apart() -> None:
    table = pa.table({"n": pa.array([0, 1, 0, 1]), "yes": pa.array([False, True, False, True])})
    n, yes = json.loads(embed({"t": table}))["t"]["data"]
    assert n == {"of": [0, 1], "at": [0, 1, 0, 1]}
    assert yes == {"of": [False, True], "at": [0, 1, 0, 1]}

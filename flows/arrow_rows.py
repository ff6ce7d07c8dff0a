"""Rows for the warehouse as Arrow tables, built from arrays, lists and repeated values."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa


def arrow_rows(columns: Mapping[str, Any]) -> pa.Table:
    """Return a table of columns of equal length."""
    return pa.table(dict(columns))


def repeated(value: str, n: int) -> Any:
    """Return a text column that says the same `n` times."""
    return pa.array([value], pa.string()).take(small(np.zeros(n)))


def small(values: Any) -> Any:
    """Return a column of 32-bit integers."""
    return pa.array(np.asarray(values, dtype=np.int32))


def nullable(values: Any) -> Any:
    """Return a column of floats in which NaN is null."""
    return pa.array(np.asarray(values, dtype=np.float64), from_pandas=True)


def days(values: Sequence[date | None]) -> Any:
    """Return a column of dates."""
    return pa.array(values, pa.date32())


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """Return the table with a column put in place of the one of that name, or added."""
    index = table.schema.get_field_index(name)
    if index < 0:
        return table.append_column(name, values)
    return table.set_column(index, name, values)


def values_of(table: pa.Table, name: str) -> Any:
    """Return a column as a numpy array."""
    return table[name].to_numpy(zero_copy_only=False)


def list_of(table: pa.Table, name: str) -> list[Any]:
    """Return a column as a list."""
    return table[name].to_pylist()


def coded(table: pa.Table, name: str) -> Any:
    """Return a number for each distinct value of a column; null is -1."""
    encoded = table[name].combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)

"""Checks of what the statistics are given: shapes, signs and labels, each refused in a sentence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def counts_of(values: ArrayLike, name: str, *, length: int | None = None) -> Floats:
    """Return counts as one row of floats.

    Raises
    ------
    ValueError
        Where they are no single row, are not as many as `length`, or one is negative or missing.
    """
    counts = np.asarray(values, dtype=np.float64)
    if counts.ndim != 1:
        raise ValueError(f"{name} has the shape {counts.shape}; give one row of counts")
    if length is not None and len(counts) != length:
        raise ValueError(f"{name} holds {len(counts)} counts; give {length}")
    if len(counts) and not counts.min() >= 0:
        raise ValueError(f"{name} holds a count that is negative or missing; counts start from 0")
    return counts


def total_of(value: float, name: str) -> float:
    """Return a total of tokens, which is not negative."""
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} is {value}; give a number of tokens, from 0")
    return float(value)


def confidence_of(value: float) -> float:
    """Return the confidence of an interval, within (0, 1)."""
    if not 0 < value < 1:
        raise ValueError(f"confidence is {value}; give a share between 0 and 1, such as 0.95")
    return float(value)


def table_of(counts: Any, name: str = "counts") -> csr_array:
    """Return counts (n_rows, n_words) as a sparse table without stored zeros.

    Dense tables and single columns of one word are taken too; what is given is never changed.
    """
    given: Any = counts if issparse(counts) else _dense(counts, name)
    table: csr_array = csr_array(given)
    if table.dtype != np.float64:
        table = csr_array(table.astype(np.float64))
    if not table.has_canonical_format or (table.nnz and not table.data.all()):
        table = csr_array(table, copy=True)
        table.sum_duplicates()
        table.eliminate_zeros()
    if table.nnz and not table.data.min() > 0:
        raise ValueError(f"{name} holds a count that is negative or missing; counts start from 0")
    return table


def _dense(counts: Any, name: str) -> Floats:
    dense = np.asarray(counts, dtype=np.float64)
    dense = dense[:, None] if dense.ndim == 1 else dense
    if dense.ndim != 2:  # noqa: PLR2004 # rows and columns
        raise ValueError(f"{name} has {dense.ndim} dimensions; give posts by words")
    return dense


def labels_of(values: ArrayLike, name: str, *, length: int) -> Integers:
    """Return integer labels, one for each row."""
    labels = np.asarray(values)
    if labels.shape != (length,):
        raise ValueError(f"{name} has the shape {labels.shape}; give {length} integers, one a row")
    return labels.astype(np.int64)


def cluster_codes(clusters: Sequence[ArrayLike], *, length: int) -> tuple[Integers, ...]:
    """Return each way of clustering as codes from 0; a negative label is a cluster of its own.

    Without any, each row is a cluster.

    Raises
    ------
    ValueError
        Where more than two ways are given, or labels are not one for each row.
    """
    if len(clusters) > 2:  # noqa: PLR2004 # author and thread
        raise ValueError(f"{len(clusters)} ways of clustering are given; give two at most")
    if not clusters:
        return (np.arange(length, dtype=np.int64),)
    return tuple(codes_of(labels_of(each, "clusters", length=length)) for each in clusters)


def codes_of(labels: Integers) -> Integers:
    """Return labels as codes from 0, each negative one a code of its own."""
    unknown = labels.max(initial=0) + 1 + np.arange(len(labels))
    _, codes = np.unique(np.where(labels < 0, unknown, labels), return_inverse=True)
    return codes.astype(np.int64)


def both_codes(codes: Sequence[Integers]) -> Integers:
    """Return the cells in which ways of clustering cross, as codes from 0."""
    joined = codes[0]
    for each in codes[1:]:
        joined = joined * (int(each.max(initial=0)) + 1) + each
    return codes_of(joined)

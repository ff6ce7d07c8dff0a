"""Results as Arrow tables: one row a word, or a period; what has no figure is null."""

from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa


class Columns(Protocol):
    """A frozen record whose arrays all have one entry a row."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def to_arrow(result: Columns) -> pa.Table:
    """Return the arrays of a result as columns, in the order of its fields; NaN becomes null.

    Totals, which are no arrays, are left out. An infinite bound, an open end, stays infinite.
    """
    columns = {field.name: getattr(result, field.name) for field in fields(result)}
    return pa.table(
        {
            name: pa.array(values, from_pandas=True)
            for name, values in columns.items()
            if isinstance(values, np.ndarray)
        }
    )

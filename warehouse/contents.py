"""What a table holds, as two numbers: to tell whether a copy of it holds the same.

Both are found by reading every value of every row, at some seconds for a gigabyte.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Contents:
    """The number of rows, and the hashes of all rows joined by exclusive or, whatever their order.

    A row that changed, was lost or came twice changes the one or the other; only a chance of one in
    2 to the 64 hides it.
    """

    rows: int
    checksum: int

    def as_record(self) -> dict[str, object]:
        """Return both as JSON can hold them."""
        return {"rows": self.rows, "checksum": f"{self.checksum:016x}"}


def contents_of(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]
) -> Contents:
    """Read every value of a relation and return its contents.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the relation is.
    relation : str
        A table, or whatever SQL may follow FROM.
    columns : sequence of str
        Its columns, in the order of the copy that it is compared with.
    """
    listed = ", ".join(f'"{column}"' for column in columns)
    row = connection.execute(
        f"SELECT count(*), coalesce(bit_xor(hash({listed})), 0::UBIGINT) FROM {relation}"
    ).fetchone()
    assert row is not None  # noqa: S101  an aggregate without groups has one row
    return Contents(*row)

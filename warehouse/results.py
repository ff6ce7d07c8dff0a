"""Results of the analysis come in as Arrow tables and replace what they are newer than."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from warehouse.errors import WarehouseError

_COLUMNS = """
SELECT column_name, is_nullable OR column_default IS NOT NULL FROM duckdb_columns()
WHERE table_name = $table AND NOT internal AND database_name = current_database()
"""


def replace_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, *, keys: Sequence[str]
) -> int:
    """Delete the rows of `table` whose keys are among those of `rows`, then insert `rows`.

    Nulls in keys are equal to each other; without keys the whole table is replaced.
    """
    _check(connection, table, rows, keys)
    connection.register("incoming", rows)
    try:
        if keys:
            equal = " AND ".join(
                f"stored.{key} IS NOT DISTINCT FROM incoming.{key}" for key in keys
            )
            connection.execute(
                f"DELETE FROM {table} AS stored WHERE EXISTS (SELECT 1 FROM incoming WHERE {equal})"
            )
        else:
            connection.execute(f"DELETE FROM {table}")
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    finally:
        connection.unregister("incoming")
    return rows.num_rows


def _check(
    connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, keys: Sequence[str]
) -> None:
    optional = dict(connection.execute(_COLUMNS, {"table": table}).fetchall())
    if not optional:
        raise WarehouseError(f"there is no table {table} in the warehouse; check its name")
    given = set(rows.column_names)
    if unknown := sorted(given - set(optional)):
        raise WarehouseError(f"table {table} has no column {', '.join(unknown)}; leave it out")
    missing = [name for name, may_miss in optional.items() if not may_miss and name not in given]
    if missing or not set(keys) <= given:
        names = ", ".join([*missing, *(key for key in keys if key not in given)])
        raise WarehouseError(f"rows for table {table} lack {names}; add what is missing")

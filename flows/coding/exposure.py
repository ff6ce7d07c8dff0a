"""How much a coder is given a day: reading of distress for hours harms those who read.

Coders of accounts of self-harm, abuse and loss take on some of the distress themselves (secondary
traumatic stress), and code worse when they are tired. So what is handed out counts against a daily
number of posts, `[coding] posts_per_day`, however many sheets are asked for.
"""

from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa

from flows.coding.labels import CodingError, coder_label
from warehouse.gateway import Warehouse
from warehouse.results import replace_rows

_GIVEN = "SELECT count(*) FROM assignments WHERE coder = $coder AND assigned_on = $day"


def given_on(connection: duckdb.DuckDBPyConnection, coder: str, *, day: date) -> int:
    """Return how many posts a coder was given on a day."""
    row = connection.execute(_GIVEN, {"coder": coder_label(coder), "day": day}).fetchone()
    return int(row[0]) if row else 0


def room_left(
    connection: duckdb.DuckDBPyConnection, coder: str, *, day: date, posts_per_day: int
) -> int:
    """Return how many more posts a coder may be given on a day.

    Raises
    ------
    CodingError
        If there is no room left; the message says when there is some again.
    """
    given = given_on(connection, coder, day=day)
    if given >= posts_per_day:
        raise CodingError(
            f"coder {coder} was given {given} posts on {day}, and {posts_per_day} a day are the"
            " most that somebody is to read; hand out more tomorrow, or to another coder"
            " (the number is posts_per_day under [coding])"
        )
    return posts_per_day - given


def assign(
    warehouse: Warehouse, coder: str, posts: Mapping[int, int], *, sheet: str, day: date
) -> None:
    """Record which posts a coder was given on which sheet.

    Parameters
    ----------
    warehouse : Warehouse
        The study's.
    coder : str
        Label of who is given them.
    posts : mapping from post_id to wave
        What is given.
    sheet : str
        Name of the sheet.
    day : date
        The day that they count for.
    """
    with warehouse.transaction() as connection:
        replace_rows(
            connection,
            "assignments",
            assignment_rows(coder, posts, sheet=sheet, day=day),
            keys=["post_id", "coder", "sheet"],
        )


def assignment_rows(coder: str, posts: Mapping[int, int], *, sheet: str, day: date) -> pa.Table:
    """Return what `assign` records, for whoever records more in the same transaction."""
    n = len(posts)
    return pa.table(
        {
            "post_id": pa.array(list(posts), pa.int64()),
            "coder": pa.array([coder_label(coder)] * n, pa.string()),
            "wave": pa.array(list(posts.values()), pa.int32()),
            "sheet": pa.array([sheet] * n, pa.string()),
            "assigned_on": pa.array([day] * n, pa.date32()),
        }
    )

"""What the tests of the export gate plant in an invented study, and how they read what passes."""

from typing import Any

from tests.warehouse.invented import JANUARY, Study, insert
from warehouse.protection.gate import PublicTables

Rows = list[dict[str, Any]]
TINY = {"community": "tiny"}
CARERS = {"community": "carers", "period": JANUARY}
FEW, ONE, SMALL = "fewer_than_10_authors", "one_author_over_half", "numerator_1_to_7"
NAME = "zanthorpe"


def rows_of(tables: PublicTables, table: str, **where: Any) -> Rows:
    rows = tables.tables[table].to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in where.items())]


def everything(tables: PublicTables) -> str:
    return "\n".join(str(table.to_pylist()) for table in tables.tables.values())


def tiny_community(study: Study, n: int, **columns: Any) -> None:
    insert(
        study.connection,
        "communities",
        {"source": "forum", "community": "tiny", "name": "tiny", "tags": []},
    )
    study.add_posts(n, community="tiny", **columns)
    study.index()


def add_topic(study: Study, number: int, **columns: Any) -> None:
    row = {
        "model": "m1",
        "topic_id": number,
        "label": "wait",
        "terms": ["wait"],
        "born_on": JANUARY,
        "n_posts": 50,
        "coherence": None,
    }
    insert(study.connection, "topics", row | columns)

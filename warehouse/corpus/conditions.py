"""Conditions on posts: one SQL expression that depends on a post's columns and on nothing else."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import duckdb


class PopulationRefused(ValueError):
    """The condition of a population is not one expression over what is known of a post."""


# What these return does not depend on the post alone, so that they would make of one definition
# different populations.
INCONSTANT = frozenset(
    [
        *("now", "today", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "setseed", "random"),
        *("currval", "nextval", "current_schemas", "current_schema", "current_database"),
        *("current_connection_id", "current_query", "current_query_id", "current_transaction_id"),
        *("current_date", "current_localtime", "current_localtimestamp", "current_setting"),
        *("error", "getenv", "getvariable", "get_current_time", "get_current_timestamp"),
        *("in_search_path", "sleep_ms", "stats", "transaction_timestamp", "txid_current"),
        *("write_log", "version"),
    ]
)
_MORE_THAN_AN_EXPRESSION = frozenset({"SUBQUERY", "WINDOW", "PARAMETER", "STAR"})


def columns_named(
    connection: duckdb.DuckDBPyConnection, where: str, *, known: Collection[str]
) -> frozenset[str]:
    """Return which of the known columns a condition names.

    Raises
    ------
    PopulationRefused
        If it is more than one expression over these, or changes from one reading to the next.
    """
    names: set[str] = set()
    own: set[str] = set()
    for part in _parts(_expression(connection, where)):
        _check_part(part)
        names.update(name.lower() for name in part.get("column_names", ()))
        if part["class"] == "LAMBDA":
            own.update(name.lower() for of in _parts(part["lhs"]) for name in of["column_names"])
    if unknown := names - own - set(known) - {"posts"}:
        people = "no query is about one person; " if "author_key" in unknown else ""
        raise PopulationRefused(
            f"a condition cannot name {', '.join(sorted(unknown))}: {people}it may name"
            f" {', '.join(known)}"
        )
    return frozenset(names & set(known))


def check_binds(connection: duckdb.DuckDBPyConnection, posts: str, where: str) -> None:
    """Refuse a condition that is no yes or no of a row of the query `posts`.

    Raises
    ------
    PopulationRefused
        With what the database says of it.
    """
    try:
        connection.execute(f"EXPLAIN SELECT 1 FROM ({posts}) AS posts WHERE (\n{where}\n)")
        told = connection.execute(f"SELECT (\n{where}\n) FROM ({posts}) AS posts LIMIT 0")
    except duckdb.Error as error:
        raise unreadable(error) from None
    kind = str(told.description[0][1])
    if kind != "BOOLEAN":
        raise PopulationRefused(f"the condition is of type {kind}, not true or false; compare it")


def unreadable(error: duckdb.Error) -> PopulationRefused:
    """Return the refusal of a condition that the database cannot make sense of."""
    return PopulationRefused(
        f"the condition cannot be read: {str(error).strip().splitlines()[0]}; correct it"
    )


def _expression(connection: duckdb.DuckDBPyConnection, where: str) -> dict[str, Any]:
    """Return the parsed expression; refuse what would be more when it stands in a query."""
    typed, plain = (_parsed(connection, text) for text in (where, "true"))
    if typed["error"]:
        raise PopulationRefused(f"the condition is not SQL: {typed['error_message']}; correct it")
    nodes = [statement["node"] for parsed in (typed, plain) for statement in parsed["statements"]]
    chosen = [node.pop("select_list", []) for node in nodes]
    if len(chosen[0]) != 1 or nodes[0] != nodes[-1]:
        raise PopulationRefused(
            "the condition is more than one expression; write one, with AND and OR"
        )
    expression: dict[str, Any] = chosen[0][0]
    return expression


def _parsed(connection: duckdb.DuckDBPyConnection, where: str) -> dict[str, Any]:
    row = connection.execute(
        "SELECT json_serialize_sql($query)", {"query": f"SELECT (\n{where}\n)"}
    ).fetchone()
    parsed: dict[str, Any] = json.loads(row[0]) if row else {}
    return parsed


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every expression of a parsed statement."""
    if isinstance(node, list):
        for item in node:
            yield from _parts(item)
    elif isinstance(node, dict):
        if "class" in node:
            yield node
        for value in node.values():
            yield from _parts(value)


def _check_part(part: Mapping[str, Any]) -> None:
    kind, function = part["class"], str(part.get("function_name", "")).lower()
    if kind in _MORE_THAN_AN_EXPRESSION:
        raise PopulationRefused(
            f"the condition has a {kind.lower()}; write an expression over one post's columns"
        )
    if function in INCONSTANT:
        raise PopulationRefused(
            f"{function}() changes from one reading to the next; write the value itself"
        )

"""A researcher's process: holds the releases of a home open, and asks the same again and again.

    python release_reader.py HOME

A line `count` prints, as JSON, how often it has asked and the different answers it got; `reopen`
opens what is newest. It ends with its input.
"""

import json
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

ASKED = {
    "controlled/latest/discourse.duckdb": (
        "SELECT (SELECT count(*) FROM posts), (SELECT sum(hash(own_text)) FROM posts),"
        " (SELECT count(*) FROM token_stream), (SELECT count(*) FROM kwic('the', lines := 50)),"
        " (SELECT count(*) FROM runs)"
    ),
    "public/latest/trends.duckdb": "SELECT count(*), count(estimate) FROM frame_prevalence",
}


def open_all(home: Path) -> dict[str, duckdb.DuckDBPyConnection]:
    return {name: duckdb.connect(home / name, read_only=True) for name in ASKED}


def answers(opened: dict[str, duckdb.DuckDBPyConnection]) -> tuple[str, ...]:
    return tuple(str(opened[name].execute(sql).fetchall()) for name, sql in ASKED.items())


def lines_or_nothing() -> Iterator[str | None]:
    """Yield each line of the input, and None whenever there is none yet."""
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], 0.05)
        if not ready:
            yield None
        elif line := sys.stdin.readline():
            yield line.strip()
        else:
            return


def main() -> None:
    home = Path(sys.argv[1])
    opened = open_all(home)
    heard, n_asked = {answers(opened)}, 1
    for line in lines_or_nothing():
        if line == "reopen":
            for connection in opened.values():
                connection.close()
            opened, heard, n_asked = open_all(home), set(), 0
        heard.add(answers(opened))
        n_asked += 1
        if line is not None:
            print(json.dumps({"asked": n_asked, "heard": sorted(heard)}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

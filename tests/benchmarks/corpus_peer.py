"""The same questions asked of pycorpdiff, the nearest library of its kind, on a sample for both.

It holds a corpus in memory and reads it anew at every start; both sides are therefore measured from
the file on, and question by question.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.real_servers.environments import environment

PEER = ("pycorpdiff==0.1.0a27",)
SAMPLE = 20_000
NODE = "recovery"
_SAMPLE = """
COPY (
    SELECT post_id, community, created_at, title, body FROM read_parquet($file)
    ORDER BY md5(post_id) LIMIT $n
) TO '{place}' (FORMAT parquet)
"""
_LARGEST = "SELECT community FROM read_parquet($file) GROUP BY ALL ORDER BY count(*) DESC LIMIT 1"

_QUESTIONS = """
import json, resource, sys
import pandas as pd
import pycorpdiff

def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime

def timed(call):
    before = cpu()
    result = call()
    return result, cpu() - before

file, node, community = sys.argv[1:]
frame = pd.read_parquet(file)
frame["text"] = frame["title"].fillna("") + "\\n" + frame["body"].fillna("")
frame["side"] = (frame["community"] == community).map({True: "target", False: "rest"})
found = {}
corpus, found["read"] = timed(lambda: pycorpdiff.from_dataframe(frame[["text", "side"]]))
_, found["tokens"] = timed(corpus.total_tokens)
_, found["kwic"] = timed(lambda: pycorpdiff.kwic(corpus, node, window=8, n=100))
tokens = corpus.tokens()
_, found["collocates"] = timed(
    lambda: pycorpdiff.collocation.collocate_counts(tokens, node, window=5)
)
sides = corpus.slice(side="target"), corpus.slice(side="rest")
_, found["keyness"] = timed(lambda: pycorpdiff.compare(*sides).keyness())
found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(found))
"""


def compare_with_peer(
    file: Path,
    folder: Path,
    *,
    ask: Callable[[Path, str], dict[str, float]],
) -> None:
    """Print what both need for one sample.

    Parameters
    ----------
    ask : callable
        Imports a file and asks our side the questions of a node and a community; returns CPU
        seconds by question.
    """
    sample = folder / "sample.parquet"
    with duckdb.connect() as connection:
        values = {"file": str(file), "n": SAMPLE}
        connection.execute(_SAMPLE.format(place=sample), values)
        row = connection.execute(_LARGEST, {"file": str(sample)}).fetchone()
    assert row is not None
    community = str(row[0])
    python = environment("pycorpdiff", PEER)
    command = [python, "-c", _QUESTIONS, str(sample), NODE, community]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    theirs: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    ours = ask(sample, community)
    sys.stdout.write(f"\n{SAMPLE:,} posts, CPU seconds      valuetalk   pycorpdiff\n")
    for question in ("read", "tokens", "kwic", "collocates", "keyness", "peak_mb"):
        own = f"{ours[question]:.3f}" if question in ours else "-"
        sys.stdout.write(f"{question:28} {own:>12} {theirs[question]:>12.3f}\n")

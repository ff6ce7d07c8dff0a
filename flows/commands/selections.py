"""What every corpus command shares: which posts it asks about, and how its answer is given.

Each command asks a `Corpus` over the posts that `--where`, `--corpus` and `--duplicates` select,
and prints the table, or writes it for the person whom `--to` names.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from flows.commands import exports, layout, output, session

if TYPE_CHECKING:
    import pyarrow as pa

    from flows.corpus import Corpus, Population
    from warehouse.home import Home

Choice = TypeVar("Choice", bound=str)

PANEL = "Corpus"
_LONG_SECONDS = 2.0
_FURTHEST = 10_000  # words
_HIGHEST_SEED = 1_000_000_000

NodeArgument = Annotated[
    str,
    typer.Argument(
        metavar="WORD|QUERY",
        help='A word, a pattern such as recover*, or a query such as \'"peer" [] "support"\'.',
    ),
]
WhereOption = Annotated[
    str,
    typer.Option(
        "--where",
        metavar="SQL",
        help="Only posts for which this holds, such as \"role = 'carers' AND year = 2024\".",
        show_default=False,
    ),
]
SavedOption = Annotated[
    str | None,
    typer.Option("--corpus", metavar="NAME", help="Only posts of this saved sub-corpus."),
]
DuplicatesOption = Annotated[
    bool,
    typer.Option(
        "--duplicates/--no-duplicates", help="Count copies of earlier posts too, or each text once."
    ),
]
WidthOption = Annotated[
    int, typer.Option(min=1, max=_FURTHEST, help="Words of context on each side.")
]
LinesOption = Annotated[int, typer.Option(min=1, help="Most lines, drawn at random.")]
SeedOption = Annotated[int, typer.Option(min=0, max=_HIGHEST_SEED, help="Seed of the draw.")]
SpanOption = Annotated[
    int, typer.Option(min=1, max=_FURTHEST, help="Words on each side that count as near.")
]
SideOption = Annotated[
    str, typer.Option("--side", metavar="both|left|right", help="On which side of the word.")
]
LeastOption = Annotated[int, typer.Option("--least", min=1, help="Places near that a word needs.")]
MostOption = Annotated[int, typer.Option("--most", min=1, help="Most rows.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which posts a command asks about, as it was told."""

    where: str = ""
    saved: str | None = None
    duplicates: bool = False

    def described(self) -> str:
        """Return the selection as options, to stand after a command's name in a record."""
        parts = [f" --corpus {self.saved}"] if self.saved else []
        parts += [f" --where {self.where.strip()}"] if self.where.strip() else []
        parts += [" --duplicates"] if self.duplicates else []
        return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where an answer goes: to the screen, as a table or JSON, or to a person as a file."""

    home: Path | None
    as_json: bool
    to: str | None
    names: bool | None

    def __post_init__(self) -> None:
        """Refuse `--names` where no file is written, and `--json` where one is."""
        exports.check_names(self.names, to=self.to)
        if self.as_json and self.to is not None:
            raise session.WrongUse("a file for somebody is CSV: leave --json out, or --to")

    def give(self, rows: pa.Table, *, what: str, shown: Sequence[str] = ()) -> None:
        """Print rows, or write them for a person.

        Parameters
        ----------
        rows : pyarrow.Table
        what : str
            The command and its question, for the record.
        shown : sequence of str
            Columns of a printed table, the most telling first; JSON and files have all of them.
        """
        if self.to is not None:
            exports.hand_over(self.home, rows, to=self.to, what=what, names=self.names)
            return
        names = rows.column_names
        if self.as_json:
            output.print_rows(rows.to_pylist(), columns=names, form="json")
            return
        columns = list(shown) or names
        layout.print_answer(rows.select(columns).to_pylist(), columns=columns)


@contextmanager
def asked(
    home: Path | None, selection: Selection, *, saying: str = ""
) -> Iterator[tuple[Corpus, Population]]:
    """Open the release, with the posts of a selection; what cannot be read is wrong use.

    Parameters
    ----------
    home : Path, optional
        The study's folder, as `--home` names it.
    selection : Selection
    saying : str
        What a terminal shows while it takes long.
    """
    from flows.corpus import Corpus

    study = session.find_study(home)
    with Corpus.open(study.root) as corpus, patiently(saying), _plainly(study):
        within = corpus.population(
            selection.where, saved=selection.saved, duplicates=selection.duplicates
        )
        yield corpus, within


@contextmanager
def _plainly(study: Home) -> Iterator[None]:
    """Say in one sentence why a question has no answer; Ctrl-C is one reason."""
    import duckdb

    from flows.asking import was_interrupted
    from flows.released import DATABASE_NAME
    from warehouse.corpus.concordance import SortRefused
    from warehouse.corpus.hits import PatternRefused
    from warehouse.corpus.population import PopulationRefused
    from warehouse.errors import clear_errors

    try:
        with clear_errors(study.controlled / DATABASE_NAME):
            yield
    except (PopulationRefused, PatternRefused, SortRefused) as error:
        raise session.WrongUse(str(error)) from None
    except duckdb.OutOfMemoryException:
        raise session.CommandError(
            "the question needs more memory than it may take; ask about fewer posts with --where"
        ) from None
    except (KeyboardInterrupt, RuntimeError) as error:
        if not was_interrupted(error):
            raise
        raise session.CommandError("the question was stopped; it has changed nothing") from None


@contextmanager
def patiently(saying: str) -> Iterator[None]:
    """Show on a terminal what goes on, once it takes long; in a pipe nothing."""
    from rich.console import Console

    console = Console(stderr=True)
    if not saying or not console.is_terminal:
        yield
        return
    status = console.status(f"{saying}; Ctrl-C stops it")
    timer = threading.Timer(_LONG_SECONDS, status.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def say_counts(corpus: Corpus, node: str, within: Population) -> bool:
    """Say on standard error how often a node stands, and where it does not, what is near it.

    Returns whether it stands anywhere.
    """
    (counts,) = corpus.count(node, within=within).to_pylist()
    n_hits, n_posts = counts["n_hits"], counts["n_posts"]
    every = (counts["n_hits_with_duplicates"], counts["n_posts_with_duplicates"])
    if not every[0]:
        typer.echo(_nothing(corpus, node, within), err=True)
        return False
    typer.echo(
        f"{n_hits:,} hits in {n_posts:,} posts, each text once;"
        f" {every[0]:,} in {every[1]:,} with duplicates.",
        err=True,
    )
    return bool(every[0] if within.include_duplicates else n_hits)


def say_sizes(corpus: Corpus, within: Population, *, what: str) -> None:
    """Say on standard error how many words, posts, people and copies a selection has."""
    (size,) = corpus.sizes(within).to_pylist()
    wide = replace(within, include_duplicates=True)
    n_copies = corpus.sizes(wide)["n_posts"][0].as_py() - size["n_posts"]
    copies = f"; {n_copies:,} copies of texts are left out" if n_copies else ""
    typer.echo(
        f"{what}: {size['n_words']:,} words in {size['n_posts']:,} posts of {size['n_authors']:,}"
        f" known authors{copies}.",
        err=True,
    )


def one_of(name: str, value: str, choices: Sequence[Choice]) -> Choice:
    """Return the choice that an option names; raises `WrongUse`."""
    for choice in choices:
        if choice == value:
            return choice
    raise session.WrongUse(f"{name} {value} is not one of {', '.join(choices)}")


def _nothing(corpus: Corpus, node: str, within: Population) -> str:
    """Return what to say where a node stands nowhere."""
    from flows.corpus.nodes import is_query

    of_them = " of this selection" if within.where.strip() else ""
    if is_query(node):
        return f"No released post{of_them} has a match of that query."
    sentence = f"No released post{of_them} has that word"
    if of_them and corpus.count(node)["n_hits"][0].as_py():
        return f"{sentence}; others have it."
    if near := corpus.near_spellings(node):
        return f"{sentence}; did you mean {' or '.join(near)}?"
    return f"{sentence}; give one word as it is written, or a pattern such as {node[:4]}*."

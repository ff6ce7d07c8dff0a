"""`valuetalk trend`: how often a word stands in each period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands import exports, selections, session

if TYPE_CHECKING:
    from flows.corpus.timeline import Timeline

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def trend(
    node: selections.NodeArgument,
    home: session.HomeOption = None,
    *,
    bin_: Annotated[
        str, typer.Option("--bin", metavar="week|month|year", help="Calendar periods, in UTC.")
    ] = "month",
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    duplicates: selections.DuplicatesOption = False,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show how often a word stands per million words in each period, with intervals.

    Example: valuetalk trend co-produc* --bin year
    """
    from flows.corpus.timeline import BINS

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    bins = selections.one_of("--bin", bin_, BINS)
    with selections.asked(home, chosen, saying="Counting by period") as (corpus, within):
        selections.say_counts(corpus, node, within)
        found = corpus.timeline(node, bin=bins, within=within)
    delivery.give(found.periods, what=f"trend {node} --bin {bins}{chosen.described()}")
    _say_change(found, bins)


def _say_change(found: Timeline, bin_: str) -> None:
    """Say the change over all periods, and where the harvest had gaps."""
    (change,) = found.change.to_pylist()
    if change["ratio_per_period"] is not None:
        typer.echo(f"{_change(change)} from each {bin_} to the next.", err=True)
    periods = found.periods.to_pylist()
    if thin := sum(_is_thin(row) for row in periods):
        typer.echo(
            f"{thin} of {len(periods)} periods were harvested for less than nine tenths of"
            " their days: their figures may be of some communities only.",
            err=True,
        )


def _change(change: dict[str, Any]) -> str:
    bounds = f"{change['lower']:.3g} to {change['upper']:.3g}"
    return f"Times {change['ratio_per_period']:.3g} ({bounds}, p = {change['p_value']:.2g})"


def _is_thin(row: dict[str, Any]) -> bool:
    from analysis.dashboard.comparisons import FULL_COVERAGE

    share = row["share_complete"]
    return share is not None and bool(share < FULL_COVERAGE)

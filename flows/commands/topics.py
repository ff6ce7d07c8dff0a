"""`valuetalk topics`: find topics, follow them from night to night, read and name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands import exports, layout, output, selections, session, topics_evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.topics.choose import ChosenK
    from flows.topics.beginning import NewLine

PANEL = "Measures"
commands = typer.Typer(name="topics", help="Topics that a model finds.", rich_help_panel=PANEL)
topics_evaluate.register(commands)

TopicArgument = Annotated[
    int, typer.Argument(metavar="ID", help="topic_id, as 'valuetalk topics list' has it.")
]

_SHOWN_PARTS = {
    "trend": ("period", "share", "lower", "upper", "n_posts"),
    "events": ("day", "event", "topic_id", "other_id", "detail"),
    "frames": ("frame", "share", "lower", "upper", "period", "n_posts"),
    "posts": ("post_id", "reason", "month", "source", "community", "weight", "explained"),
}


@commands.command("fit")
def fit(
    home: session.HomeOption = None,
    *,
    k: Annotated[
        str | None,
        typer.Option(
            "--k", metavar="N|auto", help="How many topics; as the settings say if not given."
        ),
    ] = None,
    seeds: Annotated[
        Path | None,
        typer.Option("--seeds", metavar="FILE", help="TOML: topics asked for, with their words."),
    ] = None,
    seed: Annotated[
        list[str] | None,
        typer.Option(
            "--seed", metavar="NAME: WORDS", help="One such topic: 'housing: rent, landlord'."
        ),
    ] = None,
    frame: Annotated[
        list[str] | None,
        typer.Option("--frame", metavar="KEY|all", help="A topic of a frame of the codebook."),
    ] = None,
    as_json: session.JsonOption = False,
) -> None:
    """Begin a new line of topic models: fit one to all counted posts, and publish its topics.

    Example: valuetalk topics fit --k 30 --seed "housing: rent, landlord"
    """
    from flows.coding.codebooks import study_codebook
    from flows.topics.beginning import NewLine
    from flows.topics.seeding import read_seeds

    study = session.open_study(home)
    settings = study.settings.analysis
    asked = read_seeds(
        seeds,
        seed or [],
        frame or [],
        codebook=lambda: study_codebook(study.home, study.settings.coding),
    )
    told = Told()
    new = NewLine(
        n_topics=_number_of(k) if k not in (None, "auto") else settings.topics,
        choose=k == "auto" or (k is None and settings.choose_topics),
        seeds=asked or settings.topic_seeds or None,
        on_choice=told.choices.append,
        on_warning=told.warnings.append,
    )
    _run(home, new, as_json=as_json, told=told)


@commands.command("update")
def update(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Apply the line in use to what is new, as every night does; begin one where there is none."""
    _run(home, None, as_json=as_json)


@commands.command("list")
def list_(
    home: session.HomeOption = None,
    *,
    retired: Annotated[
        bool, typer.Option("--all", help="Topics that were retired or merged, too.")
    ] = False,
    as_json: session.JsonOption = False,
) -> None:
    """List the topics in use: terms, posts, share of the last whole period, and how good they are.

    Coherence says how far the terms occur together (-1 to 1), exclusivity how far they are of this
    topic alone (0 to 1).
    """
    from flows.released import open_released
    from flows.topics.listing import list_topics

    with open_released(session.find_study(home)) as release:
        rows = list_topics(release, retired=retired)
    if not rows:
        typer.echo("There are no topics yet; 'valuetalk topics fit' finds some.", err=True)
    if as_json:
        output.print_rows(rows, form="json")
        return
    columns = ["topic_id", "label", "n_posts", "share", "coherence", "exclusivity", "born_on"]
    columns += ["retired_on", "terms"] if retired else ["terms"]
    layout.print_answer(rows, columns=columns)


@commands.command("show")
def show(
    topic_id: TopicArgument,
    home: session.HomeOption = None,
    *,
    posts: Annotated[
        int | None,
        typer.Option(
            "--posts", min=1, metavar="N", help="Show so many of its posts in place of the figures."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw of posts.")] = 0,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show a topic: terms, note, events, frames, share over time, and which posts to read.

    Posts are named by their numbers; 'valuetalk thread --post ID' shows the conversation of one.

    Example: valuetalk topics show 7 --posts 8
    """
    from flows.released import open_released
    from flows.topics import listing, reading
    from flows.topics.trend import trend_of

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    if to is not None and posts is None:
        raise session.WrongUse("--to hands over posts: say with --posts how many")
    with open_released(session.find_study(home)) as release:
        topic = listing.topic_of(release, topic_id)
        read = reading.posts_to_read(release, topic_id, n=posts or reading.READ_AT_ONCE, seed=seed)
        if posts is not None:
            texts = reading.with_texts(release, read)
            delivery.give(texts, what=f"topics show {topic_id} --posts {posts} --seed {seed}")
            return
        parts: dict[str, list[dict[str, object]]] = {
            "trend": trend_of(release, topic),
            "events": listing.list_events(release, topic=topic),
            "frames": listing.frames_of(release, topic),
            "posts": read.drop_columns(["topic_id"]).to_pylist(),
        }
    if as_json:
        output.print_json({**topic, **parts})
        return
    _print_topic(topic)
    for name, columns in _SHOWN_PARTS.items():
        if parts[name]:
            typer.echo(f"\n{name.capitalize()}")
            layout.print_answer(parts[name], columns=columns)
    if parts["posts"]:
        typer.echo("\n'valuetalk thread --post ID' shows a post in its conversation.")


@commands.command("events")
def events(
    home: session.HomeOption = None,
    *,
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Only what happened since that day.")
    ] = None,
    as_json: session.JsonOption = False,
) -> None:
    """Tell what became of topics: born, retired, merged, split, drifted, and versions refused."""
    from flows.released import open_released
    from flows.topics.listing import list_events

    with open_released(session.find_study(home)) as release:
        rows = list_events(release, since=_day(since))
    if not rows:
        typer.echo("Nothing became of any topic.", err=True)
    if as_json:
        output.print_rows(rows, form="json")
        return
    layout.print_answer(rows, columns=("day", "event", "topic_id", "label", "other_id", "detail"))


@commands.command("compare")
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="The earlier version.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The later version.")],
    home: session.HomeOption = None,
    *,
    as_json: session.JsonOption = False,
) -> None:
    """Compare two versions of topics: which are the same, and how many posts moved.

    A version is a day, a number of the line in use, a line, or a line and a number.

    Example: valuetalk topics compare 2026-01-31 nmf_20260301@2
    """
    from flows.released import open_released
    from flows.topics.comparing import compare_versions, find_version

    with open_released(session.find_study(home)) as release:
        versions = find_version(release, a), find_version(release, b)
        rows = compare_versions(release, *versions)
    if as_json:
        output.print_rows(rows, form="json")
        return
    said = (f"version {v.version} of {v.model} ({v.day})" for v in versions)
    typer.echo(" beside ".join(said))
    layout.print_answer(rows, columns=list(rows[0]) if rows else [])


@commands.command("name")
def name(
    topic_id: TopicArgument,
    label: Annotated[
        str | None, typer.Argument(metavar="LABEL", help="What it is to be called.")
    ] = None,
    home: session.HomeOption = None,
    *,
    note: Annotated[
        str | None, typer.Option(help="What it is, for other readers.", show_default=False)
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Call it by its terms again, and forget the note.")
    ] = False,
    later: Annotated[
        bool, typer.Option("--later", help="Leave it to the next night to publish the name.")
    ] = False,
) -> None:
    """Call a topic by a name that sticks to it, whatever its terms become.

    In public a name shows only words that ten authors of the study wrote, as terms do.

    Example: valuetalk topics name 7 "waiting lists" --note "from referral to first appointment"
    """
    from flows.topics.naming import name_topic, unname_topic
    from warehouse.release.controlled import publish_controlled

    if remove is (label is not None):
        raise session.WrongUse("give a name, or --remove to call the topic by its terms again")
    study = session.open_study(home)
    with study.warehouse() as warehouse:
        if label is None:
            unname_topic(warehouse, topic_id)
        else:
            name_topic(warehouse, topic_id, label, note=note, day=study.clock.now().date())
        if not later:
            publish_controlled(warehouse.connection, study.home)
    called = "by its terms" if label is None else f"'{' '.join(label.split())}'"
    when = "; the next release shows it" if later else ""
    typer.echo(f"Topic {topic_id} is called {called}{when}.")


def _print_topic(topic: Mapping[str, Any]) -> None:
    facts = {
        "topic": f"{topic['topic_id']}, of the line {topic['model']}",
        "label": topic["label"],
        "note": topic["note"],
        "terms": topic["terms"],
        "distinctive terms": topic["distinctive_terms"],
        "posts": topic["n_posts"],
        "born on": topic["born_on"],
        "retired on": topic["retired_on"],
        "coherence": topic["coherence"],
        "exclusivity": topic["exclusivity"],
    }
    rows = [
        {"what": what, "value": value} for what, value in facts.items() if value not in (None, "")
    ]
    output.print_rows(rows, columns=["what", "value"])


def _day(said: str | None) -> date | None:
    try:
        return None if said is None else date.fromisoformat(said)
    except ValueError:
        raise session.WrongUse(f"--since {said} is no day; write it as 2026-03-01") from None


def _number_of(k: str | None) -> int:
    if k is None or not k.isdecimal() or int(k) < 2:  # noqa: PLR2004 # one topic tells nothing apart
        raise session.WrongUse(f"--k {k} is no number of topics; give 2 or more, or auto")
    return int(k)


@dataclass(slots=True)
class Told:
    """What a fit told beside what it noted: how many topics it chose, and what to mind."""

    choices: list[ChosenK] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _run(
    home: Path | None, new: NewLine | None, *, as_json: bool, told: Told | None = None
) -> None:
    """Run the topic stage as a run of its own, and renew the researchers' release."""
    from rich.console import Console

    from flows.night import open_warehouse, prepare_night
    from flows.progress import telling
    from flows.topics.stage import run_topics
    from warehouse.release.controlled import publish_controlled

    night = prepare_night(session.open_study(home).home.root, flow="measure")
    with open_warehouse(night) as warehouse:
        warehouse.start_run(night.run)
        try:
            with telling(Console(stderr=True)) as say:
                said = run_topics(warehouse, night, new=new, say=say)
        except BaseException:
            warehouse.finish_run(night.run.run_id, status="failed", error="no topics were found")
            raise
        warehouse.finish_run(night.run.run_id, status="complete")
        publish_controlled(warehouse.connection, night.home)
    told = told or Told()
    chosen = [
        {"k": choice.k, "reason": choice.reason, "curve": choice.table.to_pylist()}
        for choice in told.choices
    ]
    if as_json:
        answer = {"said": said, "chosen": chosen, "warnings": told.warnings}
        output.print_json({"run_id": night.run.run_id, **answer})
        return
    for choice in told.choices:
        layout.print_answer(choice.table.to_pylist(), columns=choice.table.column_names)
        typer.echo(f"{choice.reason}.")
    typer.echo(said)

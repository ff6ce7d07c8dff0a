"""What `valuetalk sources check` and `new` say of a site: counts, marks, and what is to be done."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flows.commands.session import Study
    from flows.night import Night
    from flows.probing import Probe
    from flows.setting_sections import SourceSettings
    from harvesters.probe import Understood
    from warehouse.records import Post

Report = dict[str, Any]
ROBOTS_LINES = 30
_LONGEST_NAME = 40


def check_address(study: Study, url: str, *, community: str | None) -> Report:
    """Look at an address that no source names."""
    from flows.probing import probe_address

    probe = probe_address(_night(study), url, name=_name_for(url), community=community)
    return _report(probe, problem=probe.refused, may_see=False)


def check_source(study: Study, source: SourceSettings, *, look: bool, ask: bool) -> Report:
    """Check a source's entry and, if asked, its site; let a person confirm what is untested."""
    held_back = study.settings.held_back().get(source.name)
    if held_back or not look:
        return {**_entry(source), "problem": held_back}
    from flows.probing import probe_source

    night = _night(study)
    probe = probe_source(night, source)
    problem = probe.refused or _confirmation_gap(night, probe, ask=ask)
    return _report(probe, problem=problem, may_see=bool(source.ethics_ref))


def entry_for(
    study: Study,
    url: str,
    *,
    name: str | None,
    platform: str | None,
    community: str | None,
    stated: Mapping[str, object],
) -> SourceSettings:
    """Return the entry of a new source, its platform found by a look at the site unless named."""
    from flows.setting_sections import SourceSettings
    from flows.settings import section_from

    values: dict[str, object] = {"name": name or _name_for(url), "url": url, "platform": platform}
    if community:
        values["communities"] = [{"community": community, "name": community}]
    if platform is None:
        values |= _found(study, url, community)
    return section_from(SourceSettings, {**values, **stated})


def _found(study: Study, url: str, community: str | None) -> dict[str, object]:
    from flows.probing import UNKNOWN, probe_address

    probe = probe_address(_night(study), url, name=_name_for(url), community=community)
    if probe.entry.platform == UNKNOWN:
        raise session.CommandError(
            f"nothing at {urlsplit(url).hostname} tells what runs it; say it with --platform, or "
            "write a forum profile (docs/forum-profiles.md)"
        )
    found = probe.entry.model_dump(include={"url", "platform", "options", "communities"})
    robots = "no robots.txt" if probe.robots is None else f"robots.txt {probe.robots.sha256[:12]}"
    found["checked"] = f"{study.clock.now():%Y-%m-%d} by valuetalk sources new, {robots}"
    return found


def print_reports(reports: list[Report], *, as_json: bool) -> None:
    """Print reports: a table where only settings were checked, else a page a site."""
    if as_json:
        output.print_json(reports)
        return
    looked_at = [report for report in reports if "requests" in report]
    for report in looked_at:
        _print_report(report)
    rows = [report for report in reports if "requests" not in report]
    if rows:
        columns = ("source", "platform", "read_at_night", "problem")
        output.print_rows(rows, columns=columns)


def _print_report(report: Report) -> None:
    rows = [
        {"what": what.replace("_", " "), "found": _shown(found)}
        for what, found in report.items()
        if what not in {"robots_text", "source"} and found not in (None, "", [], {})
    ]
    output.print_rows(rows, title=str(report["source"]))
    if report["robots_text"]:
        lines = report["robots_text"].splitlines()
        more = [f"… {len(lines) - ROBOTS_LINES} lines more"] if len(lines) > ROBOTS_LINES else []
        typer.echo("robots.txt:")
        for line in [*lines[:ROBOTS_LINES], *more]:
            typer.echo(f"  {output.printable(line)}")


def _shown(found: object) -> str:
    if isinstance(found, dict):
        return ", ".join(f"{key} {value}" for key, value in found.items())
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found)


def _report(probe: Probe, *, problem: str | None, may_see: bool) -> Report:
    site, robots = probe.site, probe.robots
    return {
        **_entry(probe.entry),
        "problem": problem,
        "recognised_by": [mark.what for mark in site.marks] if site else [],
        "options": dict(probe.entry.options),
        "evidence": probe.evidence,
        "terms": list(site.terms) if site else [],
        "feeds": list(site.feeds) if site else [],
        "robots": _robots(robots),
        "robots_text": robots.body if robots else "",
        **(_counts(probe.understood, may_see=may_see) if probe.understood else {}),
        "requests": probe.requests,
    }


def _entry(source: SourceSettings) -> Report:
    return {
        "source": source.name,
        "platform": source.platform,
        "url": source.url,
        "read_at_night": bool(source.ethics_ref or source.organisation) and source.enabled,
        "ethics_ref": source.ethics_ref,
        "communities": [community.community for community in source.communities],
    }


def _robots(robots: Any) -> str:
    if robots is None:
        return "was not read"
    if not robots.body:
        return f"there is none (answer {robots.status})"
    return f"{len(robots.body.splitlines())} lines, read {robots.fetched_at:%Y-%m-%d}"


def _counts(understood: Understood, *, may_see: bool) -> Report:
    """Return what was understood as counts; days only where an ethics reference covers the site."""
    n = understood.n_posts
    report: Report = {
        "read_of": understood.community,
        "posts": n,
        "threads": understood.n_threads,
        "authors": understood.n_authors,
        "promised": understood.promised,
        "read_of_promised": understood.read,
        "fields": {name: f"{count}/{n}" for name, count in understood.filled.items()},
        "dropped": dict(understood.drops),
        "stopped_by": understood.refused,
    }
    if may_see and understood.earliest and understood.latest:
        report["days"] = f"{understood.earliest:%Y-%m-%d} to {understood.latest:%Y-%m-%d}"
    return report


def _confirmation_gap(night: Night, probe: Probe, *, ask: bool) -> str | None:
    """Let a person confirm what an untested profile made of a board; return what is still open."""
    from flows.probing import keep_confirmation, posts_to_confirm, unconfirmed_profile

    profile = unconfirmed_profile(night, probe.entry)
    understood = probe.understood
    if profile is None or understood is None:
        return None
    if not understood.is_whole:
        return (
            f"profile {profile.name} is unverified and read {understood.read} of the "
            f"{understood.promised} posts that the page promises: mend the profile, and check again"
        )
    posts = posts_to_confirm(understood)
    if len(posts) < 2:  # noqa: PLR2004 # two dates and two authors, or a coincidence is confirmed
        return f"profile {profile.name} is unverified: name a board where two people have written"
    if not ask or not _on_terminal():
        return f"profile {profile.name} is unverified: run this on a terminal, to confirm it"
    if not all(_confirmed(night, probe.entry, post) for post in posts):
        return f"profile {profile.name} reads this board wrongly: mend it, and check again"
    keep_confirmation(night, probe.entry, profile, understood.n_posts)
    typer.echo(f"Confirmed: the next night reads {probe.entry.name} by profile {profile.name}.")
    return None


def _on_terminal() -> bool:
    return sys.stdin.isatty()


def _confirmed(night: Night, source: SourceSettings, post: Post) -> bool:
    """Ask for the date and the author of one post, as a person reads them on its page."""
    from flows.probing import is_author

    typer.echo(f"Open {post.url or 'the first thread of the board'} in a browser.")
    if not typer.confirm(f"Was a post there written on {post.created_at:%A %d %B %Y, %H:%M} UTC?"):
        return False
    typed = typer.prompt("Who wrote it, as the page shows the name (it is not stored)?")
    return is_author(night, source, post, typed)


def _night(study: Study) -> Night:
    from flows.night import prepare_night

    return prepare_night(study.home.root, flow="check", clock=study.clock)


def _name_for(url: str) -> str:
    """Return a source's name made from its address."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    name = re.sub(r"[^a-z0-9]+", "_", host.lower()).strip("_0123456789")
    return name[:_LONGEST_NAME] or "a_site"

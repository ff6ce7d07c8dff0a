"""A look at a site before it is harvested: what it runs, what it allows, what can be understood.

Nothing is landed. Where no ethics reference covers the site, what comes back are counts and names
of fields only; where one does, a person who knows the board can confirm what was understood.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from flows.confirmations import confirm
from flows.night import Night
from flows.setting_sections import CommunitySettings, SourceSettings
from harvesters.base import Harvester, HarvestError
from harvesters.client import PoliteClient
from harvesters.gate import HostGate, RobotsCopy
from harvesters.html_forum.profile import Profile, ProfileError, load_profile, shipped_names
from harvesters.probe import Site, Understood, look_at_site, read_a_little
from harvesters.reading import site_host
from harvesters.registry import PLATFORMS, open_harvester
from warehouse.records import Community, Post

FORUM = "forum"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a look at a site came to.

    `entry` is what the source's entry would be; `evidence` says against what its reading was
    tested; `refused` why nothing was read of it.
    """

    entry: SourceSettings
    site: Site | None
    robots: RobotsCopy | None
    evidence: str = ""
    understood: Understood | None = None
    refused: str | None = None
    requests: int = 0


def probe_address(night: Night, url: str, *, name: str, community: str | None = None) -> Probe:
    """Look at an address that no source names.

    Parameters
    ----------
    name : str
        What the source would be called.
    community : str, optional
        What to read of the site, where its platform has no list of everything.

    Raises
    ------
    HarvestError
        If its page may not or cannot be read.
    """
    with _gate(night) as gate, _client(night, gate) as client:
        site = look_at_site(client, url, profiles=_profiles(night))
        entry = _entry_of(site, name=name, community=community)
        probe = Probe(entry=entry, site=site, robots=gate.robots(_origin(site.url)))
        return replace(_with_reading(night, client, probe), requests=client.traffic.requests)


def probe_source(night: Night, source: SourceSettings) -> Probe:
    """Look at a source of the settings, and read the first threads of its first community."""
    with _gate(night) as gate, _client(night, gate) as client:
        probe = Probe(entry=source, site=None, robots=None)
        try:
            probe = replace(probe, site=look_at_site(client, source.url or ""))
        except HarvestError as error:
            return replace(probe, refused=str(error), requests=client.traffic.requests)
        probe = replace(probe, robots=gate.robots(_origin(source.url or "")))
        return replace(_with_reading(night, client, probe), requests=client.traffic.requests)


def unconfirmed_profile(night: Night, source: SourceSettings) -> Profile | None:
    """Return the profile of a forum that is to be confirmed before it yields anything."""
    if source.platform != FORUM:
        return None
    profile = load_profile(str(source.options.get("profile", "")), night.settings.profiles)
    held = night.settings.confirmed.get(source.name)
    return None if profile.is_tested or held == profile.digest else profile


def posts_to_confirm(understood: Understood) -> tuple[Post, ...]:
    """Return two posts by two people, at different times, of what was read; fewer where there are.

    The first is the earliest; the second the latest by somebody else.
    """
    written = sorted((p for p in understood.posts if p.author_key), key=lambda p: p.created_at)
    if not written:
        return ()
    first = written[0]
    others = [p for p in written if p.author_key != first.author_key]
    later = [p for p in others if p.created_at != first.created_at]
    return (first, later[-1]) if later else (first,)


def is_author(night: Night, source: SourceSettings, post: Post, name: str) -> bool:
    """Tell whether an account's name, as a person reads it on the page, is a post's author."""
    host = site_host(source.url or "")
    return night.keys.author_key(source.platform, host, name) == post.author_key


def keep_confirmation(night: Night, source: SourceSettings, profile: Profile, n_posts: int) -> None:
    """Record that somebody confirmed what a profile made of a source's board."""
    confirm(
        night.home.state,
        source.name,
        digest=profile.digest,
        n_posts=n_posts,
        now=night.clock.now(),
    )


def _with_reading(night: Night, client: PoliteClient, probe: Probe) -> Probe:
    """Add what can be understood of the first community of the probe's entry."""
    if probe.entry.platform not in PLATFORMS:
        return replace(probe, refused="no platform that can be read was recognised")
    if gap := _unmet(probe.entry):
        return replace(probe, refused=gap)
    try:
        harvester = _open(night, client, probe.entry)
        community = next(iter(harvester.communities()), None)
        if community is None:
            return replace(probe, refused="it shows no community")
        return replace(
            probe, evidence=harvester.evidence, understood=_read(night, harvester, community)
        )
    except (HarvestError, ProfileError) as error:
        return replace(probe, refused=str(error))


def _read(night: Night, harvester: Harvester, community: Community) -> Understood:
    since = night.clock.now() - timedelta(days=night.settings.harvest.history_days)
    return read_a_little(harvester, community, since=since)


def _open(night: Night, client: PoliteClient, entry: SourceSettings) -> Harvester:
    """Open the harvester of an entry; a profile that is to be confirmed is let read for that."""
    spec = night.settings.spec_of(entry)
    if profile := unconfirmed_profile(night, entry):
        spec = replace(spec, options={**spec.options, "confirmed": profile.digest})
    return open_harvester(spec, client=client, keys=night.keys, clock=night.clock)


def _entry_of(site: Site, *, name: str, community: str | None) -> SourceSettings:
    """Return the entry that a source of this site would have."""
    mark = site.best
    path = site.path if mark is not None and mark.platform == FORUM else ""
    handle = community or path
    return SourceSettings(
        name=name,
        platform=mark.platform if mark else UNKNOWN,
        url=site.url,
        options=dict(mark.options) if mark else {},
        communities=(CommunitySettings(community=handle, name=handle),) if handle else (),
    )


def _unmet(entry: SourceSettings) -> str | None:
    """Return what an entry lacks to be read, or None."""
    platform = PLATFORMS[entry.platform]
    missing = [secret for secret in platform.needs_secrets if secret not in entry.secret_names]
    if missing:
        return f"{entry.platform} is read with credentials only: its entry needs {missing[0]}_env"
    if platform.needs_communities and not entry.communities:
        return "name what to read of it with --community, for example a tag or a board"
    return None


def _profiles(night: Night) -> Sequence[Profile]:
    own = night.settings.profiles
    names = sorted(path.stem for path in own.glob("*.toml")) if own and own.is_dir() else []
    return [load_profile(name, own) for name in dict.fromkeys([*names, *shipped_names()])]


@contextmanager
def _gate(night: Night) -> Iterator[HostGate]:
    harvest = night.settings.harvest
    with HostGate(
        night.home.hosts,
        night.clock,
        spacing=harvest.spacing_seconds,
        daily_budget=harvest.requests_a_day,
    ) as gate:
        yield gate


def _client(night: Night, gate: HostGate) -> PoliteClient:
    return PoliteClient(
        user_agent=night.user_agent,
        gate=gate,
        clock=night.clock,
        allow_private=night.settings.simulated,
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"

"""Checks of the installation, and of how private a study's folder is.

Our top-level packages bear names that wheels on PyPI bear too; installers merge such packages
without a word. So the doctor asks three things: do all of ours come from one place, does no other
distribution own files in them, and does the running entrypoint lie in the same place.
"""

import ipaddress
import operator
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from warehouse.home import Home
from warehouse.records import Clock, WallClock

if TYPE_CHECKING:
    from flows.settings import Settings

DISTRIBUTION = "valuetalk"
PACKAGES = ("flows", "harvesters", "analysis", "warehouse")
LEAST_PYTHON = (3, 11)
EARLIEST_YEAR = 2026
GIBIBYTE = 2**30
_NAMED = 5  # files that are named one by one

_NEWLY_INSTALLED = "install valuetalk into an environment of its own, where nothing else is"
_TESTED_VERSIONS = "install the versions that were tested: pip install -c constraints.txt ."
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?\s*\(?([^;)]*)\)?\s*(;.*)?")
_BOUND = re.compile(r"(==|!=|>=|<=|<|>)\s*([0-9.]+)")
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
}


class PackageCollision(RuntimeError):
    """Our packages come from more than one place, or another distribution has files in them."""


class ForeignPrefect(RuntimeError):
    """Runs would be reported to a Prefect server that the settings do not allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found; `advice` says what to do where it is not `ok`, or is `doubtful`."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    doubtful: bool = False


def assert_own_packages(entrypoint: str | None = None) -> None:
    """Refuse to go on where foreign code could run under our packages' names.

    Parameters
    ----------
    entrypoint : str, optional
        The `__file__` of a flow, which must lie in the same place as the packages.

    Raises
    ------
    PackageCollision
        If the packages come from several places, or another distribution has files in them.
    """
    roots = {Path(path).resolve().parent for name in PACKAGES for path in _folders(name)}
    if entrypoint is not None:
        roots.add(Path(entrypoint).resolve().parents[1])
    if len(roots) != 1:
        places = " and ".join(sorted(str(root) for root in roots))
        raise PackageCollision(
            f"the packages {', '.join(PACKAGES)} come from {places}, where one place is expected; "
            f"run from the checkout alone, or {_NEWLY_INSTALLED}"
        )
    if foreign := sorted(set(_foreign_owners())):
        raise PackageCollision(
            f"{' and '.join(foreign)} is installed over valuetalk's own packages, whose names it "
            f"shares; {_NEWLY_INSTALLED}"
        )


def assert_local_prefect(api_url: str | None, allowed_hosts: Collection[str]) -> None:
    """Refuse a Prefect server that is neither on this machine nor allowed by the settings.

    Parameters
    ----------
    api_url : str or None
        The server's address; None for Prefect's own temporary server.
    allowed_hosts : collection of str
        `[prefect] allowed_hosts` of the settings.

    Raises
    ------
    ForeignPrefect
        If the server is somewhere else.
    """
    if not api_url:
        return
    host = (urlsplit(api_url).hostname or "").lower()
    if _is_loopback(host) or host in {allowed.lower() for allowed in allowed_hosts}:
        return
    raise ForeignPrefect(
        f"Prefect would report runs to {host or 'an address without a host'}, which is not this "
        "machine; set PREFECT_API_URL to a local server, or add the host to allowed_hosts under "
        "[prefect] in valuetalk.toml"
    )


def check_installation(
    home: Home | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    ask_prefect: bool = False,
) -> list[Finding]:
    """Return what every check of the installation, and of one study, found.

    Parameters
    ----------
    home : Home, optional
        The study to look at; without one only the installation is checked.
    environ : mapping, optional
        Environment to read; the process's where nothing is said.
    clock : Clock, optional
        The clock to check.
    ask_prefect : bool
        Also ask Prefect's own profile for its server, which takes seconds to import.
    """
    environ = os.environ if environ is None else environ
    findings = [
        _check_packages(),
        _check_python(),
        _check_versions(),
        _check_clock(clock or WallClock()),
        _check_time_zones(),
    ]
    settings = None
    if home is not None:
        finding, settings = _check_settings(home, environ)
        findings += [finding, *_check_home(home)]
        findings += [] if settings is None else [_check_key(home, settings, environ)]
    api_url = _profile_api_url() if ask_prefect else environ.get("PREFECT_API_URL")
    return [*findings, _check_prefect(api_url, settings)]


def _folders(package: str) -> list[str]:
    return list(import_module(package).__path__)


def _foreign_owners() -> Iterator[str]:
    """Yield every other distribution whose list of files reaches into our packages."""
    for found in distributions():
        files = "\n" + (found.read_text("RECORD") or found.read_text("installed-files.txt") or "")
        inside = any(f"\n{package}/" in files for package in PACKAGES)
        if inside and found.name.lower() != DISTRIBUTION:
            yield f"{found.name} {found.version}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_packages() -> Finding:
    try:
        assert_own_packages()
    except PackageCollision as error:
        return Finding(name="packages", ok=False, detail=str(error), advice=_NEWLY_INSTALLED)
    return Finding(name="packages", ok=True, detail=f"all from {Path(__file__).parents[1]}")


def _check_python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(
        name="python",
        ok=sys.version_info[:2] >= LEAST_PYTHON,
        detail=version,
        advice="use Python 3.11 or newer",
    )


def _check_versions() -> Finding:
    try:
        required = distribution(DISTRIBUTION).requires or []
    except PackageNotFoundError:
        detail = f"{DISTRIBUTION} itself is not installed, so its versions cannot be checked"
        return Finding(name="versions", ok=False, detail=detail, advice=_TESTED_VERSIONS)
    wrong = [problem for requirement in required if (problem := _unmet(requirement))]
    detail = "; ".join(wrong) or f"{len(required)} packages within their bounds"
    return Finding(name="versions", ok=not wrong, detail=detail, advice=_TESTED_VERSIONS)


def _unmet(requirement: str) -> str | None:
    """Return how a requirement of our own metadata is not met, or None.

    Only what our metadata holds is understood: plain versions, and no markers.
    """
    matched = _REQUIREMENT.fullmatch(requirement)
    if matched is None or matched[3]:
        return None
    name, bounds = matched[1], matched[2]
    try:
        found: Distribution = distribution(name)
    except PackageNotFoundError:
        return f"{name} is missing"
    version = _numbers(found.version)
    for comparison, bound in _BOUND.findall(bounds):
        if not _COMPARE[comparison](version, _numbers(bound)):
            return f"{name} {found.version} is installed, {bounds} is needed"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's release numbers without trailing zeros: 2.0 equals 2.0.0."""
    numbers = [int(part) for part in re.findall(r"\d+", re.split(r"[a-z+]", version)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _check_clock(clock: Clock) -> Finding:
    now = clock.now()
    return Finding(
        name="clock",
        ok=now.year >= EARLIEST_YEAR,
        detail=f"{now:%Y-%m-%d %H:%M} UTC",
        advice="set the machine's clock: every record carries its time",
    )


def _check_time_zones() -> Finding:
    try:
        ZoneInfo("Europe/London")
    except (OSError, ValueError):
        detail = "Europe/London cannot be loaded"
        return Finding(name="time zones", ok=False, detail=detail, advice="install tzdata")
    return Finding(name="time zones", ok=True, detail="Europe/London loads")


def _check_settings(home: Home, environ: Mapping[str, str]) -> tuple[Finding, "Settings | None"]:
    from flows.settings import SettingsError, load_settings

    try:
        settings = load_settings(home, environ)
    except SettingsError as error:
        advice = "put right what the file says, or begin a study with 'valuetalk init'"
        return Finding(name="settings", ok=False, detail=str(error), advice=advice), None
    run, all_of_them = len(settings.runnable_sources()), len(settings.sources)
    detail = f"{run} of {all_of_them} sources are read at night"
    return Finding(name="settings", ok=True, detail=detail), settings


def _check_home(home: Home) -> Iterator[Finding]:
    if not home.root.is_dir():
        advice = "name the study's folder with --home, or begin one with 'valuetalk init'"
        yield Finding(name="home", ok=False, detail=f"{home.root} is no folder", advice=advice)
        return
    open_to_others = [path for path in _private_places(home) if _is_open(path)]
    named = [f"{path} has mode {_mode(path):04o}" for path in open_to_others[:_NAMED]]
    more = len(open_to_others) - len(named)
    detail = ", ".join(named + ([f"and {more} more"] if more else []))
    yield Finding(
        name="privacy",
        ok=not open_to_others,
        detail=detail or f"{home.root} is readable by its owner alone",
        advice=f"chmod -R go-rwx {home.root}",
    )
    yield _check_writing(home.root)
    yield _check_space(home)
    yield _check_encryption(home.root)


def _private_places(home: Home) -> list[Path]:
    return [home.root, *sorted(path for path in home.root.rglob("*") if not path.is_symlink())]


def _is_open(path: Path) -> bool:
    return bool(_mode(path) & (stat.S_IRWXG | stat.S_IRWXO))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _check_writing(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "let the account that runs the nights own the folder"
        detail = f"{folder} cannot be written: {error.strerror}"
        return Finding(name="writing", ok=False, detail=detail, advice=advice)
    return Finding(name="writing", ok=True, detail=f"{folder} can be written")


def _check_space(home: Home) -> Finding:
    """Check that an erasing night, which copies the database and the release, has room."""
    size = home.database.stat().st_size if home.database.is_file() else 0
    needed = GIBIBYTE + 3 * size
    free = shutil.disk_usage(home.root).free
    return Finding(
        name="space",
        ok=free >= needed,
        detail=f"{free / GIBIBYTE:.1f} GiB free, {needed / GIBIBYTE:.1f} GiB needed",
        advice="make room: a night writes fresh copies of the database before it drops the old",
    )


def _check_encryption(folder: Path) -> Finding:
    from flows.encrypted_disk import encryption_of

    found = encryption_of(folder)
    return Finding(
        name="encryption",
        ok=True,
        detail=found.detail,
        advice="put the home on an encrypted volume: docs/operations.md says how",
        doubtful=not found.encrypted,
    )


def _check_key(home: Home, settings: "Settings", environ: Mapping[str, str]) -> Finding:
    from flows.settings import key_file
    from warehouse.protection.keys import KeyFileError, KeyRing

    path = key_file(home, settings, environ)
    if path.resolve().is_relative_to(home.root.resolve()):
        detail = f"{path} lies in the home, so that every copy of the data would carry its key"
        advice = "move it out and name it in $VALUETALK_KEY_FILE"
        return Finding(name="key", ok=False, detail=detail, advice=advice)
    try:
        KeyRing.read(path)
    except KeyFileError as error:
        advice = "bring the study's key file back, or name its place in $VALUETALK_KEY_FILE"
        return Finding(name="key", ok=False, detail=str(error), advice=advice)
    return Finding(name="key", ok=True, detail=str(path))


def _check_prefect(api_url: str | None, settings: "Settings | None") -> Finding:
    try:
        assert_local_prefect(api_url, settings.prefect.allowed_hosts if settings else ())
    except ForeignPrefect as error:
        advice = "unset PREFECT_API_URL, or add the host to allowed_hosts under [prefect]"
        return Finding(name="prefect", ok=False, detail=str(error), advice=advice)
    place = urlsplit(api_url).hostname if api_url else "its own temporary server"
    return Finding(name="prefect", ok=True, detail=f"runs are reported to {place}")


def _profile_api_url() -> str | None:
    from prefect.settings import get_current_settings

    return get_current_settings().api.url

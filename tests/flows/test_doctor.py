"""The doctor: collisions of package names, versions, privacy, clocks, foreign Prefect servers."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from flows import doctor
from flows.doctor import ForeignPrefect, assert_local_prefect, check_installation
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import VirtualClock

ROOT = Path(__file__).resolve().parents[2]
ASSERT = """
import sys
from flows.doctor import PackageCollision, assert_own_packages
try:
    assert_own_packages(*sys.argv[1:])
except PackageCollision as error:
    print(error)
"""


def collision(*arguments: str, first: Path | None = None, last: Path | None = None) -> str:
    """Return what a new process says of its packages, with folders before and after ours."""
    places = [place for place in (first, ROOT, last) if place is not None]
    done = subprocess.run(
        [sys.executable, "-c", ASSERT, *arguments],
        cwd=ROOT.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_our_packages_from_one_place_are_accepted() -> None:
    assert collision() == ""
    assert collision(str(ROOT / "flows" / "nightly.py")) == ""


def test_a_package_that_shadows_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "harvesters").mkdir()
    (tmp_path / "harvesters" / "__init__.py").touch()
    first, second = sorted([str(ROOT), str(tmp_path)])
    assert f"come from {first} and {second}, where one place" in collision(first=tmp_path)


@pytest.mark.parametrize("listing", ["RECORD", "installed-files.txt"])
def test_a_distribution_with_files_in_our_packages_is_refused(tmp_path: Path, listing: str) -> None:
    info = tmp_path / "cameras-1.4.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cameras\nVersion: 1.4.3\n")
    (info / listing).write_text("other/a.py,,\nharvesters/core.py,sha256=x,10\n")
    said = collision(last=tmp_path)
    assert "cameras 1.4.3 is installed over valuetalk's own packages" in said
    assert "environment of its own" in said


def test_a_distribution_that_only_mentions_our_names_is_accepted(tmp_path: Path) -> None:
    info = tmp_path / "cameras-1.4.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cameras\nVersion: 1.4.3\n")
    (info / "RECORD").write_text("prefect/flows/a.py,,\nflows_of_data/b.py,,\nwarehouse.py,,\n")
    assert collision(last=tmp_path) == ""


def test_a_flow_from_another_place_than_the_packages_is_refused(tmp_path: Path) -> None:
    flow = tmp_path / "flows" / "nightly.py"
    assert str(tmp_path) in collision(str(flow))


versions = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda n: ".".join(map(str, n)))
bounds = st.lists(
    st.tuples(st.sampled_from(["==", "!=", ">=", "<=", "<", ">"]), versions).map("".join),
    min_size=1,
    max_size=3,
).map(",".join)


class Installed:
    def __init__(self, version: str) -> None:
        self.version = version


@given(version=versions, bound=bounds)
def test_bounds_are_read_as_packaging_reads_them(version: str, bound: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "distribution", lambda _: Installed(version))
        unmet = doctor._unmet(f"some-package{bound}")
    assert (unmet is None) is SpecifierSet(bound).contains(version)


def test_versions_outside_their_bounds_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "distribution", lambda _: Installed("0.165.0"))
    said = doctor._unmet("fastapi<0.151,>=0.139")
    assert said == "fastapi 0.165.0 is installed, <0.151,>=0.139 is needed"


@pytest.mark.parametrize(
    "requirement", ["praw>=8 ; extra == 'reddit'", "tzdata>=3 ; sys_platform == 'win32'"]
)
def test_requirements_with_markers_are_left_to_the_installer(
    requirement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "distribution", lambda _: Installed("1.0"))
    assert doctor._unmet(requirement) is None


@pytest.mark.parametrize(
    "api_url",
    [
        None,
        "",
        "http://127.0.0.1:4200/api",
        "http://localhost:4200/api",
        "http://[::1]:4200/api",
        "http://127.8.9.1/api",
        "https://Prefect.Example.org/api",
    ],
)
def test_prefect_on_this_machine_or_allowed_by_name_is_accepted(api_url: str | None) -> None:
    assert_local_prefect(api_url, ["prefect.example.org"])


@pytest.mark.parametrize(
    "api_url",
    [
        "https://api.prefect.cloud/api/accounts/x",
        "http://127.0.0.1.example.com/api",
        "http://localhost.example.com/api",
        "http://prefect.example.org.evil.example/api",
        "http://0.0.0.0:4200/api",
        "http://user:127.0.0.1@evil.example/api",
        "no address",
    ],
)
def test_prefect_elsewhere_is_refused_without_its_full_address(api_url: str) -> None:
    with pytest.raises(ForeignPrefect) as caught:
        assert_local_prefect(api_url, ["prefect.example.org"])
    assert "allowed_hosts" in str(caught.value)
    assert "accounts" not in str(caught.value)
    assert "user:" not in str(caught.value)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    home.settings_file.write_text('[study]\nname = "A study"\ncontact = "a@example.org"\n')
    home.settings_file.chmod(0o600)
    KeyRing.create(tmp_path / "a.key")
    return home


def environ(home: Home, **more: str) -> dict[str, str]:
    return {"VALUETALK_KEY_FILE": str(home.root.parent / "a.key"), **more}


def failed(home: Home, **more: str) -> dict[str, str]:
    findings = check_installation(home, environ=environ(home, **more))
    return {finding.name: finding.detail for finding in findings if not finding.ok}


def test_a_sound_study_passes_every_check(home: Home) -> None:
    findings = check_installation(home, environ=environ(home))
    assert [finding for finding in findings if not finding.ok] == []
    assert [finding.name for finding in findings] == [
        "packages",
        "python",
        "versions",
        "clock",
        "time zones",
        "settings",
        "privacy",
        "writing",
        "space",
        "encryption",
        "key",
        "prefect",
    ]


def open_folder(home: Home) -> None:
    home.state.chmod(0o750)


def open_file_deep_inside(home: Home) -> None:
    deep = home.controlled / "parquet"
    deep.mkdir(mode=0o700)
    (deep / "posts.parquet").touch(mode=0o600)
    (deep / "posts.parquet").chmod(0o604)


def open_root(home: Home) -> None:
    home.root.chmod(0o755)


def open_settings(home: Home) -> None:
    home.settings_file.chmod(0o644)


def open_key(home: Home) -> None:
    (home.root.parent / "a.key").chmod(0o644)


def lose_key(home: Home) -> None:
    (home.root.parent / "a.key").unlink()


def break_settings(home: Home) -> None:
    home.settings_file.write_text("[study]\n")


@pytest.mark.parametrize(
    ("harm", "check", "detail"),
    [
        (open_folder, "privacy", "state has mode 0750"),
        (open_file_deep_inside, "privacy", "posts.parquet has mode 0604"),
        (open_root, "privacy", "home has mode 0755"),
        (open_settings, "privacy", "valuetalk.toml has mode 0644"),
        (open_key, "key", "a.key"),
        (lose_key, "key", "a.key"),
        (break_settings, "settings", "study.name is missing"),
    ],
)
def test_what_is_wrong_with_a_study_is_found(
    home: Home, harm: Callable[[Home], None], check: str, detail: str
) -> None:
    harm(home)
    found = failed(home)
    assert list(found) == [check]
    assert detail in found[check]


def test_a_key_inside_the_home_is_found(home: Home) -> None:
    inside = home.root / "a.key"
    KeyRing.create(inside)
    assert "every copy of the data" in failed(home, VALUETALK_KEY_FILE=str(inside))["key"]


def test_a_foreign_prefect_server_is_found_and_allowed_by_the_settings(home: Home) -> None:
    url = "https://prefect.example.org/api"
    assert list(failed(home, PREFECT_API_URL=url)) == ["prefect"]
    with home.settings_file.open("a") as file:
        file.write('[prefect]\nallowed_hosts = ["prefect.example.org"]\n')
    assert failed(home, PREFECT_API_URL=url) == {}


def test_a_folder_that_is_not_there_is_found(tmp_path: Path) -> None:
    found = check_installation(Home(tmp_path / "nowhere"), environ={})
    assert {finding.name for finding in found if not finding.ok} == {"settings", "home"}


def test_a_full_disk_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 2**29})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert failed(home) == {"space": "0.5 GiB free, 1.0 GiB needed"}


def test_a_clock_that_was_never_set_is_found() -> None:
    findings = check_installation(environ={}, clock=VirtualClock(datetime(1970, 1, 2, tzinfo=UTC)))
    assert [finding.name for finding in findings if not finding.ok] == ["clock"]


def test_every_failed_check_says_what_to_do(home: Home) -> None:
    lose_key(home)
    open_root(home)
    findings = check_installation(home, environ=environ(home, PREFECT_API_URL="http://a.example"))
    advice = [finding.advice for finding in findings if not finding.ok]
    assert len(advice) == 3
    assert all(advice)


def test_prefect_is_imported_only_when_asked_for() -> None:
    code = (
        "import sys; from flows.doctor import check_installation; check_installation(); "
        "print('prefect' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"

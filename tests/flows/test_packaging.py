"""The wheel: our four packages with the files they read, and nothing else."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["flows", "harvesters", "analysis", "warehouse"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
READ_AT_RUN_TIME = (
    ("flows", "catalogue/movement.toml"),
    ("flows", "catalogue/forums.toml"),
    ("flows", "catalogue/fediverse.toml"),
    ("flows", "coding/page.html"),
    ("flows", "coding/page.css"),
    ("flows", "coding/page.js"),
    ("flows", "coding/distress_terms.txt"),
    ("warehouse", "schema/0001_first.sql"),
    ("warehouse", "release/columns.sql"),
    ("warehouse", "release/queries/keyness.sql"),
    ("analysis", "codebooks/value_frames.yaml"),
)


def data_files() -> set[str]:
    """Return what lies in our packages beside Python, as git knows it."""
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("this is no git checkout: run from one to compare the wheel with it")
    return {line for line in listed.stdout.splitlines() if not line.endswith(".py")}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network; uv keeps hatchling from making this environment."""
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if not Path(uv).exists():
        pytest.skip("uv is not here: pip install uv to build the wheel in this test")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [uv, "build", "--wheel", "--offline", "--out-dir", folder, ROOT],
        check=False,
        capture_output=True,
        text=True,
    )
    if "offline" in done.stderr.lower() and done.returncode:
        pytest.skip("hatchling is not in uv's cache: run uv sync once to build the wheel here")
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_is_told_our_packages() -> None:
    listed = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert listed == PACKAGES
    assert {p.parent.name for p in ROOT.glob("*/__init__.py")} == set(PACKAGES)


def test_the_command_is_there() -> None:
    assert PYPROJECT["project"]["scripts"] == {"valuetalk": "flows.commands:main"}


@pytest.mark.parametrize(("package", "path"), READ_AT_RUN_TIME)
def test_what_is_read_at_run_time_lies_in_its_package(package: str, path: str) -> None:
    assert files(package).joinpath(path).is_file()


def test_the_wheel_holds_our_packages_with_their_data_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == set(PACKAGES)
    assert data_files() <= names
    assert [name for name in names if {"tests", "conftest.py"} & set(name.split("/"))] == []


def test_the_unpacked_wheel_runs_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "flows.commands", "doctor"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "VALUETALK_HOME": ""},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"all from {tmp_path}" in done.stdout

"""Exact versions: one list in two places, which is what is installed where it was tested."""

import platform
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONSTRAINTS = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    return {normal(name): number for name, number in (line.split("==") for line in CONSTRAINTS)}


def declared() -> list[Requirement]:
    groups = PYPROJECT["dependency-groups"].values()
    return [
        Requirement(line)
        for line in (*PYPROJECT["project"]["dependencies"], *(part for g in groups for part in g))
    ]


def of_extras() -> list[Requirement]:
    extras = PYPROJECT["project"]["optional-dependencies"].values()
    return [Requirement(line) for extra in extras for line in extra]


def test_constraints_stand_in_pyproject_too() -> None:
    assert PYPROJECT["tool"]["uv"]["constraint-dependencies"] == CONSTRAINTS


def test_constraints_name_exact_versions_once_and_in_order() -> None:
    names = [line.split("==")[0] for line in CONSTRAINTS]
    assert all(re.fullmatch(r"[a-z0-9._-]+==[\w.+]+", line) for line in CONSTRAINTS)
    assert len(set(map(normal, names))) == len(names)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_every_declared_dependency_is_pinned_within_its_bounds(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pinned()[normal(requirement.name)])


@pytest.mark.parametrize("requirement", of_extras(), ids=str)
def test_what_an_extra_asks_for_is_exact_here_or_there(requirement: Requirement) -> None:
    exact = pinned().get(normal(requirement.name))
    if exact is None:
        assert str(requirement.specifier).startswith("==")
    else:
        assert requirement.specifier.contains(exact)


def test_what_broke_flows_and_schedules_is_held_back() -> None:
    bounds = {normal(each.name): each.specifier for each in declared()}
    assert not bounds["fastapi"].contains("0.151.0")
    assert not bounds["sqlalchemy"].contains("2.1.0")
    assert not bounds["prefect"].contains("3.9.0")
    assert str(bounds["duckdb"]) == "==1.5.5"


def test_no_registry_is_named() -> None:
    assert not set(PYPROJECT["tool"]["uv"]) & {"index", "index-url", "extra-index-url", "sources"}
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def where_it_was_tested() -> bool:
    return (sys.platform, platform.machine(), sys.version_info[:2]) == (
        "linux",
        "x86_64",
        (3, 11),
    )


@pytest.mark.skipif(
    not where_it_was_tested(),
    reason="the exact versions are those of Python 3.11 on Linux x86-64; other places have others",
)
def test_what_is_installed_is_what_was_tested() -> None:
    wanted = pinned()
    needed = {normal(each.name) for each in declared()}
    installed = {normal(found.name): found.version for found in distributions()}
    differing = {
        name: (number, wanted[name])
        for name, number in installed.items()
        if name in wanted and number != wanted[name]
    }
    assert differing == {}, "installed and tested versions differ; run uv sync"
    assert needed - set(installed) == set(), "declared but not installed; run uv sync"


def test_the_metadata_of_an_installed_copy_has_our_bounds() -> None:
    try:
        version("valuetalk")
    except PackageNotFoundError:
        pytest.skip("valuetalk is not installed here: install it to check its metadata")
    assert version("valuetalk") == PYPROJECT["project"]["version"]

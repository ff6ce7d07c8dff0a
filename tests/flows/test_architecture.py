"""The shape of the code: who may import whom, and which names modules may bear."""

import ast
import re
import subprocess
import sys
import sysconfig
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("flows", "harvesters", "analysis", "warehouse")
ENTRYPOINTS = ("nightly", "recheck", "backfill")
TOP_LEVEL = {
    *PACKAGES,
    *("tests", "docs", "pyproject.toml", "prefect.yaml", "README.md"),
    *("constraints.txt", "CHANGELOG.md", "LICENSE", "CONTRIBUTING.md"),
}


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


@cache
def imports(path: Path) -> set[str]:
    """Return the dotted names that a module imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def installed_names() -> set[str]:
    """Return the top-level names of everything installed beside us."""
    listed = "\n".join(
        found.read_text("RECORD") or ""
        for found in distributions()
        if found.name.lower() != "valuetalk"
    )
    return set(re.findall(r"^(\w+)(?:/__init__\.pyi?|\.py),", listed, re.MULTILINE))


def test_the_packages_import_each_other_in_one_direction() -> None:
    lint = Path(sysconfig.get_path("scripts")) / "lint-imports"
    if not lint.exists():
        pytest.skip("import-linter is not installed: install the dev group to run this test")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_code_is_a_package(package: str) -> None:
    folders = {path.parent for path in modules(package)}
    assert {folder for folder in folders if not (folder / "__init__.py").is_file()} == set()


def test_no_module_of_flows_hides_another_when_its_folder_leads_the_path() -> None:
    ours = {path.stem for path in (ROOT / "flows").iterdir() if path.stem.isidentifier()}
    ours -= {"__init__", "__pycache__", "__main__"}
    assert ours & set(PACKAGES) == set()
    assert ours & set(sys.stdlib_module_names) == set()
    assert ours & installed_names() == set()


def test_names_of_dependencies_are_seen() -> None:
    assert {"prefect", "duckdb", "pydantic", "typer"} <= installed_names()


def test_nobody_imports_an_entrypoint() -> None:
    entrypoints = {f"flows.{name}" for name in ENTRYPOINTS}
    importers = {
        str(path.relative_to(ROOT)): imports(path) & entrypoints
        for path in modules(*PACKAGES, "tests")
        if imports(path) & entrypoints
    }
    assert importers == {}


def test_imports_are_absolute() -> None:
    relative = [
        path
        for path in modules(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_nobody_imports_tests() -> None:
    assert [p for p in modules(*PACKAGES) if any(i.startswith("tests") for i in imports(p))] == []
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_records_need_the_standard_library_alone() -> None:
    roots = {name.split(".")[0] for name in imports(ROOT / "warehouse" / "records.py")}
    assert roots <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 500


def test_the_top_level_holds_what_was_decided() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("this is no git checkout: run from one to check the top level")
    shown = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {name for name in shown if not name.startswith(".")} <= TOP_LEVEL

"""A release is compared with what was published; a change anywhere in it is found and named."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.warehouse.invented import healthy_study
from warehouse.home import Home
from warehouse.protection.gate import pass_gate
from warehouse.records import Run
from warehouse.release.controlled import publish_controlled
from warehouse.release.manifest import checksums
from warehouse.release.public import publish_public
from warehouse.release.tables import CONTROLLED
from warehouse.release.verifying import verify_releases

RUN = Run(
    run_id="run-1", flow="nightly", started_at=datetime(2026, 3, 1, tzinfo=UTC), version="0.1.0"
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish both releases once; every test damages a copy."""
    home = Home(tmp_path_factory.mktemp("published"))
    study = healthy_study()
    publish_controlled(study.connection, home)
    publish_public(pass_gate(study.connection), home, dashboard="<!doctype html>\n", run=RUN)
    return home.root


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Home:
    """Give the releases to damage."""
    shutil.copytree(published, tmp_path / "home")
    return Home(tmp_path / "home")


def wrong(home: Home) -> list[str]:
    return [what for one in verify_releases(home) for what in one.wrong]


def test_what_was_published_is_found_as_it_was(home: Home) -> None:
    controlled, public = verify_releases(home)
    assert (controlled.release, public.release) == ("controlled", "public")
    assert (controlled.wrong, public.wrong) == ((), ())
    assert controlled.tables == len(CONTROLLED)
    assert controlled.rows > public.rows > 0
    assert controlled.files > len(CONTROLLED)


def test_the_manifest_counts_what_the_tables_hold(home: Home) -> None:
    manifest = json.loads((home.controlled / "manifest.json").read_bytes())
    parquet = home.controlled / "parquet"
    for table in CONTROLLED:
        file = parquet / f"{table}.parquet"
        if file.exists():
            assert manifest["tables"][table]["rows"] == pq.read_metadata(file).num_rows, table
    assert "discourse.duckdb" in manifest["sha256"]
    assert (home.controlled / "manifest.json").stat().st_mode & 0o777 == 0o600


FILES = [
    "controlled/latest/discourse.duckdb",
    "controlled/latest/parquet/coverage.parquet",
    "controlled/latest/parquet/posts.parquet",
    "public/latest/csv/topics.csv",
    "public/latest/dashboard.html",
    "public/latest/parquet/topics.parquet",
    "public/latest/trends.duckdb",
]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.77, 0.999])
def test_a_flipped_bit_is_found_wherever_it_is(home: Home, share: float) -> None:
    for name in FILES:
        flipped = bytearray((home.root / name).read_bytes())
        flipped[int(share * len(flipped))] ^= 4
        (home.root / name).write_bytes(flipped)
    places = [name.split("/", 2)[2] for name in FILES]
    assert wrong(home) == [f"{place} was changed or is damaged" for place in places]


@pytest.mark.parametrize("left", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_found(home: Home, left: float) -> None:
    for name in ("controlled/latest/discourse.duckdb", "public/latest/parquet/topics.parquet"):
        file = home.root / name
        os.truncate(file, int(left * file.stat().st_size))
    assert len(wrong(home)) == 2


def test_values_that_were_changed_by_whoever_changed_the_checksums_too_are_found(
    home: Home,
) -> None:
    """The sums of the files are made to fit, and the values still tell."""
    database = home.controlled / "discourse.duckdb"
    with duckdb.connect(database) as opened:
        opened.execute("UPDATE posts SET text = 'something else' WHERE post_id = 7")
    posts = home.controlled / "parquet" / "posts.parquet"
    table = pq.read_table(posts)
    pq.write_table(table.slice(1), posts)
    manifest_file = home.controlled / "manifest.json"
    manifest = json.loads(manifest_file.read_bytes())
    manifest["sha256"] = checksums(home.controlled)
    manifest_file.write_text(json.dumps(manifest))
    assert wrong(home) == [
        "discourse.duckdb: posts has other values than were published",
        f"parquet/posts.parquet has {table.num_rows - 1} rows instead of {table.num_rows}",
    ]


def test_files_that_are_missing_or_were_added_are_named(home: Home) -> None:
    (home.controlled / "parquet" / "posts.parquet").unlink()
    (home.controlled / "parquet" / "more.parquet").write_bytes(b"x")
    (home.public / "trends.duckdb").unlink()
    (home.controlled / "discourse.duckdb.tmp").mkdir()  # a reader's own
    (home.controlled / "discourse.duckdb.tmp" / "spilled").write_bytes(b"x")
    assert wrong(home) == [
        "parquet/posts.parquet is missing",
        "parquet/more.parquet was not published",
        "trends.duckdb is missing",
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format": 9, "tables": {}}'])
def test_a_manifest_that_cannot_be_used_is_itself_what_is_wrong(home: Home, content: bytes) -> None:
    for folder in (home.controlled, home.public):
        (folder / "manifest.json").write_bytes(content)
    found = wrong(home)
    assert len(found) == 2
    assert all("manifest.json" in what for what in found)
    (home.controlled / "manifest.json").unlink()
    assert "manifest.json is missing" in wrong(home)


def test_a_home_without_releases_has_none_to_verify(tmp_path: Path) -> None:
    assert verify_releases(Home(tmp_path)) == []

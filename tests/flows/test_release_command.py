"""`valuetalk release verify`: what it says and how it ends."""

import json
from pathlib import Path

from typer.testing import CliRunner

from flows.commands import app
from tests.warehouse.invented import healthy_study
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled


def test_a_release_is_verified_and_a_changed_one_ends_in_one_sentence(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "valuetalk.toml").write_text("[study]\n")
    verify = ["release", "verify", "--home", str(tmp_path)]
    done = CliRunner().invoke(app, verify)
    assert done.exit_code == 1
    assert "there is no release under" in done.stderr
    publish_controlled(healthy_study().connection, home)
    done = CliRunner().invoke(app, [*verify, "--json"])
    unpublished = "There is no public release here; 'valuetalk nightly' publishes it.\n"
    assert (done.exit_code, done.stderr) == (0, unpublished)
    (verified,) = json.loads(done.stdout)
    assert (verified["release"], verified["wrong"]) == ("controlled", [])
    posts = home.controlled / "parquet" / "posts.parquet"
    posts.write_bytes(posts.read_bytes()[:-1])
    done = CliRunner().invoke(app, verify)
    assert done.exit_code == 1
    assert done.stderr == (
        f"{unpublished}valuetalk: controlled release: parquet/posts.parquet was changed or is "
        "damaged; publish it again with 'valuetalk erase --publish'\n"
    )

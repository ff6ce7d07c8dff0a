"""`valuetalk corpus duplicates`, over a release of invented posts."""

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.commands import app
from tests.warehouse.corpus.copied_posts import FIRST, Copied, Invented, some_words
from warehouse.corpus.duplicates import find_duplicates
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

APPEAL = some_words(random.Random(1), 40)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    home.settings_file.write_text("# stands for a study's settings\n")
    copied = Copied()
    copied.add(*(Invented(n, APPEAL, FIRST + timedelta(hours=n)) for n in range(1, 4)))
    copied.study.index()
    find_duplicates(copied.study.connection)
    publish_controlled(copied.study.connection, home)
    monkeypatch.setenv("VALUETALK_HOME", str(home.root))
    monkeypatch.setattr("flows.commands.assert_own_packages", lambda: None)
    return home


@pytest.mark.usefixtures("home")
def test_families_are_shown_by_counts_without_a_word_of_their_texts() -> None:
    done = CliRunner().invoke(app, ["corpus", "duplicates", "--json"])
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)
    assert (row["original"], row["n_posts"], row["n_authors"], row["span_hours"]) == (1, 3, 3, 2)
    assert done.stderr == (
        "Copies of earlier posts: 2, in 1 families, 0 of them of one author and not shown.\n"
    )
    assert not [word for word in set(APPEAL) if word in done.stdout]


@pytest.mark.usefixtures("home")
def test_an_unknown_order_is_wrong_use() -> None:
    done = CliRunner().invoke(app, ["corpus", "duplicates", "--by", "likes"])
    assert done.exit_code == 2
    assert "--by likes is not one of posts, authors" in done.stderr

"""Frames that are asked for as topics are those of the study's own codebook."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analysis.codebook import Codebook, load_codebook
from flows.coding.codebooks import OWN_FILE
from flows.commands import app
from flows.commands import topics as topics_commands
from flows.topics.beginning import NewLine
from flows.topics.seeding import read_seeds
from tests.flows.topics.nights import Forum

BOOK = """
codebook: ours
version: 1
language: en
frames:
  - key: allotment
    name: Allotment
    family: value
    definition: Beans, spades and compost.
    include: [a greenhouse]
"""


@pytest.fixture
def asked_for(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, object]]:
    """A study with a codebook of its own; what its lines of topics are asked for is kept."""
    (forum.home.root / OWN_FILE).write_text(BOOK, encoding="utf-8")
    settings = forum.home.settings_file
    text = settings.read_text(encoding="utf-8")
    assert 'codebook = ""' in text
    settings.write_text(text.replace('codebook = ""', f'codebook = "{OWN_FILE}"'), encoding="utf-8")
    kept: list[Mapping[str, object]] = []

    def keep(home: Path | None, new: NewLine, **_: object) -> None:
        assert home == forum.home.root
        kept.append(new.seeds or {})

    monkeypatch.setattr(topics_commands, "_run", keep)
    return kept


def fit(forum: Forum, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["topics", "fit", "--home", str(forum.home.root), *arguments])


def test_seeds_are_words_of_the_study_s_own_frames(
    forum: Forum, asked_for: list[Mapping[str, object]]
) -> None:
    assert fit(forum, "--frame", "all").exit_code == 0
    assert fit(forum, "--frame", "allotment").exit_code == 0
    words = {"allotment", "beans", "spades", "compost", "greenhouse"}
    for seeds in asked_for:
        assert {name: set(held) for name, held in seeds.items()} == {"allotment": words}
    assert len(asked_for) == 2


def test_a_frame_of_another_codebook_is_none(
    forum: Forum, asked_for: list[Mapping[str, object]]
) -> None:
    refused = fit(forum, "--frame", load_codebook().keys[0])
    assert refused.exit_code != 0
    assert "the codebook ours has no frame" in refused.stderr
    assert not asked_for


def test_words_alone_need_no_codebook() -> None:
    def unread() -> Codebook:
        raise AssertionError

    assert read_seeds(None, ["Housing: rent, Rent"], codebook=unread) == {"Housing": ("rent",)}

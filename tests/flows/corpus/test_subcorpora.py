"""Sub-corpora: saved by name, with a hash that belongs to what the definition says."""

import hashlib
import stat
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.corpus.subcorpora import (
    Subcorpus,
    SubcorpusError,
    enter_subcorpora,
    find_subcorpus,
    load_subcorpus,
    normal_form,
    read_subcorpora,
    released_subcorpora,
    remove_subcorpus,
    save_subcorpus,
)
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import VirtualClock

CARERS = "role = 'carers' AND country = 'GB'"
NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "study")
    home.create()
    return home


@pytest.mark.parametrize(
    "typed",
    [
        "role='carers' and country='GB'",
        "( (Role = 'carers') AND\n\tCOUNTRY = 'GB' )",
        "role = 'carers' -- who cares for somebody\nAND \"country\" = 'GB'",
    ],
)
def test_a_definition_has_one_normal_form_however_it_is_typed(typed: str) -> None:
    assert normal_form(typed) == normal_form(CARERS)


@pytest.mark.parametrize(
    "other", ["role = 'Carers'", "role = 'carers' OR country = 'GB'", "country"]
)
def test_another_condition_has_another_normal_form(other: str) -> None:
    assert normal_form(other) != normal_form(CARERS)


ATOMS = st.sampled_from(
    [
        "role = 'carers'",
        "month >= DATE '2024-01-01'",
        "list_contains(tags, 'uk')",
        "n_words BETWEEN 5 AND 50",
        "title ILIKE '%peer%'",
        "language IN ('en', 'cy')",
        "frames[1] IS NOT NULL",
        "topic_id = 3",
    ]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map("NOT ({})".format),
        st.tuples(inner, st.sampled_from(["AND", "or"]), inner).map(
            lambda parts: "({}) {} ({})".format(*parts)
        ),
    ),
    max_leaves=5,
)


@settings(max_examples=8, deadline=None)
@given(CONDITIONS)
def test_a_normal_form_is_its_own(condition: str) -> None:
    assert normal_form(normal_form(condition)) == normal_form(condition)


@pytest.mark.parametrize(
    "condition", ["", "role = ", "true) OR (1 = 1", "true; SELECT 2", "1 FROM posts", "a, b"]
)
def test_what_is_not_one_condition_is_refused(condition: str) -> None:
    with pytest.raises(SubcorpusError, match="condition"):
        normal_form(condition)


def test_what_is_saved_is_found_again_with_its_hash_and_note(home: Home) -> None:
    made = save_subcorpus(home, "carers_uk", where=CARERS, note='for "respite"', now=NOW)
    assert read_subcorpora(home) == {"carers_uk": made}
    assert made.sha256 == hashlib.sha256(made.definition.encode()).hexdigest()
    (file,) = home.subcorpora.iterdir()
    assert tomllib.loads(file.read_text())["note"] == 'for "respite"'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.subcorpora.stat().st_mode) == 0o700


def test_a_name_stands_for_one_definition(home: Home) -> None:
    save_subcorpus(home, "carers", where=CARERS, now=NOW)
    save_subcorpus(home, "carers", where=f"({CARERS})", note="the same", now=NOW)
    assert read_subcorpora(home)["carers"].note == "the same"
    with pytest.raises(SubcorpusError, match="stands for another definition") as refused:
        save_subcorpus(home, "carers", where="role = 'carers'", now=NOW)
    assert "valuetalk corpus remove carers" in str(refused.value)


@pytest.mark.parametrize("name", ["", "Carers", "2024", "car ers", "../carers", "a" * 61])
def test_a_name_needs_no_quoting(home: Home, name: str) -> None:
    with pytest.raises(SubcorpusError, match="cannot be called"):
        save_subcorpus(home, name, where=CARERS, now=NOW)


def test_a_file_that_was_changed_by_hand_is_refused(home: Home) -> None:
    save_subcorpus(home, "carers", where=CARERS, now=NOW)
    (file,) = home.subcorpora.iterdir()
    file.write_text(file.read_text().replace("GB", "IE"))
    with pytest.raises(SubcorpusError, match="changed by hand"):
        read_subcorpora(home)
    file.write_text("definition = ")
    with pytest.raises(SubcorpusError, match="cannot be read as a sub-corpus"):
        read_subcorpora(home)


def test_removing_forgets_one_and_an_unknown_name_is_told_its_likeness(home: Home) -> None:
    save_subcorpus(home, "carers", where=CARERS, now=NOW)
    save_subcorpus(home, "peers", where="role = 'service_users'", now=NOW)
    with pytest.raises(SubcorpusError, match="did you mean carers"):
        remove_subcorpus(home, "carer")
    (home.subcorpora / "carers.toml").write_text("not a table")
    assert load_subcorpus(home, "peers").definition == "(\"role\" = 'service_users')"
    remove_subcorpus(home, "carers")
    assert list(read_subcorpora(home)) == ["peers"]
    with pytest.raises(SubcorpusError, match="valuetalk corpus list"):
        find_subcorpus({}, "peers")


def test_the_warehouse_has_what_the_home_has_saved(home: Home, tmp_path: Path) -> None:
    keys = KeyRing.create(tmp_path / "keys")
    carers = save_subcorpus(home, "carers", where=CARERS, note="a note", now=NOW)
    save_subcorpus(home, "peers", where="role = 'service_users'", now=NOW)
    with Warehouse.open(home, keys=keys, clock=VirtualClock(NOW)) as warehouse:
        assert enter_subcorpora(warehouse, home) == ""
        entered = released_subcorpora(warehouse.connection)
        assert list(entered) == ["carers", "peers"]
        assert entered["carers"] == Subcorpus(
            name="carers", definition=carers.definition, sha256=carers.sha256
        )
        remove_subcorpus(home, "peers")
        (file,) = home.subcorpora.iterdir()
        file.write_text("not a table")
        noted = enter_subcorpora(warehouse, home)
        assert "carers.toml cannot be read" in noted
        assert list(released_subcorpora(warehouse.connection)) == ["carers"]

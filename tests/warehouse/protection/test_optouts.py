"""Opt-outs refuse what comes and take out what is held, to the bytes, whatever kind they are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.warehouse.conftest import Study
from warehouse.errors import StateError
from warehouse.landing import read_segment
from warehouse.protection.erasure_list import ListFile, list_file, opted_out_hosts
from warehouse.protection.hosts import host_hash, plain_host
from warehouse.records import LoadCounts, ThreadCount, VirtualClock

START = datetime(2026, 1, 5, 2, tzinfo=UTC)
WORDS = "quokkaserenade of zebrafinches"
NATIVE_ID = "nid7731quokka"
URL = "https://gone.example/p/zebra-8842"
NEEDLES = (WORDS, NATIVE_ID, URL)


@pytest.fixture
def planted(loaded):
    """A study that holds one post to opt out of, loaded, landed and waiting, and others beside."""
    study = loaded.study
    loaded.warehouse.connection.execute("SET force_compression = 'uncompressed'")
    loaded.author = study.keys.author_key("discourse", "gone.example", "ann")
    loaded.target = study.post(
        NATIVE_ID,
        f"Once more the {WORDS} of March",
        author_key=loaded.author,
        native_thread_id=f"thread-of-{NATIVE_ID}",
        url=URL,
        host_key=host_hash(study.keys, "gone.example"),
    )
    counts = [
        ThreadCount(native_thread_id=thread, expected=9, fetched=1)
        for thread in (f"thread-of-{NATIVE_ID}", "t1")
    ]
    posts = [loaded.target, study.post("2", "an answer"), study.post("3", "another")]
    loaded.load(*posts, threads=tuple(counts))
    loaded.warehouse.write_state()
    study.next_night()
    return loaded


REQUESTS = {
    "author": lambda loaded: ("author", loaded.author),
    "thread": lambda _: ("thread", "forum", f"thread-of-{NATIVE_ID}"),
    "host": lambda _: ("host", "www.GONE.example:443"),
    "phrase": lambda _: ("phrase", "QuokkaSerenade  of\nzebrafinches"),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_an_optout_takes_out_history_and_refuses_what_comes_to_the_bytes(planted, kind, holding):
    root, study = planted.study.home.root, planted.study
    again = replace(planted.target, harvested_at=study.clock.now())
    waiting = study.land(again, study.post("4"))
    planted.warehouse.connection.execute("CHECKPOINT")
    before = holding(root, *NEEDLES)
    assert set(NEEDLES) <= before["warehouse.duckdb"]
    assert len([name for name in before if name.startswith("landing/")]) == 2
    request = REQUESTS[kind](planted)
    assert planted.warehouse.forget(*request, register="optouts") == 1
    assert planted.warehouse.forget(*request, register="optouts") == 0
    assert planted.rows("SELECT native_id FROM locators ORDER BY 1") == [("2",), ("3",)]
    planted.warehouse.erase_confirmed()
    assert holding(root, *NEEDLES, f"thread-of-{NATIVE_ID}") == {}
    assert not waiting.exists()
    (settled,) = planted.warehouse.pending_segments()
    assert planted.warehouse.load(settled) == LoadCounts(new=1)
    study.next_night()
    late = replace(planted.target, harvested_at=study.clock.now(), native_id=f"{NATIVE_ID}b")
    assert planted.load(late, study.post("5")) == LoadCounts(new=1, refused=1)
    rows = planted.rows("SELECT kind, n_words, length(hash) FROM optouts")
    assert rows == [(kind, 3 if kind == "phrase" else None, 24 if kind == "author" else 32)]
    assert holding(root, *NEEDLES, "gone.example", "GONE", "QuokkaSerenade") == {}


def test_an_earlier_version_that_held_the_phrase_goes_too(loaded, holding):
    study = loaded.study
    loaded.warehouse.connection.execute("SET force_compression = 'uncompressed'")
    loaded.load(study.post("1", f"the {WORDS}"))
    study.next_night()
    loaded.load(study.post("1", "harmless"), study.post("2"))
    assert loaded.warehouse.forget("phrase", WORDS, register="optouts") == 1
    loaded.warehouse.erase_confirmed()
    assert holding(study.home.root, WORDS) == {}
    study.next_night()
    assert loaded.load(study.post("1", "harmless")) == LoadCounts(new=1)


def test_an_edit_that_brings_the_phrase_in_takes_the_post_out(loaded, holding):
    study = loaded.study
    loaded.warehouse.connection.execute("SET force_compression = 'uncompressed'")
    loaded.warehouse.forget("phrase", WORDS, register="optouts")
    loaded.load(study.post("1", "the harmless hedgehog"), study.post("2"))
    study.next_night()
    assert loaded.load(study.post("1", f"the {WORDS}")) == LoadCounts(refused=1)
    assert loaded.rows("SELECT native_id FROM locators") == [("2",)]
    loaded.warehouse.erase_confirmed()
    assert holding(study.home.root, WORDS, "hedgehog") == {}


def test_a_copy_that_was_not_entered_leaves_its_segment_too(loaded):
    study = loaded.study
    shared = {"item_key": "k1", "author_key": "a" * 24}
    loaded.load(study.post("1", WORDS, **shared))
    other = {"source": "other", "community": "list"}
    counts = loaded.load(study.post("9", WORDS, **shared, **other), **other)
    assert counts == LoadCounts(elsewhere=1)
    loaded.warehouse.forget("author", "a" * 24)
    loaded.warehouse.erase_confirmed()
    segments = [read_segment(p) for p in study.home.landing.rglob("*.parquet")]
    assert [segment.rows.num_rows for segment in segments] == [0, 0]


def test_a_file_put_aside_goes_with_a_request(loaded):
    segment = loaded.study.land(loaded.study.post("1"))
    segment.write_bytes(segment.read_bytes()[:-9])
    assert loaded.warehouse.pending_segments() == []
    assert len([*loaded.study.home.quarantine.iterdir()]) == 1
    loaded.warehouse.forget("phrase", "anything at all", register="optouts")
    loaded.warehouse.erase_confirmed()
    assert [*loaded.study.home.quarantine.iterdir()] == []


def test_every_post_of_a_source_goes_when_its_host_opts_out(loaded):
    study = loaded.study
    loaded.load(study.post("1"), study.post("2"))
    other = {"source": "other", "community": "list"}
    loaded.load(study.post("9", **other), **other)
    assert loaded.warehouse.forget_source("forum") == 2
    loaded.warehouse.erase_confirmed()
    assert loaded.rows("SELECT source FROM posts") == [("other",)]


def test_the_list_is_a_file_that_a_new_database_learns_from(study):
    with study.open() as warehouse:
        warehouse.forget("phrase", WORDS, register="optouts")
        warehouse.forget("host", "gone.example", register="optouts")
    assert opted_out_hosts(study.home.state) == {host_hash(study.keys, "gone.example")}
    study.home.database.unlink()
    with study.open() as warehouse:
        assert warehouse.load(study.land(study.post("1", WORDS))) == LoadCounts(refused=1)


def test_lists_of_the_first_format_are_read(study):
    with study.open() as warehouse:
        warehouse.forget("post", "forum", "1")
    path = list_file(study.home.state, "erasures")
    entry = ListFile.read(path).rows[0]
    path.write_text(f'[["{entry[0]}", "post", "{entry[2].isoformat()}"]]')
    assert ListFile.read(path) == ListFile(links=1, rows=(entry,))
    with study.open() as warehouse:
        assert warehouse.load(study.land(study.post("1"))) == LoadCounts(refused=1)


def test_a_list_of_after_a_rotation_needs_its_keys(study):
    later = ListFile(links=2, rows=(("a" * 24, "author", study.clock.now(), None),))
    study.home.create()
    later.write(list_file(study.home.state, "optouts"))
    with pytest.raises(StateError, match="put the newest key file back"):
        study.open()


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("https://www.Forum.example:8080/t/1", "forum.example"),
        ("forum.example.", "forum.example"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("", ""),
        ("http://[::bad", ""),
    ],
)
def test_a_host_is_the_same_however_it_is_written(written: str, host: str) -> None:
    assert plain_host(written) == host


# Refusing at ingest equals erasing after

TEXTS = ["we wait", "help came late", "we wait for help", "Help CAME, late again"]
NIGHT = st.dictionaries(st.integers(0, 9), st.sampled_from(TEXTS), max_size=8)
OPTOUTS = st.lists(
    st.sampled_from(
        [
            ("author", "a" * 24),
            ("author", "b" * 24),
            ("thread", "forum", "t1"),
            ("post", "forum", "3"),
            ("host", "a.example"),
            ("phrase", "came late"),
            ("phrase", "we wait for"),
        ]
    ),
    max_size=3,
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nights=st.lists(NIGHT, min_size=1, max_size=2), optouts=OPTOUTS)
def test_refusing_at_ingest_equals_erasing_after(tmp_path_factory, nights, optouts):
    """Whether the requests come first or last, the same is held once everything is read again."""
    first, last = (
        held_after(
            Study(tmp_path_factory.mktemp("study"), VirtualClock(START)),
            nights,
            optouts,
            requests_first=requests_first,
        )
        for requests_first in (True, False)
    )
    assert first == last


def held_after(study, nights, optouts, *, requests_first):
    with study.open() as warehouse:
        steps = [lambda: honour(warehouse, optouts), lambda: load(study, warehouse, nights)]
        for step in steps if requests_first else reversed(steps):
            step()
        load(study, warehouse, nights[-1:])
        table = warehouse.query(
            "SELECT native_id, native_thread_id, author_key, text, community, withheld "
            "FROM posts JOIN locators USING (post_id) ORDER BY 1"
        )
    return [*zip(*(column.to_pylist() for column in table.columns), strict=True)]


def honour(warehouse, optouts):
    for request in optouts:
        warehouse.forget(*request, register="optouts")
    warehouse.erase_confirmed()


def load(study, warehouse, nights):
    hosts = [host_hash(study.keys, host) for host in ("a.example", "b.example", None)]
    for night in nights:
        study.next_night()
        rows = [
            study.post(
                str(number),
                text,
                author_key="abc"[number % 3] * 24,
                native_thread_id=f"t{number % 2}",
                host_key=hosts[number // 4],
            )
            for number, text in night.items()
        ]
        warehouse.load(study.land(*rows))

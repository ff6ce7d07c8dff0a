"""A source that is erased as a whole: nothing of it is held, nothing of it comes back."""

from dataclasses import replace

from warehouse.landing import read_segment
from warehouse.protection.erasure_list import is_erased_source
from warehouse.records import LoadCounts, ThreadCount, Validator
from warehouse.state import due_file, known_file

PAGE = {"https://blog.example/quokka": Validator(etag="a")}


def blog(study, native_id):
    return replace(
        study.post(native_id, "the zebrafinch waits"),
        source="blog",
        native_thread_id="quokka-thread",
        url=f"https://blog.example/{native_id}",
    )


def land(study, *posts):
    return study.land(
        *posts,
        source="blog",
        validators=PAGE,
        cursor={"newest": "quokka-cursor"},
        threads=(ThreadCount(native_thread_id="quokka-thread", expected=2, fetched=2),),
    )


def test_nothing_of_an_erased_source_is_left_and_nothing_comes_back(loaded, holding):
    study, warehouse = loaded.study, loaded.warehouse
    warehouse.connection.execute("SET force_compression = 'uncompressed'")
    loaded.load(study.post("1"))
    warehouse.load(land(study, blog(study, "b1"), blog(study, "b2")))
    warehouse.write_state()
    waiting = land(study, blog(study, "b3"))
    (study.home.quarantine / "blog__x.parquet").write_bytes(b"zebrafinch")
    state = [known_file(study.home.state, "blog", "board"), due_file(study.home.state, "blog")]
    assert all(file.is_file() for file in state)
    warehouse.connection.execute("CHECKPOINT")
    words = ("zebrafinch", "quokka")
    assert {name.partition("/")[0] for name in holding(study.home.root, *words)} >= {
        "landing",
        "state",
        "warehouse.duckdb",
    }
    assert warehouse.forget("source", "blog") == 2
    assert warehouse.erase_confirmed() == 2
    assert holding(study.home.root, *words) == {}
    assert not any(file.is_file() for file in (*state, waiting))
    assert loaded.rows("SELECT post_id FROM posts") == [(1,)]
    assert loaded.rows("SELECT DISTINCT source FROM cursors") == [("forum",)]
    assert is_erased_source(study.home.state, study.keys, "blog")
    assert not is_erased_source(study.home.state, study.keys, "forum")


def test_what_is_landed_of_an_erased_source_later_is_refused_with_its_header(loaded):
    study, warehouse = loaded.study, loaded.warehouse
    loaded.load(study.post("1"))
    warehouse.forget("source", "blog")
    warehouse.erase_confirmed()
    segment = land(study, blog(study, "b1"))
    assert warehouse.load(segment) == LoadCounts(refused=1)
    (kept,) = (study.home.landing / "blog").glob("*.parquet")
    header = read_segment(kept).header
    assert (header.cursor, dict(header.validators), header.threads) == (None, {}, ())
    assert warehouse.pending_segments() == []
    assert loaded.one("SELECT count(*) FROM validators") == 0
    assert loaded.one("SELECT count(*) FROM thread_locators WHERE source = 'blog'") == 0


def test_an_erasure_that_was_ended_after_the_state_went_is_finished_by_the_next(
    loaded, monkeypatch
):
    study, warehouse = loaded.study, loaded.warehouse
    warehouse.load(land(study, blog(study, "b1")))
    warehouse.forget("source", "blog")
    monkeypatch.setattr("warehouse.gateway.erasure.delete_sources", lambda *_, **__: 1 / 0)
    try:
        warehouse.erase_confirmed()
    except ZeroDivisionError:
        monkeypatch.undo()
    assert loaded.one("SELECT count(*) FROM cursors") == 1
    assert warehouse.erase_confirmed() == 1
    assert loaded.one("SELECT count(*) FROM cursors") == 0

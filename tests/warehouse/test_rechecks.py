"""Which posts fall due, in which order, and what harvests are told of threads."""

from datetime import timedelta

from warehouse.gateway import Warehouse
from warehouse.rechecks import RecheckPolicy, due_posts
from warehouse.records import KnownThread, Validator
from warehouse.state import due_file, known_file, read_due, read_known

DAY = timedelta(days=1)


def due(loaded, source="forum"):
    loaded.warehouse.write_state()
    return [ref.native_id for ref in read_due(loaded.study.home.state, source, limit=100)]


def test_a_post_of_an_active_thread_is_due_every_night(loaded):
    study = loaded.study
    loaded.load(study.post("1", created_at=study.clock.now() - 400 * DAY), study.post("2"))
    assert due(loaded) == ["1", "2"]
    for _ in range(14):
        study.next_night()
    loaded.load(study.saw("present", "1"), activity="recheck")
    assert set(due(loaded)) == {"1", "2"}


def test_a_post_of_a_quiet_thread_waits_longer_the_older_it_is(loaded):
    study, now = loaded.study, loaded.study.clock.now()
    ages = {"month": 30, "year": 365, "decade": 3650}
    loaded.load(
        *(
            study.post(name, native_thread_id=name, created_at=now - age * DAY)
            for name, age in ages.items()
        )
    )
    found = {}
    for night in range(1, 120):
        listed = due_posts(
            loaded.warehouse.connection,
            sources=["forum"],
            policy=RecheckPolicy(),
            now=study.clock.now(),
        )
        for name in listed.column("native_id").to_pylist():
            found.setdefault(name, night)
        study.next_night()
    # A month's 30 / 7 is 4.3 nights and a year's 52 at first; both grow while the post waits. A
    # decade's 521 is held down to 90. The night that reads a post is the one after the list.
    assert 4 <= found["month"] <= 6
    assert 52 <= found["year"] <= 62
    assert found["decade"] == 90


def test_missed_posts_come_first_then_the_most_overdue(loaded):
    study = loaded.study
    loaded.load(study.post("old"))
    study.next_night()
    loaded.load(study.post("missed"), study.post("young"))
    study.next_night()
    loaded.load(study.saw("gone", "missed"), activity="recheck")
    loaded.warehouse.write_state()
    refs = read_due(study.home.state, "forum", limit=2)
    assert [(ref.native_id, ref.missed) for ref in refs] == [("missed", True), ("old", False)]
    assert refs[0].content_hash == study.post("missed").content_hash
    assert refs[0].url == study.post("missed").url


def test_a_post_that_nobody_can_judge_does_not_hold_up_the_others(loaded):
    study = loaded.study
    loaded.load(study.post("locked"), study.post("open"))
    study.next_night()
    loaded.load(study.saw("unknown", "locked"), activity="recheck")
    assert due(loaded) == ["open", "locked"]


def test_an_import_has_nobody_to_ask_again(loaded):
    study = loaded.study
    loaded.load(study.post("1"), activity="import")
    assert due(loaded) == []
    assert not due_file(study.home.state, "forum").exists()
    loaded.load(study.post("2"))
    assert due(loaded) == ["1", "2"]


def test_the_hash_that_is_due_is_that_of_the_latest_revision(loaded):
    study = loaded.study
    for text in ("A", "B", "A"):
        loaded.load(study.post("1", text))
        study.next_night()
    loaded.warehouse.write_state()
    (ref,) = read_due(study.home.state, "forum", limit=9)
    assert ref.content_hash == study.keys.content_hash("A")


def test_harvesters_know_the_threads_of_the_last_sixty_days(loaded):
    study, now = loaded.study, loaded.study.clock.now()
    loaded.load(
        study.post("1", created_at=now - DAY),
        study.post("2", created_at=now),
        study.post("3", created_at=now),
        study.post("4", native_thread_id="quiet", created_at=now - 61 * DAY),
    )
    loaded.warehouse.write_state()
    known = read_known(study.home.state, "forum", "board")
    assert known.threads == {"t1": KnownThread(last_native_id="3", last_post_at=now, n_posts=3)}


def test_validators_of_pages_that_nobody_reads_any_more_are_dropped(loaded):
    study = loaded.study
    loaded.load(validators={"/old": Validator(etag="a")})
    for _ in range(61):
        study.next_night()
    loaded.load(validators={"/new": Validator(etag="b")})
    loaded.warehouse.write_state()
    assert [*read_known(study.home.state, "forum", "board").validators] == ["/new"]


def test_only_what_changed_is_written_again(loaded):
    study = loaded.study
    loaded.load(study.post("1"))
    loaded.load(study.post("1", source="blog"), source="blog")
    loaded.warehouse.write_state()
    files = [known_file(study.home.state, source, "board") for source in ("forum", "blog")]
    before = [file.stat().st_ino for file in files]
    study.next_night()
    loaded.load(source="blog")
    loaded.warehouse.write_state()
    after = [file.stat().st_ino for file in files]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_state_that_was_never_written_is_written_by_the_next_process(study):
    with study.open() as warehouse:
        warehouse.load(study.land(study.post("1"), cursor={"page": 3}))
    with study.open() as warehouse:
        assert isinstance(warehouse, Warehouse)
        warehouse.write_state()
    assert read_known(study.home.state, "forum", "board").cursor == {"page": 3}

"""What loading a segment does to what is held."""

from datetime import UTC, datetime, timedelta

from warehouse.records import LoadCounts, ThreadCount, Traffic

HOUR = timedelta(hours=1)


def revisions(loaded):
    return loaded.rows(
        "SELECT native_id, r.revision, length, r.text FROM post_revisions r "
        "JOIN locators USING (post_id) ORDER BY ALL"
    )


def test_new_posts_get_dense_ids_in_the_order_of_landing(loaded):
    posts = [loaded.study.post(name) for name in ("c", "a", "b")]
    assert loaded.load(*posts) == LoadCounts(new=3)
    assert loaded.rows("SELECT native_id, post_id FROM locators ORDER BY post_id") == [
        ("c", 1),
        ("a", 2),
        ("b", 3),
    ]


def test_a_post_keeps_every_column_it_came_with(loaded):
    created = datetime(2025, 12, 31, 23, 59, 59, 123456, tzinfo=UTC)
    post = loaded.study.post(
        "1",
        text="naïve café \N{GRINNING FACE} \x00 end",
        title="A title",
        kind="post",
        created_at=created,
        edited_at=created + HOUR,
        language=None,
        automated=True,
        redactions={"email": 2},
    )
    loaded.load(post)
    (row,) = loaded.warehouse.query("SELECT * FROM posts").to_pylist()
    assert row == {
        "post_id": 1,
        "source": "forum",
        "community": "board",
        "thread_id": 1,
        "parent_id": None,
        "kind": "post",
        "author_key": post.author_key,
        "created_at": created,
        "edited_at": created + HOUR,
        "harvested_at": post.harvested_at,
        "title": "A title",
        "text": post.text,
        "own_text": post.own_text,
        "language": None,
        "n_words": None,
        "revision": 1,
        "text_version": 1,
        "duplicate_of": None,
        "automated": True,
        "withheld": False,
    }


def test_the_same_text_again_is_no_revision_but_a_check(loaded):
    loaded.load(loaded.study.post("1"))
    seen = loaded.study.next_night()
    assert loaded.load(loaded.study.post("1")) == LoadCounts(unchanged=1)
    assert loaded.one("SELECT revision FROM posts") == 1
    assert loaded.rows("SELECT last_checked_at, n_checks FROM checks") == [(seen, 2)]


def test_a_b_a_are_three_revisions_and_the_first_two_keep_their_texts(loaded):
    for text in ("A", "BB", "A"):
        loaded.load(loaded.study.post("1", text))
        loaded.study.next_night()
    assert revisions(loaded) == [("1", 1, 1, "A"), ("1", 2, 2, "BB"), ("1", 3, 1, None)]
    assert loaded.rows("SELECT text, revision FROM posts") == [("A", 3)]


def test_a_b_a_within_one_segment_are_three_revisions_in_time_order(loaded):
    study, start = loaded.study, loaded.study.clock.now()
    versions = [
        study.post("1", text, harvested_at=start + hours * HOUR)
        for hours, text in ((2, "A"), (0, "A"), (1, "B"))
    ]
    counts = loaded.load(*versions, study.post("2"))
    assert counts == LoadCounts(new=2, edited=2)
    assert [row[3] for row in revisions(loaded) if row[0] == "1"] == ["A", "B", None]


def test_an_edit_replaces_the_row_and_forgets_what_was_derived_from_the_text(loaded):
    loaded.load(loaded.study.post("1", "before"))
    loaded.warehouse.connection.execute("UPDATE posts SET n_words = 1, duplicate_of = 9")
    loaded.study.next_night()
    assert loaded.load(loaded.study.post("1", "after")) == LoadCounts(edited=1)
    assert loaded.rows("SELECT post_id, text, n_words, duplicate_of FROM posts") == [
        (1, "after", None, None)
    ]


def test_a_newer_cleaner_derives_the_row_again_without_a_revision(loaded):
    raw = loaded.study.keys.content_hash("raw")
    loaded.load(loaded.study.post("1", "clean", content_hash=raw))
    loaded.study.next_night()
    again = loaded.study.post("1", "cleaner", content_hash=raw, text_version=2)
    assert loaded.load(again) == LoadCounts(unchanged=1)
    assert loaded.rows("SELECT text, text_version, revision FROM posts") == [("cleaner", 2, 1)]
    assert len(revisions(loaded)) == 1


def test_an_author_who_left_the_platform_leaves_the_post_too(loaded):
    loaded.load(loaded.study.post("1"))
    loaded.study.next_night()
    assert loaded.load(loaded.study.post("1", author_key=None)) == LoadCounts(unchanged=1)
    assert loaded.one("SELECT author_key FROM posts") is None
    assert loaded.one("SELECT count(*) FROM pending_copies") == 1


def test_an_older_reading_never_undoes_a_newer_one(loaded):
    study, early = loaded.study, loaded.study.clock.now()
    study.next_night()
    loaded.load(study.post("1", "new"))
    late = loaded.load(
        study.post("1", "old", harvested_at=early), study.saw("gone", "1", seen_at=early)
    )
    assert late == LoadCounts(unchanged=1, unknown=1)
    assert loaded.rows("SELECT text, withheld FROM posts") == [("new", False)]


def test_a_reply_finds_its_parent_wherever_that_stands(loaded):
    study = loaded.study
    loaded.load(
        study.post("reply before", native_parent_id="parent"),
        study.post("parent"),
        study.post("waits", native_parent_id="late"),
        study.post("own parent", native_parent_id="own parent"),
    )
    study.next_night()
    loaded.load(study.post("late"), study.post("next", native_parent_id="parent"))
    assert loaded.rows(
        "SELECT c.native_id, p.native_id FROM posts JOIN locators c USING (post_id) "
        "LEFT JOIN locators p ON p.post_id = posts.parent_id ORDER BY 1"
    ) == [
        ("late", None),
        ("next", "parent"),
        ("own parent", None),
        ("parent", None),
        ("reply before", "parent"),
        ("waits", "late"),
    ]
    assert loaded.one("SELECT count(*) FROM awaited_parents") == 0


def test_threads_count_their_posts_and_take_the_title_of_the_first(loaded):
    study, start = loaded.study, loaded.study.clock.now()
    loaded.load(
        study.post("1", kind="post", title="Waiting lists", created_at=start - HOUR),
        study.post("2", created_at=start),
        study.post("3", native_thread_id="t2", created_at=start + HOUR),
    )
    assert loaded.rows("SELECT * EXCLUDE (source, community) FROM threads ORDER BY ALL") == [
        (1, "Waiting lists", start - HOUR, start, 2),
        (2, "", start + HOUR, start + HOUR, 1),
    ]
    study.next_night()
    loaded.load(study.post("1", "x", kind="post", title="New title", created_at=start - HOUR))
    assert loaded.one("SELECT title FROM threads WHERE thread_id = 1") == "New title"


def test_a_post_stays_in_the_community_where_it_came_first(loaded):
    loaded.load(loaded.study.post("1"))
    loaded.study.next_night()
    elsewhere = loaded.study.post("1", "edited", community="other")
    loaded.load(elsewhere, community="other")
    assert loaded.rows("SELECT community, text FROM posts") == [("board", "edited")]


def test_equal_native_ids_of_two_sources_are_two_posts(loaded):
    loaded.load(loaded.study.post("1"))
    other = loaded.study.post("1", source="blog")
    assert loaded.load(other, source="blog") == LoadCounts(new=1)
    assert loaded.one("SELECT count(DISTINCT thread_id) FROM posts") == 2


def test_a_missed_post_is_withheld_and_comes_back_when_it_is_seen(loaded):
    study = loaded.study
    loaded.load(study.post("1"))
    missed = study.next_night()
    assert loaded.load(study.saw("gone", "1", reason="not_found")) == LoadCounts(missed=1)
    state = (
        "SELECT withheld, first_missed_at, n_missed, reason FROM posts JOIN checks USING (post_id)"
    )
    assert loaded.rows(state) == [(True, missed, 1, "not_found")]
    study.next_night()
    assert loaded.load(study.saw("present", "1")) == LoadCounts(present=1)
    assert loaded.rows(state) == [(False, None, 0, None)]
    study.next_night()
    assert loaded.load(study.saw("gone", "1")) == LoadCounts(missed=1)


def test_a_post_seen_in_a_harvest_is_back_too(loaded):
    loaded.load(loaded.study.post("1"))
    loaded.study.next_night()
    loaded.load(loaded.study.saw("gone", "1"))
    loaded.study.next_night()
    loaded.load(loaded.study.post("1"))
    assert loaded.rows("SELECT withheld FROM posts") == [(False,)]


def test_two_reports_of_one_moment_do_not_confirm_each_other(loaded):
    loaded.load(loaded.study.post("1"))
    loaded.study.next_night()
    gone = loaded.study.saw("gone", "1")
    assert loaded.load(gone, gone) == LoadCounts(missed=2)
    assert loaded.one("SELECT n_missed FROM checks") == 1


def test_the_second_check_confirms_and_leaves_a_tombstone_only(loaded):
    study = loaded.study
    loaded.load(study.post("1"), study.post("2"))
    first = study.next_night()
    loaded.load(study.saw("gone", "1", reason="deleted_by_author"))
    second = study.next_night()
    assert loaded.load(study.saw("gone", "1", reason="removed")) == LoadCounts(confirmed=1)
    assert loaded.rows("SELECT * FROM tombstones") == [
        (1, "forum", "board", "removed", first, second)
    ]
    assert loaded.rows("SELECT post_id, native_id FROM pending_erasures") == [(1, "1")]
    assert loaded.rows("SELECT post_id FROM posts") == [(2,)]
    assert loaded.rows("SELECT n_posts FROM threads") == [(1,)]
    assert loaded.rows("SELECT post_id FROM locators") == [(2,)]


def test_a_thread_goes_with_its_last_post(loaded):
    loaded.load(loaded.study.post("1"))
    for _ in range(2):
        loaded.study.next_night()
        loaded.load(loaded.study.saw("gone", "1"))
    assert loaded.one("SELECT count(*) FROM threads") == 0
    assert loaded.one("SELECT count(*) FROM thread_locators") == 0


def test_a_post_seen_again_after_it_was_confirmed_gone_is_a_new_post(loaded):
    study, start = loaded.study, loaded.study.clock.now()
    loaded.load(study.post("1"))
    counts = loaded.load(
        study.saw("gone", "1", seen_at=start + HOUR),
        study.saw("gone", "1", seen_at=start + 2 * HOUR),
        study.post("1", harvested_at=start + 3 * HOUR),
        study.saw("gone", "1", seen_at=start + 4 * HOUR),
    )
    assert counts == LoadCounts(missed=2, confirmed=1, new=1)
    assert loaded.rows("SELECT post_id, thread_id, revision, withheld FROM posts") == [
        (2, 1, 1, True)
    ]


def test_an_unknown_answer_is_counted_and_never_a_miss(loaded):
    loaded.load(loaded.study.post("1"))
    checked = loaded.study.clock.now()
    tried = loaded.study.next_night()
    assert loaded.load(loaded.study.saw("unknown", "1")) == LoadCounts(unknown=1)
    assert loaded.rows("SELECT last_checked_at, last_tried_at, n_checks, n_missed FROM checks") == [
        (checked, tried, 1, 0)
    ]


def test_sightings_of_posts_that_are_not_held_are_unknown(loaded):
    saw = loaded.study.saw
    assert loaded.load(saw("present", "9"), saw("gone", "9")) == LoadCounts(unknown=2)


def test_an_edited_sighting_brings_its_post_along(loaded):
    study = loaded.study
    loaded.load(study.post("1", "before"))
    study.next_night()
    edited = study.saw("edited", "1", post=study.post("1", "after"))
    assert loaded.load(edited, activity="recheck") == LoadCounts(edited=1, present=1)
    assert loaded.one("SELECT text FROM posts") == "after"


def test_confirm_after_says_how_many_checks_it_takes(study):
    with study.open(confirm_after=3) as warehouse:
        warehouse.load(study.land(study.post("1")))
        found = []
        for _ in range(3):
            study.next_night()
            found.append(warehouse.load(study.land(study.saw("gone", "1"))))
    assert found == [LoadCounts(missed=1), LoadCounts(missed=1), LoadCounts(confirmed=1)]


def test_loading_a_segment_again_changes_nothing(loaded):
    segment = loaded.study.land(loaded.study.post("1"), cursor={"page": 1})
    loaded.warehouse.load(segment)
    tables = ("posts", "post_revisions", "checks", "harvests", "segments", "cursors")
    before = [loaded.rows(f"SELECT * FROM {table}") for table in tables]
    loaded.study.next_night()
    assert loaded.warehouse.load(segment) == LoadCounts(already_loaded=True)
    assert [loaded.rows(f"SELECT * FROM {table}") for table in tables] == before


def test_an_empty_segment_moves_the_cursor(loaded):
    assert loaded.load(cursor={"since": "2026"}) == LoadCounts()
    assert loaded.one("SELECT cursor FROM cursors") == '{"since": "2026"}'


def test_a_failure_in_the_middle_leaves_nothing_of_the_segment(loaded, monkeypatch):
    loaded.load(loaded.study.post("1"))
    segment = loaded.study.land(loaded.study.post("2"), cursor={"page": 2})

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("warehouse.ledger.enter", fail)
    try:
        loaded.warehouse.load(segment)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("the failure was swallowed")
    monkeypatch.undo()
    assert loaded.rows("SELECT native_id FROM locators") == [("1",)]
    assert loaded.one("SELECT cursor FROM cursors") == "{}"
    assert loaded.warehouse.pending_segments() == [segment]
    assert loaded.warehouse.load(segment) == LoadCounts(new=1)


def test_an_item_that_another_source_holds_is_counted_and_not_entered_twice(loaded):
    study = loaded.study
    first = loaded.load(study.post("1", item_key="same"), study.post("2", item_key="other"))
    again = loaded.load(
        study.post("11", source="mirror", item_key="same"),
        study.post("12", source="mirror", item_key="new"),
        study.post("13", source="mirror"),
        source="mirror",
    )
    assert (first.new, first.elsewhere) == (2, 0)
    assert (again.new, again.elsewhere) == (2, 1)
    assert loaded.one("SELECT count(*) FROM posts") == 4
    assert loaded.one("SELECT drops['held_elsewhere'] FROM harvests WHERE source = 'mirror'") == 1


def test_an_item_comes_from_its_other_source_once_the_first_has_lost_it(loaded):
    study = loaded.study
    loaded.load(study.post("1", item_key="same"))
    for _ in range(2):
        study.next_night()
        loaded.load(study.saw("gone", "1"), activity="recheck")
    loaded.load(study.post("11", source="mirror", item_key="same"), source="mirror")
    assert loaded.one("SELECT any_value(source) FROM posts HAVING count(*) = 1") == "mirror"


def test_what_threads_promise_is_kept_and_cut_ones_are_counted(loaded):
    study = loaded.study
    thread = ThreadCount(native_thread_id="t1", expected=5, fetched=2)
    whole = ThreadCount(native_thread_id="t2", expected=1, fetched=1)
    loaded.load(
        study.post("1", native_thread_id="t1"),
        study.post("2", native_thread_id="t1"),
        study.post("3", native_thread_id="t2"),
        threads=(thread, whole),
        evidence="recording",
        status="partial",
        traffic=Traffic(requests=3, decisions={"spaced": 2}),
    )
    rows = loaded.rows("SELECT native_thread_id, expected FROM thread_locators ORDER BY ALL")
    assert rows == [("t1", 5), ("t2", 1)]
    row = loaded.rows("SELECT cut_threads, evidence, decisions['spaced'] FROM harvests")
    assert row == [(1, "recording", 2)]

"""What a pass over a community promised, read and cost, and where it goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from warehouse.records import CommunityCount, Gap, SourceInfo, Traffic, Validator
from warehouse.state import read_known

ROW = """
SELECT expected, fetched, new, edited, gone, dropped, drops, gaps, requests, not_modified,
       throttled_seconds, status, error
FROM harvests
"""


def test_the_segments_of_a_pass_add_up_and_the_final_one_ends_it(loaded):
    study, now = loaded.study, loaded.study.clock.now()
    gap = Gap(since=now - timedelta(days=1), until=now, reason="feed too short")
    loaded.load(
        study.post("1"), study.post("2"), final=False, expected=3, fetched=2, drops={"empty": 1}
    )
    assert loaded.rows("SELECT status, fetched, expected FROM harvests") == [("partial", 2, 3)]
    loaded.load(
        study.post("3"),
        expected=None,
        fetched=1,
        drops={"empty": 1, "odd": 2},
        gaps=(gap,),
        traffic=Traffic(requests=7, not_modified=2, throttled_seconds=1.5),
        status="complete",
    )
    assert [dict(row) for row in loaded.warehouse.query(ROW).to_pylist()] == [
        {
            "expected": 3,
            "fetched": 3,
            "new": 3,
            "edited": 0,
            "gone": 0,
            "dropped": 4,
            "drops": [("empty", 2), ("odd", 2)],
            "gaps": [{"since": gap.since, "until": gap.until, "reason": "feed too short"}],
            "requests": 7,
            "not_modified": 2,
            "throttled_seconds": 1.5,
            "status": "complete",
            "error": None,
        }
    ]


def test_passes_of_other_runs_communities_and_activities_are_other_rows(loaded):
    study = loaded.study
    loaded.load(study.post("1"))
    study.next_night()
    loaded.load(study.saw("gone", "1"), activity="recheck")
    study.run_id = "run2"
    study.next_night()
    loaded.load(study.saw("gone", "1"), activity="recheck")
    loaded.load(community="other", status="blocked", error="robots.txt forbids it")
    assert loaded.rows(
        "SELECT run_id, community, activity, new, gone, status, error FROM harvests ORDER BY ALL"
    ) == [
        ("run1", "board", "harvest", 1, 0, "complete", None),
        ("run1", "board", "recheck", 0, 0, "complete", None),
        ("run2", "board", "recheck", 0, 1, "complete", None),
        ("run2", "other", "harvest", 0, 0, "blocked", "robots.txt forbids it"),
    ]


def test_a_cursor_stays_where_a_segment_has_none(loaded):
    study = loaded.study
    done = study.clock.now()
    loaded.load(cursor={"since": "9"}, validators={"/": Validator(etag="a")})
    study.next_night()
    loaded.load(status="partial", validators={"/2": Validator(etag="b"), "/": Validator(trusted=1)})
    loaded.warehouse.write_state()
    known = read_known(study.home.state, "forum", "board")
    assert known.cursor == {"since": "9"}
    assert known.last_complete_at == done
    assert known.validators == {"/": Validator(trusted=1), "/2": Validator(etag="b")}


@pytest.mark.parametrize(
    "header",
    [{"final": False}, {"status": "partial"}, {"activity": "recheck"}, {"activity": "import"}],
)
def test_only_a_complete_harvest_counts_as_complete(loaded, header):
    loaded.load(**header)
    assert loaded.rows("SELECT last_complete_at FROM cursors") == [(None,)]


def test_sources_know_their_first_and_last_harvest(loaded):
    study = loaded.study
    info = SourceInfo(source="forum", platform="discourse", licence="CC0", ethics_ref="e1")
    loaded.warehouse.register_sources([info])
    harvests = "SELECT first_harvest, last_harvest FROM sources"
    loaded.load(status="failed")
    assert loaded.rows(harvests) == [(None, None)]
    first = study.next_night()
    loaded.load()
    last = study.next_night()
    loaded.load(status="partial")
    study.next_night()
    loaded.load(activity="recheck")
    loaded.warehouse.register_sources([info])
    assert loaded.rows(harvests) == [(first, last)]


def test_a_segment_of_many_communities_says_what_one_of_each_would(loaded):
    study = loaded.study
    posts = [study.post(str(n), community=f"board{n % 3}") for n in range(7)]
    drops = {"board0": {"empty": 2}, "board3": {"empty": 1, "no_date": 1}}
    counts = [
        CommunityCount(
            community=name,
            fetched=sum(post.community == name for post in posts),
            expected=sum(post.community == name for post in posts)
            + sum(drops.get(name, {}).values()),
            drops=drops.get(name, {}),
        )
        for name in ("board0", "board1", "board2", "board3")
    ]
    study.run_id = "apart"
    for count in counts:
        own = [post for post in posts if post.community == count.community]
        loaded.load(
            *[replace(post, native_id=f"x{post.native_id}") for post in own],
            activity="import",
            community=count.community,
            expected=count.expected,
            fetched=count.fetched,
            drops=count.drops,
        )
    study.run_id = "together"
    mixed = {"activity": "import", "community": "forum"}
    first = [replace(count, drops={}, expected=count.fetched) for count in counts[:3]]
    loaded.load(*posts[:4], **mixed, communities=_of(posts[:4], first))
    rest = [_less(count, posts[:4]) for count in counts]
    loaded.load(*posts[4:], **mixed, communities=rest)
    loaded.load(*posts, **mixed, communities=first)  # a second import of the same

    row = (
        "SELECT community, expected, fetched, new, edited, gone, dropped, drops, status "
        "FROM harvests WHERE run_id = $run ORDER BY community"
    )
    apart = loaded.rows(row, {"run": "apart"})
    together = loaded.rows(row, {"run": "together"})
    assert [name for name, *_ in together] == ["board0", "board1", "board2", "board3"]
    again = {"board0": 3, "board1": 2, "board2": 2, "board3": 0}
    assert together == [
        (name, expected + again[name], fetched + again[name], *others)
        for name, expected, fetched, *others in apart
    ]
    assert loaded.one("SELECT count(*) FROM cursors") == 4


def _of(posts, counts):
    """What is of each community among some of the posts."""
    named = [post.community for post in posts]
    return [
        replace(count, fetched=named.count(count.community), expected=named.count(count.community))
        for count in counts
    ]


def _less(count, posts):
    n = [post.community for post in posts].count(count.community)
    return replace(count, fetched=count.fetched - n, expected=count.expected - n)


def test_an_archive_has_no_state_files_and_loses_those_it_had(loaded):
    study = loaded.study
    files = lambda: [*(study.home.state / "known").rglob("*.json")]  # noqa: E731
    source = SourceInfo(source="forum", platform="discourse", licence="", ethics_ref="REC 1")
    loaded.warehouse.register_sources([source])
    loaded.load(study.post("1"), activity="import")
    loaded.warehouse.write_state()
    assert len(files()) == 1
    loaded.warehouse.register_sources([replace(source, platform="archive")])
    loaded.load(study.post("2"), activity="import")
    loaded.load(study.post("3", community="other"), activity="import", community="other")
    loaded.warehouse.write_state()
    assert files() == []
    assert loaded.one("SELECT count(*) FROM cursors WHERE NOT state_written") == 0

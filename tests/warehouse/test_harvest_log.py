"""What a pass over a community promised, read and cost, and where it goes on."""

from datetime import timedelta

import pytest

from warehouse.records import Gap, SourceInfo, Traffic, Validator
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

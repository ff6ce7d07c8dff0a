"""Trees of comments on demand, with a bounded number of requests, and their counts."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Unavailable
from tests.harvesters.invented_reddit import (
    PLACE,
    SPEC,
    START,
    InventedReddit,
    comment,
    submission,
)
from warehouse.records import Batch, Known, KnownThread, ThreadCount

LATER = START + timedelta(hours=200)


def harvest(site: Any, server: Any, known: Known | None = None, **options: Any) -> list[Batch]:
    harvester = site.open(replace(SPEC, options={"trees": True, **options}), server)
    return list(harvester.harvest(PLACE, since=LATER, known=known or Known()))


def old_comments(root: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Return comments that stand behind the bound, where no listing comes to: a tree does."""
    above = [root]
    for number in range(count):
        above.append(comment(1 + number / 10, above[number // 2]))
    return above[1:]


def thread(hours: float, count: int, *, offset: float = 0.0) -> list[dict[str, Any]]:
    root = submission(hours, num_comments=count)
    return [root, *(comment(1 + offset + n / 10, root) for n in range(count))]


def names(batches: list[Batch]) -> set[str]:
    return {post.native_id for batch in batches for post in batch.posts}


def counts(batches: list[Batch]) -> dict[str, ThreadCount]:
    return {t.native_thread_id: t for batch in batches for t in batch.threads}


def next_known(batches: list[Batch], known_after: Any) -> Known:
    """Return what the loader would know: it also keeps what each thread promised."""
    known = known_after(batches)
    promised = counts(batches)
    threads: dict[str, KnownThread] = {
        name: replace(held, expected=promised[name].expected if name in promised else None)
        for name, held in known.threads.items()
    }
    return replace(known, threads=threads)


def trees(site: Any) -> list[str]:
    return [path for path in site.asked if path.startswith("/comments/")]


def folds(site: Any) -> list[str]:
    return [path for path in site.asked if path.startswith("/api/morechildren")]


def test_without_the_option_a_thread_that_lacks_comments_is_counted_and_left(site: Any) -> None:
    root, *comments = thread(210, 9)
    batches = harvest(site, InventedReddit([root, *comments]), trees=False)
    name = root["data"]["name"]
    assert counts(batches)[name] == ThreadCount(native_thread_id=name, expected=10, fetched=1)
    assert names(batches) == {name}
    assert trees(site) == []


def test_a_thread_that_lacks_comments_is_read_to_the_last_fold(site: Any) -> None:
    root = submission(210, num_comments=40)
    comments = old_comments(root, 40)
    server = InventedReddit([root, *comments])
    server.folded = {comments[n]["data"]["name"] for n in (3, 17, 39)}

    batches = harvest(site, server)

    assert names(batches) == set(server.things)
    name = root["data"]["name"]
    assert counts(batches)[name] == ThreadCount(native_thread_id=name, expected=41, fetched=41)
    parents = {p.native_id: p.native_parent_id for b in batches for p in b.posts}
    for thing in comments:
        assert parents[thing["data"]["name"]] == thing["data"]["parent_id"]
    assert all(batch.complete for batch in batches)
    assert len(trees(site)) == 1
    assert 1 <= len(folds(site)) <= 3


def test_a_thread_that_has_all_its_comments_is_not_asked_for(site: Any, known_after: Any) -> None:
    root = submission(210, num_comments=2)
    server = InventedReddit([root, comment(211, root), comment(212, root)])
    batches = harvest(site, server)
    assert trees(site) == []
    assert all(count.expected == count.fetched == 3 for count in counts(batches).values())
    server.change(root["data"]["name"], num_comments=3)
    server.add(comment(213, root))
    harvest(site, server, next_known(batches, known_after))
    assert trees(site) == []


def test_a_thread_that_promises_more_than_it_shows_is_read_once(
    site: Any, known_after: Any
) -> None:
    root, *comments = thread(210, 9)
    server = InventedReddit([root, *comments[:6]])
    first = harvest(site, server)
    assert counts(first)[root["data"]["name"]].fetched == 7
    assert len(trees(site)) == 1

    known = next_known(first, known_after)
    harvest(site, server, known)
    assert len(trees(site)) == 1  # as many are missing as last time

    server.change(root["data"]["name"], num_comments=10)
    harvest(site, server, known)
    assert len(trees(site)) == 2


def test_the_requests_of_a_night_are_bounded_and_the_next_night_goes_on(
    site: Any, known_after: Any
) -> None:
    things = [thing for n in range(5) for thing in thread(210 + n, 4 + n, offset=n / 100)]
    server = InventedReddit(things)
    first = harvest(site, server, tree_requests=2)
    assert len(trees(site)) == 2
    assert not all(batch.complete for batch in first)
    cursor = known_after(first).cursor
    assert len(str(cursor["owed"]).split()) == 3

    second = harvest(site, server, next_known(first, known_after), tree_requests=2)
    third = harvest(site, server, next_known([*first, *second], known_after), tree_requests=2)
    assert len(trees(site)) == len(set(trees(site))) == 5
    assert names([*first, *second, *third]) == set(server.things)
    assert all(batch.complete for batch in third)
    assert known_after(third).cursor["owed"] == ""


def test_a_tree_that_is_cut_is_counted_as_cut(site: Any, known_after: Any) -> None:
    root, *comments = thread(210, 30)
    server = InventedReddit([root, *comments])
    server.folded = {t["data"]["name"] for t in comments[10:]}
    first = harvest(site, server, tree_requests=5)
    count = counts(first)[root["data"]["name"]]
    assert (count.expected, count.fetched) == (31, 1 + 10 + 4)
    assert not all(batch.complete for batch in first)
    assert len(trees(site)) + len(folds(site)) == 5
    second = harvest(site, server, next_known(first, known_after), tree_requests=5)
    assert len(trees(site)) == 1  # a whole night's requests would end at the same place
    assert names(second) == {root["data"]["name"]}


def test_what_a_failing_tree_showed_is_kept_and_the_thread_is_owed(
    site: Any, known_after: Any
) -> None:
    root, *comments = thread(210, 12)
    server = InventedReddit([root, *comments])
    server.folded = {t["data"]["name"] for t in comments[6:]}
    failing = True

    def answer(request: httpx.Request) -> httpx.Response:
        if failing and len(folds(site)) > 2:
            return httpx.Response(503)
        return server(request)

    read: list[Batch] = []
    harvester = site.open(replace(SPEC, options={"trees": True}), answer)
    with pytest.raises(Unavailable):
        read.extend(harvester.harvest(PLACE, since=LATER, known=Known()))
    assert len(names(read)) == 1 + 6 + 2
    assert known_after(read).cursor["owed"] == root["data"]["name"]
    failing = False
    rest = harvest(site, answer, next_known(read, known_after))
    assert names(read) | names(rest) == set(server.things)


def test_a_thread_that_vanished_is_owed_to_nobody(site: Any, known_after: Any) -> None:
    root, *comments = thread(210, 5)
    server = InventedReddit([root, *comments])

    def answer(request: httpx.Request) -> httpx.Response:
        lost = request.url.path.startswith("/comments/")
        return httpx.Response(404, json={"error": 404}) if lost else server(request)

    batches = harvest(site, answer)
    assert known_after(batches).cursor["owed"] == ""
    assert all(batch.complete for batch in batches)


def test_recorded_trees_keep_what_stands_and_count_what_was_withdrawn(
    site: Any, recording: Any
) -> None:
    tree = json.loads(recording("reddit/tree.json"))
    root = tree[0]["data"]["children"][0]
    server = InventedReddit([root])
    answers = {
        "nx0ah": recording("reddit/morechildren_branch.json"),
        "nx0ai%2Cnx0aj": recording("reddit/morechildren.json"),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/comments/1pk0aa/":
            return httpx.Response(200, json=tree)
        if request.url.path == "/api/morechildren/":
            asked = request.content.decode()
            (content,) = [c for name, c in answers.items() if f"children={name}&" in asked]
            return httpx.Response(200, content=content)
        return server(request)

    harvester = site.open(replace(SPEC, options={"trees": True}), answer)
    batches = list(harvester.harvest(PLACE, since=START, known=Known()))

    assert names(batches) == {"t3_1pk0aa", "t1_nx0ab", "t1_nx0ae", "t1_nx0ac", "t1_nx0ah"}
    (batch,) = batches
    assert batch.drops == {"deleted_by_author": 1, "removed": 1, "account_deleted": 1}
    assert {s.native_id: s.reason for s in batch.sightings} == {
        "t1_nx0ag": "deleted_by_author",
        "t1_nx0ai": "removed",
        "t1_nx0aj": "account_deleted",
    }
    assert counts(batches)["t3_1pk0aa"].fetched == 8
    assert batch.complete

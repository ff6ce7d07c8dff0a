"""Topics that were not read to their last post, on an invented forum."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.base import HarvestError, ParseError
from harvesters.discourse.topics import Met, Topics
from tests.harvesters.test_discourse import FIVE, SPEC, START, Forum, ids, post
from warehouse.records import Batch, Known

WHOLE = replace(SPEC, options={"topics": True})
SINCE = START + timedelta(hours=25)


class ListedForum(Forum):
    """A forum that also lists the topics of a category, thirty a page, and names their posts."""

    def __init__(self, posts: list[dict[str, Any]]) -> None:
        super().__init__(posts, "limit")
        self.more: dict[int, int] = {}  # posts that a topic counts and shows to nobody

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/c/"):
            return self._listed(int(path.split("/")[2]), int(request.url.params.get("page", "0")))
        answer = super().__call__(request)
        if not path.startswith("/t/") or path.endswith("/posts.json") or answer.status_code != 200:
            return answer
        about = answer.json()
        topic = about["id"]
        about["post_stream"]["stream"] = self._of_topic(topic)
        return httpx.Response(200, json=about | {"posts_count": self._count(topic)})

    def _of_topic(self, topic: int) -> list[int]:
        return [i for i, item in sorted(self.posts.items()) if item["topic_id"] == topic]

    def _count(self, topic: int) -> int:
        return len(self._of_topic(topic)) + self.more.get(topic, 0)

    def _listed(self, category: int, page: int) -> httpx.Response:
        newest: dict[int, int] = {}
        for i, item in sorted(self.posts.items()):
            if item["category_id"] == category:
                newest[item["topic_id"]] = i
        order = sorted(newest, key=lambda topic: -newest[topic])[page * 30 : page * 30 + 30]
        topics = [{"id": topic, "posts_count": self._count(topic)} for topic in order]
        return httpx.Response(200, json={"topic_list": {"topics": topics}})


def harvest(site: Any, forum: Any, known: Known = Known(), since: Any = None) -> list[Batch]:  # noqa: B008
    return list(site.open(WHOLE, forum).harvest(FIVE, since=since, known=known))


def counts(batches: list[Batch]) -> dict[str, tuple[int | None, int]]:
    return {t.native_thread_id: (t.expected, t.fetched) for b in batches for t in b.threads}


def known_with_counts(known_after: Any, batches: list[Batch]) -> Known:
    known = known_after(batches)
    expected = {name: count[0] for name, count in counts(batches).items()}
    newest = {
        t: max(int(p.native_id) for b in batches for p in b.posts if p.native_thread_id == t)
        for t in known.threads
    }
    threads = {
        name: replace(thread, expected=expected.get(name), last_native_id=str(newest[name]))
        for name, thread in known.threads.items()
    }
    return replace(known, threads=threads)


def test_topics_that_were_read_whole_are_counted_by_one_list(site: Any) -> None:
    forum = ListedForum([post(n) for n in range(10, 60)])

    batches = harvest(site, forum)

    assert counts(batches) == {"102": (10, 10), "104": (10, 10)}
    assert all(batch.complete for batch in batches)
    assert [asked for asked in site.asked if "posts.json" not in asked] == ["/c/5/l/latest.json"]


def test_a_topic_that_began_before_the_bound_is_read_from_its_start(site: Any) -> None:
    forum = ListedForum([post(n) for n in range(10, 60)])

    batches = harvest(site, forum, since=SINCE)

    read = {int(p.native_id): p for b in batches for p in b.posts}
    assert set(read) == {*range(20, 30), *range(40, 50)}
    assert (read[20].kind, read[20].title) == ("post", "Topic 102")
    assert read[24].native_parent_id == "23"
    assert counts(batches) == {"102": (10, 10), "104": (10, 10)}
    assert len(ids(batches)) == len(set(ids(batches)))


def test_a_long_topic_is_read_twenty_posts_a_request(site: Any) -> None:
    talk = [
        post(n, category_id=5, topic_id=9, post_number=n, topic_title="Long") for n in range(1, 96)
    ]
    forum = ListedForum(talk)

    batches = harvest(site, forum, since=START + timedelta(hours=90))

    assert sorted(ids(batches)) == list(range(1, 96))
    assert counts(batches) == {"9": (95, 95)}
    assert sum("post_ids" in asked for asked in site.asked) == 4


def test_a_topic_that_shows_less_than_it_counts_is_cut(site: Any) -> None:
    forum = ListedForum([post(n) for n in range(10, 40)])
    forum.more[102] = 3

    batches = harvest(site, forum)

    assert counts(batches) == {"102": (13, 10)}
    assert not batches[-1].complete
    assert sum(b.expected or 0 for b in batches) - sum(b.fetched for b in batches) == 3


def test_a_night_reads_no_topic_again_that_it_followed(site: Any, known_after: Any) -> None:
    forum = ListedForum([post(n) for n in range(10, 46)])
    known = known_with_counts(known_after, harvest(site, forum))
    site.requests.clear()
    assert not counts(harvest(site, forum, known))
    assert len(site.requests) == 1

    forum.posts.update({n: post(n) for n in range(46, 50)})
    site.requests.clear()
    third = harvest(site, forum, known)
    assert counts(third) == {"104": (10, 10)}
    assert [asked.partition("?")[0] for asked in site.asked] == [
        "/posts.json",
        "/c/5/l/latest.json",
    ]


def test_more_cut_topics_than_a_night_reads_are_counted(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harvesters.discourse.topics.MAX_TOPICS", 1)
    forum = ListedForum([post(n) for n in range(10, 90)])
    forum.more = {102: 1, 104: 1, 106: 1}

    batches = harvest(site, forum)

    assert batches[-1].drops == {"topic_left": 2}
    assert not batches[-1].complete


def test_what_the_forum_itself_says_is_automated(site: Any) -> None:
    said = {"raw": "x", "cooked": "<p>This topic is about the hub.</p>"}
    forum = ListedForum([post(20, user_id=-1, **said), post(21, user_id=7, **said)])

    (batch,) = list(site.open(SPEC, forum).harvest(FIVE, since=None, known=Known()))

    assert {int(p.native_id): p.automated for p in batch.posts} == {20: True, 21: False}


@pytest.mark.parametrize("answer", [{}, {"topic_list": {}}, {"topic_list": {"topics": "none"}}, []])
def test_what_is_no_list_of_topics_is_refused_after_the_posts(site: Any, answer: Any) -> None:
    forum = ListedForum([post(n) for n in range(10, 40)])

    def handle(request: httpx.Request) -> httpx.Response:
        listed = request.url.path.startswith("/c/")
        return httpx.Response(200, json=answer) if listed else forum(request)

    read: list[Batch] = []
    with pytest.raises(HarvestError):
        read.extend(site.open(WHOLE, handle).harvest(FIVE, since=None, known=Known()))
    assert len(ids(read)) == 10


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "topic_list",
                    "topics",
                    "id",
                    "posts_count",
                    "post_stream",
                    "posts",
                    "stream",
                    "title",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(["topic_list", "post_stream", "posts_count"]), JUNK))
@settings(max_examples=150, deadline=None)
def test_hostile_lists_and_topics_raise_nothing_but_parse_errors(answer: dict[str, Any]) -> None:
    met = Met({1: {5}, 2: set()})
    listed = {"topic_list": {"topics": [{"id": 1, "posts_count": 9}, {"id": 2, "posts_count": 1}]}}
    now = datetime(2026, 1, 5, tzinfo=UTC)
    for lists in (answer, listed):
        topics = Topics(
            Known(), met, lambda path, _, a=lists: (a if "/c/" in path else answer, now)
        )
        with suppress(ParseError):
            for topic in topics.whole_topics("5"):
                assert topic.fetched <= topic.expected

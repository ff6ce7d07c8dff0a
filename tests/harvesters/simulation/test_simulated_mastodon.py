"""The social server answers as Mastodon does to guests."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.catalogue import SOCIAL, SOURCE_BY_NAME
from harvesters.simulation.mastodon_site import MastodonSite
from harvesters.simulation.world import World

NEEDED = {
    *("id", "created_at", "edited_at", "in_reply_to_id", "reblog", "content", "account", "url"),
    *(
        "uri",
        "visibility",
        "language",
        "spoiler_text",
        "mentions",
        "tags",
        "quote",
        "replies_count",
    ),
}
TAG = "/api/v1/timelines/tag/openminds"


@pytest.fixture(scope="module")
def site(world: World) -> MastodonSite:
    return MastodonSite(world, SOURCE_BY_NAME[SOCIAL], base="http://127.0.0.1:1")


def ask(site: MastodonSite, target: str, now: datetime) -> Answer:
    return site.answer(Question.read(target, now=now))


def get(site: MastodonSite, target: str, now: datetime) -> Any:
    answer = ask(site, target, now)
    assert answer.status == 200, target
    return json.loads(answer.body)


def expected_ids(world: World, now: datetime, tag: str = "openminds") -> set[str]:
    """Statuses and boosts of a tag that stand at a moment, found one by one."""
    posts = [post for post in world.visible(SOCIAL, now) if post.community == tag]
    standing = {post.number for post in posts}
    boosts = {str(r.number) for r in world.reblogs if r.at <= now and r.of in standing}
    return {str(number) for number in standing} | boosts


def recorded_answers(data_dir: Path) -> list[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    answers = []
    folder = data_dir / "recorded" / "mastodon"
    for path in (*sorted(folder.glob("test_status_*.yaml")), folder / "test_hashtag_tl.yaml"):
        tape = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        answers += [json.loads(i["response"]["body"]["string"]) for i in tape["interactions"]]
    return answers


def real_fields(data_dir: Path) -> tuple[set[str], set[str], set[str]]:
    """Fields of statuses, accounts and the instance that a real server sent."""
    statuses: set[str] = set()
    accounts: set[str] = set()
    instance: set[str] = set()
    for answer in recorded_answers(data_dir):
        for item in answer if isinstance(answer, list) else [answer]:
            if "content" in item and "visibility" in item:
                statuses |= set(item)
                accounts |= set(item["account"])
            if "domain" in item:
                instance |= set(item)
    return statuses, accounts, instance


def test_fields_are_those_of_a_recorded_mastodon(
    site: MastodonSite, midwinter: datetime, data_dir: Path
) -> None:
    statuses, accounts, instance = real_fields(data_dir)
    for item in get(site, f"{TAG}?limit=40", midwinter):
        assert NEEDED <= set(item) <= statuses
        assert {"id", "acct", "bot", "url", "note", "noindex"} <= set(item["account"]) <= accounts
    assert set(get(site, "/api/v2/instance", midwinter)) <= instance


@pytest.mark.parametrize("limit", [3, 40])
def test_both_ways_of_paging_meet_every_entry_once(
    site: MastodonSite, world: World, midwinter: datetime, limit: int
) -> None:
    expected = expected_ids(world, midwinter)
    back: list[str] = []
    bound = ""
    while page := get(site, f"{TAG}?limit={limit}{bound}", midwinter):
        back += [item["id"] for item in page]
        bound = f"&max_id={page[-1]['id']}"
    assert len(back) == len(expected)
    assert set(back) == expected
    assert back == sorted(back, key=int, reverse=True)
    forward: list[str] = []
    newest = "0"
    while page := get(site, f"{TAG}?limit={limit}&min_id={newest}", midwinter):
        assert [i["id"] for i in page] == sorted((i["id"] for i in page), key=int, reverse=True)
        forward += [item["id"] for item in reversed(page)]
        newest = page[0]["id"]
    assert forward == back[::-1]


def test_links_lead_on_and_back(site: MastodonSite, midwinter: datetime) -> None:
    answer = ask(site, f"{TAG}?limit=5", midwinter)
    ids = [item["id"] for item in json.loads(answer.body)]
    link = dict(answer.headers)["Link"]
    assert f'max_id={ids[-1]}>; rel="next"' in link
    assert f'min_id={ids[0]}>; rel="prev"' in link
    assert "Link" not in dict(ask(site, f"{TAG}?min_id={2**62}", midwinter).headers)


def test_since_id_shows_the_newest_page_only(site: MastodonSite, midwinter: datetime) -> None:
    newest = get(site, f"{TAG}?limit=5", midwinter)
    assert get(site, f"{TAG}?limit=5&since_id=1", midwinter) == newest
    assert get(site, f"{TAG}?limit=5&min_id=1", midwinter) != newest


def test_a_page_holds_at_most_forty_and_usually_twenty(
    site: MastodonSite, midwinter: datetime
) -> None:
    assert len(get(site, f"{TAG}?limit=400", midwinter)) == 40
    assert len(get(site, TAG, midwinter)) == 20
    assert get(site, "/api/v1/timelines/tag/nobody", midwinter) == []


def test_boosts_repeat_a_status_now_and_then(
    site: MastodonSite, world: World, midwinter: datetime
) -> None:
    page, items = get(site, f"{TAG}?limit=40", midwinter), []
    while page and len(items) < 400:
        items += page
        page = get(site, f"{TAG}?limit=40&max_id={page[-1]['id']}", midwinter)
    boosts = [item for item in items if item["reblog"] is not None]
    assert 3 <= len(boosts) <= 30
    for boost in boosts:
        post = world.post(SOCIAL, boost["reblog"]["id"])
        assert boost["content"] == boost["reblog"]["content"]
        assert boost["created_at"] > boost["reblog"]["created_at"]
        assert post.is_visible(midwinter)


def test_missing_statuses_are_left_out_of_several(
    site: MastodonSite, world: World, midwinter: datetime
) -> None:
    posts = [p for p in world.of_source(SOCIAL) if p.created_at < midwinter]
    gone = [post for post in posts if not post.is_visible(midwinter)][:8]
    there = [post for post in posts if post.is_visible(midwinter)][:8]
    query = "&".join(f"id[]={post.number}" for post in gone + there)
    items = get(site, f"/api/v1/statuses?{query}", midwinter)
    assert [item["id"] for item in items] == [str(post.number) for post in there]
    assert ask(site, f"/api/v1/statuses/{gone[0].number}", midwinter).status == 404
    assert get(site, f"/api/v1/statuses/{there[0].number}", midwinter)["id"] == there[0].native_id
    too_many = "&".join(f"id[]={number}" for number in range(21))
    assert ask(site, f"/api/v1/statuses?{too_many}", midwinter).status == 422


def test_edits_show_their_time_and_their_history(site: MastodonSite, world: World) -> None:
    post = next(p for p in world.of_source(SOCIAL) if len(p.versions) == 3 and p.deleted_at is None)
    target = f"/api/v1/statuses/{post.number}"
    for position, version in enumerate(post.versions):
        status = get(site, target, version.at)
        assert status["content"] == version.html
        assert (status["edited_at"] is None) == (position == 0)
        history = get(site, f"{target}/history", version.at)
        assert [entry["content"] for entry in history] == [
            earlier.html for earlier in post.versions[: position + 1]
        ]


def test_context_holds_what_stands_above_and_below(
    site: MastodonSite, world: World, midwinter: datetime
) -> None:
    standing = {post.number: post for post in world.visible(SOCIAL, midwinter)}
    answered = [post for post in standing.values() if post.parent in standing]
    deepest = next(p for p in answered if standing[p.parent or 0].parent in standing)
    parent = standing[deepest.parent or 0]
    context = get(site, f"/api/v1/statuses/{deepest.number}/context", midwinter)
    assert [item["id"] for item in context["ancestors"]][-2:] == [
        str(parent.parent),
        str(parent.number),
    ]
    below = get(site, f"/api/v1/statuses/{parent.number}/context", midwinter)["descendants"]
    children = {p.native_id for p in standing.values() if p.parent == parent.number}
    assert children <= {item["id"] for item in below}
    status = get(site, f"/api/v1/statuses/{parent.number}", midwinter)
    assert status["replies_count"] == len(children)


def test_a_reply_to_a_deleted_status_answers_nothing(site: MastodonSite, world: World) -> None:
    reply = next(
        p
        for p in world.of_source(SOCIAL)
        if p.parent is not None
        and p.deleted_at is None
        and world.post(SOCIAL, str(p.parent)).deleted_at is not None
    )
    deleted_at = world.post(SOCIAL, str(reply.parent)).deleted_at
    assert deleted_at is not None
    target = f"/api/v1/statuses/{reply.number}"
    assert get(site, target, reply.created_at)["in_reply_to_id"] == str(reply.parent)
    assert get(site, target, deleted_at)["in_reply_to_id"] is None


def test_quotes_carry_the_quoted_status_while_it_stands(site: MastodonSite, world: World) -> None:
    quoting = [p for p in world.of_source(SOCIAL) if p.quoted is not None and not p.deleted_at]
    standing = next(p for p in quoting if not world.post(SOCIAL, str(p.quoted)).deleted_at)
    quote = get(site, f"/api/v1/statuses/{standing.number}", standing.created_at)["quote"]
    assert quote["state"] == "accepted"
    assert quote["quoted_status"]["id"] == str(standing.quoted)
    orphan = next(p for p in quoting if world.post(SOCIAL, str(p.quoted)).deleted_at)
    later = world.post(SOCIAL, str(orphan.quoted)).deleted_at
    assert later is not None
    quote = get(site, f"/api/v1/statuses/{orphan.number}", later)["quote"]
    assert quote == {"state": "deleted", "quoted_status": None}


def test_limits_are_told_with_an_iso_reset(site: MastodonSite, midwinter: datetime) -> None:
    headers = dict(ask(site, TAG, midwinter).headers)
    assert headers["X-RateLimit-Limit"] == "300"
    assert 0 <= int(headers["X-RateLimit-Remaining"]) <= 300
    reset = datetime.fromisoformat(headers["X-RateLimit-Reset"])
    assert timedelta(0) < reset - midwinter <= timedelta(minutes=5)


def test_bots_and_accounts_of_other_servers_are_told(
    site: MastodonSite, world: World, midwinter: datetime
) -> None:
    bot = next(post for post in world.visible(SOCIAL, midwinter) if post.automated)
    assert get(site, f"/api/v1/statuses/{bot.number}", midwinter)["account"]["bot"] is True
    remote = next(post for post in world.visible(SOCIAL, midwinter) if "@" in post.handle)
    account = get(site, f"/api/v1/statuses/{remote.number}", midwinter)["account"]
    name, host = remote.handle.split("@")
    assert (account["username"], account["acct"]) == (name, remote.handle)
    assert account["url"] == f"http://{host}/@{name}"

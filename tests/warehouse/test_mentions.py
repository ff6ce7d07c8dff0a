import time

import pytest

from warehouse.protection.keys import KeyRing
from warehouse.protection.mentions import AUTHOR_TOKEN, replace_mentions, whole_name

KEYS = KeyRing(study="s", author=(b"1" * 32,), content=b"2" * 32, erasure=b"3" * 32)


def token(platform: str, host: str, handle: str) -> str:
    return f"author_{KEYS.author_key(platform, host, handle)}"


ANN_HERE = token("discourse", "forum.example", "ann.b")
ANN_ON_B = token("mastodon", "b.example", "ann")
REDDIT_ANN = token("reddit", "reddit.com", "ann_b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thanks @ann.b, that helped.", f"Thanks {ANN_HERE}, that helped."),
        ("(@Ann.B)", f"({ANN_HERE})"),
        ("@ann.b: yes", f"{ANN_HERE}: yes"),
        ("so says @ann.b.", f"so says {ANN_HERE}."),
        ("@ann.b@forum.example wrote", f"{ANN_HERE} wrote"),
        ("ask @ann@b.example today", f"ask {ANN_ON_B} today"),
        ("see https://b.example/@ann for more", f"see {ANN_ON_B} for more"),
        ("see https://b.example/users/Ann.", f"see {ANN_ON_B}."),
        ("by u/ann_b or /u/Ann_B", f"by {REDDIT_ANN} or {REDDIT_ANN}"),
        ("https://www.reddit.com/user/ann_b/ said", f"{REDDIT_ANN} said"),
        ("https://forum.example/u/ann.b asked", f"{ANN_HERE} asked"),
    ],
)
def test_a_mention_becomes_the_key_of_the_account_it_names(text: str, expected: str) -> None:
    found = replace_mentions(text, platform="discourse", host="forum.example", keys=KEYS)
    assert found.text == expected
    assert found.counts == {"mention": len(AUTHOR_TOKEN.findall(expected))}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nobody is named here.",
        "Meet @ 5pm or @2pm, I am @home.",
        "write to ann@example.org",
        "and/or w/o and n/a",
        "https://b.example/@ann/123456 is a post, not a profile",
        "https://b.example/users/ann/statuses/1",
        "https://elsewhere.example/members/ann.12",
        "either/u/or",
    ],
)
def test_what_is_no_mention_stays(text: str) -> None:
    found = replace_mentions(text, platform="discourse", host="forum.example", keys=KEYS)
    assert found.text == text
    assert found.counts == {}


def test_local_and_full_mentions_on_a_federated_platform_are_one_account() -> None:
    found = replace_mentions(
        "@ann @Ann@b.example https://b.example/@ann",
        platform="mastodon",
        host="b.example",
        keys=KEYS,
    )
    assert found.text == " ".join([ANN_ON_B] * 3)


def test_a_reddit_mention_agrees_with_the_author_of_the_reddit_source() -> None:
    found = replace_mentions("u/ann_b", platform="reddit", host="reddit.com", keys=KEYS)
    assert found.text == REDDIT_ANN


def test_a_host_with_a_port_is_another_host() -> None:
    found = replace_mentions(
        "@ann@127.0.0.1:8080", platform="mastodon", host="127.0.0.1:8080", keys=KEYS
    )
    assert found.text == token("mastodon", "127.0.0.1:8080", "ann")


def test_the_token_is_one_word() -> None:
    found = replace_mentions("@ann", platform="mastodon", host="b.example", keys=KEYS)
    assert AUTHOR_TOKEN.fullmatch(found.text)
    assert found.text.isidentifier()


ANN = token("discourse", "forum.example", "ann")
QUIET_ANN = token("discourse", "forum.example", "quiet ann")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann wrote:\nno", f"{ANN} wrote:\nno"),
        ("Ann said: \u2191\nno", f"{ANN} said: \u2191\nno"),
        ("Quiet Ann said: \u2191\nno", f"{QUIET_ANN} said: \u2191\nno"),
        (
            "ann wrote: \u2191Tue Mar 03, 2020 8:00 am",
            f"{ANN} wrote: \u2191Tue Mar 03, 2020 8:00 am",
        ),
        ("Originally Posted by ann\nno", f"Originally Posted by {ANN}\nno"),
        ("Originally posted by ann View Post", f"Originally posted by {ANN} View Post"),
        ("Quote from: ann on March 03, 2020", f"Quote from: {ANN} on March 03, 2020"),
        ("[quote=ann]no[/quote]", f"[quote={ANN}]no[/quote]"),
        ("[QUOTE=ann;123]no", f"[QUOTE={ANN};123]no"),
        ('[quote="ann, post:3, topic:4"]no', f'[quote="{ANN}, post:3, topic:4"]no'),
        ('[QUOTE="Quiet Ann, post: 1, member: 2"]', f'[QUOTE="{QUIET_ANN}, post: 1, member: 2"]'),
        (
            "[quote author=ann link=topic=1.msg2 date=3]",
            f"[quote author={ANN} link=topic=1.msg2 date=3]",
        ),
        ("[quote='ann' pid='12' dateline='1']no", f"[quote='{ANN}' pid='12' dateline='1']no"),
        ('[quote name="ann" post=123]no', f'[quote name="{ANN}" post=123]no'),
        ("https://forum.example/members/ann.123/ said", f"{ANN} said"),
        ("https://forum.example/author/ann/ said", f"{ANN} said"),
    ],
)
def test_who_is_quoted_is_the_account_whose_posts_carry_the_key(text: str, expected: str) -> None:
    found = replace_mentions(text, platform="discourse", host="forum.example", keys=KEYS)
    assert found.text == expected
    assert found.counts == {"mention": 1}


@pytest.mark.parametrize(
    "text",
    [
        "My doctor said:\nrest",
        "She wrote:\nno",
        "The letter said: come at nine",
        "as the minister said: no",
        "Originally posted by",
        "[quote]no[/quote]",
        "https://forum.example/members/quiet-ann.123/",
        "https://forum.example/members/123/",
    ],
)
def test_what_is_said_by_no_account_stays(text: str) -> None:
    found = replace_mentions(text, platform="discourse", host="forum.example", keys=KEYS)
    assert found.text == text


def test_mentions_are_replaced_once() -> None:
    text = "ann wrote:\n@ann and [quote=ann] and u/ann_b and https://forum.example/u/ann"
    once = replace_mentions(text, platform="discourse", host="forum.example", keys=KEYS).text
    assert once.count("author_") == 5
    again = replace_mentions(once, platform="discourse", host="forum.example", keys=KEYS)
    assert again.text == once
    assert again.counts == {}


@pytest.mark.parametrize(
    "unit",
    ["@", "a@", "u/", "a.b/u/", "[quote=", "a ", "ann wrote: ", "originally posted by ", "> "],
)
def test_no_text_makes_the_search_for_mentions_run_away(unit: str) -> None:
    hostile = f"wrote [quote posted by {unit * (40_000 // len(unit))}"
    started = time.process_time()
    replace_mentions(hostile, platform="discourse", host="forum.example", keys=KEYS)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    "name",
    [
        "ann b",
        "O'Brien & S\u00f8n",
        "\u5e0c\u671b\u306e\u6728",
        "night",
        "Today at 10:30",
        "x@b",
        "u/ann_b",
        "e\u0301 \u200b",
    ],
)
def test_a_name_of_any_signs_is_one_account_where_it_is_marked_whole(name: str) -> None:
    found = replace_mentions(
        f"{whole_name(name)}:\nwords", platform="forum", host="board.example", keys=KEYS
    )

    assert found.text == f"{token('forum', 'board.example', name)}:\nwords"
    assert found.counts == {"mention": 1}


@pytest.mark.parametrize("kept", range(1, len(whole_name("ann b"))))
def test_a_marked_name_that_was_cut_leaves_nothing_of_it(kept: int) -> None:
    cut = f"words {whole_name('ann b')[:kept]}"
    found = replace_mentions(cut, platform="forum", host="board.example", keys=KEYS)

    assert found.text.rstrip("@") == "words "

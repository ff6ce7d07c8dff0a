"""Which platform a page is of: simulated boards of every software, and pages of other platforms."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from harvesters.detection import Page, feed_links, profile_marks, recognise, terms_links
from harvesters.html_forum.profile import load_profile, shipped_names
from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.site import SOFTWARES, ForumSite
from harvesters.simulation.forums.software import Theme

ENDS = datetime(2026, 1, 5, 2, tzinfo=UTC)
BOARD = build_board(seed=3, ends_at=ENDS, threads=30, longest=60)
PROFILES = [load_profile(name) for name in shipped_names()]


def page_of(html: str, url: str = "https://site.example/", kind: str = "text/html") -> Page:
    return Page(url, kind, html.encode())


def test_every_simulated_software_has_a_profile() -> None:
    assert set(SOFTWARES) == set(shipped_names())


@pytest.mark.parametrize("software", sorted(SOFTWARES))
@pytest.mark.parametrize("theme", get_args(Theme))
def test_a_board_is_recognised_by_its_own_profile_alone(software: str, theme: Theme) -> None:
    site = ForumSite(BOARD, software=software, theme=theme)
    url = site.forum_url(2)
    answer = site.ask(url.removeprefix(site.base), at=ENDS)
    page = Page(url, answer.content_type, answer.body)
    assert [mark.options for mark in profile_marks(page, PROFILES)] == [{"profile": software}]


@pytest.mark.parametrize(
    ("html", "platform"),
    [
        ('<meta name="generator" content="WordPress 6.8.1">', "wordpress"),
        ('<link rel="https://api.w.org/" href="https://site.example/en/wp-json/">', "wordpress"),
        ('<meta name="generator" content="Discourse 3.4.0">', "discourse"),
        ('<div id="mastodon"></div>', "mastodon"),
        ('<link rel="stylesheet" href="/static/hyperkitty/x.css">', "mailing_list"),
        ('<a href="_/text/help/">help</a><a href="new.atom">Atom feed</a>', "mailing_list"),
        (
            '<a href="2026-January.txt.gz">x</a><a href="2026-January/thread.html">y</a>',
            "mailing_list",
        ),
    ],
)
def test_a_platform_is_told_by_its_marks(html: str, platform: str) -> None:
    page = page_of(f"<html><head>{html}</head><body>{html}</body></html>")
    assert {mark.platform for mark in recognise(page)} == {platform}


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://www.reddit.com/r/KindPlace", "reddit"),
        ("https://bsky.app/profile/listening.example", "bluesky"),
        ("https://lists.example/pipermail/voices/", "mailing_list"),
    ],
)
def test_some_hosts_and_paths_tell(url: str, platform: str) -> None:
    assert [mark.platform for mark in recognise(page_of("<p>x</p>", url))] == [platform]


def test_a_host_that_only_sounds_alike_does_not() -> None:
    assert recognise(page_of("<p>x</p>", "https://notreddit.com/r/KindPlace")) == []


def test_feeds_and_terms_are_found_where_a_page_names_them() -> None:
    page = page_of(
        '<link rel="alternate" type="application/atom+xml" href="/atom.xml">'
        '<a href="/house-rules">House rules</a><a href="/about">About us</a>'
        '<a href="/p/9">See our privacy notice</a><a href="http://[">Terms</a>'
    )
    assert feed_links(page) == ["https://site.example/atom.xml"]
    assert terms_links(page) == ["https://site.example/house-rules", "https://site.example/p/9"]
    assert [
        m.platform
        for m in recognise(
            page_of('<?xml version="1.0"?><rss version="2.0"></rss>', kind="application/rss+xml")
        )
    ] == ["feed"]


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"<", b"<a href='http://['>terms</a>"])
def test_no_page_breaks_the_look(content: bytes) -> None:
    page = Page("https://site.example/", "text/html", content)
    assert recognise(page) == []
    assert profile_marks(page, PROFILES) == []
    assert terms_links(page) == []

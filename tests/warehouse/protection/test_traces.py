"""Addresses of pages on which an erased post stood are told from those of other pages."""

import pytest

from warehouse.protection.traces import Traces

TRACES = Traces.of(["4711", "abc-9", "t3_x7", None], ["https://a.example/t/waiting/8#p3", None])


@pytest.mark.parametrize(
    "address",
    [
        "https://forum.example/t/waiting-list/4711",
        "https://forum.example/t/waiting-list/4711.json?page=2",
        "https://forum.example/threads/waiting.4711/page-2",
        "https://forum.example/viewtopic.php?f=2&t=4711",
        "https://forum.example/t4711-waiting",
        "https://forum.example/p/abc-9.rss",
        "https://forum.example/comments/t3_x7/",
        "https://forum.example/comments/t3%5Fx7/",
        "https://a.example/t/waiting/8",
        "http://a.example/t/waiting/8/",
        "https://a.example/t/waiting/8/feed",
    ],
)
def test_a_page_of_an_erased_post_is_known_by_its_address(address: str) -> None:
    assert TRACES.in_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://forum.example/t/waiting-list/47110",
        "https://forum.example/t/waiting-list/14711.json",
        "https://forum.example/p/abc-90",
        "https://forum.example/latest",
        "https://a.example/t/waiting/80",
        "https://a.example/t/waiting",
        "https://a.example",
    ],
)
def test_another_page_is_left_alone(address: str) -> None:
    assert not TRACES.in_address(address)
    assert not Traces().in_address(address)

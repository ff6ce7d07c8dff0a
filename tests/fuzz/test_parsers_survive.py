"""No bytes make a parser fail in any way but its own: recordings cut, spliced and mangled."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.base import ParseError
from harvesters.posts import ReadContext
from tests.fuzz.parsers import FOUND, every_parser, found_of, recordings_of
from warehouse.protection.keys import KeyRing

PARSERS = every_parser()
KEYS = KeyRing(study="fuzz", author=(b"a" * 32,), content=b"c" * 32, erasure=b"e" * 32)


def context_of(parser: str) -> ReadContext:
    return ReadContext(
        source="fuzz",
        platform=parser.partition(".")[0],
        host="site.example",
        community="board",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=KEYS,
    )


@st.composite
def mangled(draw: st.DrawFn, recordings: list[bytes]) -> bytes:
    """Return bytes of any kind, or a recording with some of it replaced, repeated or left out."""
    if not recordings or draw(st.integers(0, 3)) == 0:
        return draw(st.binary(max_size=300))
    content = draw(st.sampled_from(recordings))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 200)))
        middle = draw(st.one_of(st.binary(max_size=20), st.just(content[start:end] * 2), TOKENS))
        content = content[:start] + middle + content[end:]
    return content


TOKENS = st.sampled_from(
    (
        *(
            b"null",
            b"[]",
            b"{}",
            b"1e999",
            b'"\\ud800"',
            b"<",
            b"</div>",
            b"<!--",
            b"&#0;",
            b"\x00",
        ),
        *(b"-1", b"99999999999999999999", b'"9999-99-99T99:99:99"', b"<![CDATA[", b"\xff\xfe"),
    )
)


def test_every_platform_has_parsers_and_recordings() -> None:
    platforms = {name.partition(".")[0].partition("_")[0] for name in PARSERS}
    assert {"wordpress", "discourse", "mastodon", "feed"} <= platforms
    assert len(PARSERS) >= 5


@pytest.mark.parametrize("parser", PARSERS)
def test_mangled_answers_are_read_or_refused(parser: str) -> None:
    parse, context = PARSERS[parser], context_of(parser)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(content=mangled(recordings_of(parser)))
    def survives(content: bytes) -> None:
        try:
            posts = parse(content, context)
        except ParseError:
            return
        assert all(post.native_id and post.created_at.tzinfo for post in posts)

    survives()


def test_what_once_broke_a_parser_breaks_it_no_more() -> None:
    kept = {path.name for path in FOUND.iterdir() if path.is_dir()}
    assert kept <= set(PARSERS)
    for parser in PARSERS:
        for path in found_of(parser):
            with suppress(ParseError):
                assert isinstance(PARSERS[parser](path.read_bytes(), context_of(parser)), list)

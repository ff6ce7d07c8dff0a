import re
import time
import unicodedata
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.markup import (
    Markup,
    _read_tree,
    _simple_text,
    clean,
    html_to_text,
    plain_to_text,
    sanitised,
)
from warehouse.protection.mentions import whole_name


def same(text: str) -> Markup:
    return Markup(text, text)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("  \n ", ""),
        ("No markup at all", "No markup at all"),
        ("<p>One.</p><p>Two.</p>", "One.\nTwo."),
        ("One<br>two<br/>three", "One\ntwo\nthree"),
        ("<ul><li>first</li><li>second</li></ul>after", "first\nsecond\nafter"),
        ("<p>in <em>the</em> mid<b>dle</b></p>", "in the middle"),
        ("Tea &amp; cake &lt;3 &pound;5 &#8217;", "Tea & cake <3 £5 \u2019"),
        ("a &nbsp;&nbsp; b\t\n  c", "a b\nc"),
        ("<a href='https://x.example/secret?id=7'>our page</a>", "our page"),
        ("<a href='mailto:x@y.example'>write to us</a>", "write to us"),
        ("<script>alert(1)</script>kept<style>p{}</style>", "kept"),
        ("kept<!-- not this --> words", "kept words"),
        ("<img src='ann.jpg' alt='Ann at home'>words", "words"),
        ("<img class='emoji' alt='🙂'>words", "🙂words"),
        (
            "#<span>tag</span> <span class='invisible'>https://</span>x.example",
            "#tag https://x.example",
        ),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"),
        ("</div></p>stray <p>un<b>closed", "stray\nunclosed"),
        ("2 < 3 & 4 > 3", "2 < 3 & 4 > 3"),
        ("<p>words</p><div class='signature'>Ann Bell, Leeds</div>", "words"),
    ],
)
def test_html_becomes_the_text_that_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == same(text)


@pytest.mark.parametrize(
    ("html", "text", "own_text"),
    [
        ("<blockquote><p>Theirs</p></blockquote><p>Mine</p>", "Theirs\nMine", "Mine"),
        ("<p>Before</p><blockquote>Q</blockquote>after", "Before\nQ\nafter", "Before\nafter"),
        (
            (
                '<aside class="quote no-group" data-username="sam_k"><div class="title">'
                '<div class="quote-controls"></div><img class="avatar" alt=""> sam_k:</div>'
                "<blockquote><p>Theirs</p></blockquote></aside><p>Mine</p>"
            ),
            whole_name("sam_k") + ":\nTheirs\nMine",
            "Mine",
        ),
        (
            (
                '<p class="quote-inline">RE: <a href="https://b.example/@ann/1">https://b.example/@ann/1'
                "</a></p><p>Mine</p>"
            ),
            "RE: https://b.example/@ann/1\nMine",
            "Mine",
        ),
        (
            '<blockquote class="bbp-quote"><cite>Ann Bell wrote:</cite>Theirs</blockquote>Mine',
            "Theirs\nMine",
            "Mine",
        ),
        (
            'Mine<cite data-username="Ann &amp; Bell\u200b"></cite><blockquote>Theirs</blockquote>',
            "Mine\n" + whole_name("Ann & Bell\u200b") + ":\nTheirs",
            "Mine",
        ),
        (
            "<blockquote>outer<blockquote>inner</blockquote></blockquote>Mine",
            "outer\ninner\nMine",
            "Mine",
        ),
        (
            "<aside class='onebox'><p>Preview of a page</p></aside>Mine",
            "Preview of a page\nMine",
            "Mine",
        ),
        ("<blockquote>only theirs</blockquote>", "only theirs", ""),
        (
            "<div class='bbcode_quote'><div class='bbcode_postedby'>wren_4:</div>Theirs</div>Mine",
            "Theirs\nMine",
            "Mine",
        ),
        (
            "<div class='ipsQuote'><div class='ipsQuote_citation'>wren_4</div>Theirs</div>Mine",
            "Theirs\nMine",
            "Mine",
        ),
    ],
)
def test_quotations_stay_in_the_text_and_leave_the_own_text(
    html: str, text: str, own_text: str
) -> None:
    assert html_to_text(html) == Markup(text, own_text)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            (
                '<span class="h-card"><a href="https://b.example/@Ann" class="u-url mention">'
                "@<span>Ann</span></a></span> hello"
            ),
            "@Ann@b.example hello",
        ),
        ('<a class="mention" href="/u/ann_b">@ann_b</a> hello', "@ann_b hello"),
        ('<a class="mention" href="https://c.example/users/ann">@ann</a>', "@ann@c.example"),
        ('<a class="mention" href="http://127.0.0.1:81/@ann">@ann</a>', "@ann@127.0.0.1:81"),
        ('<a class="mention hashtag" href="https://b.example/tags/x">#<span>x</span></a>', "#x"),
        ('<a class="mention" href="http://[">@<span>ann_b</span></a> hello', "@ann_b hello"),
        ('<a class="mention" href="https://a]b/@x">ann_b</a> hello', "@ann_b hello"),
    ],
)
def test_mentions_come_out_as_full_handles(html: str, text: str) -> None:
    assert html_to_text(html) == same(text)


def test_text_is_composed_and_holds_no_invisible_characters() -> None:
    marked = "cafe\u0301 \u202eevil\u202c a\u200bb\x00 c\ufeff so\u00adft \x1b[31m \u2028end \ud800"
    for read in (clean(marked), html_to_text(f"<p>{marked}</p>").text, plain_to_text(marked).text):
        assert read == "café evil ab c soft [31m\nend"
        assert unicodedata.is_normalized("NFC", read)


def test_joiners_that_emoji_are_made_with_stay() -> None:
    assert clean("👩\u200d👩\u200d👧") == "👩\u200d👩\u200d👧"


def test_quoted_lines_of_plain_text_leave_the_own_text() -> None:
    plain = "Hello\r\n\r\n> theirs\r\n>> older\r\n\r\nmine\r\n"
    assert plain_to_text(plain) == Markup("Hello\n> theirs\n>> older\nmine", "Hello\nmine")


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 5 Jan 2026 at 10:00, Ann Bell <ann@example.org> wrote:",
        "Ann Bell said:",
        "On Mon, 5 Jan 2026 at 10:00, Ann Bell <ann@example.org>\nwrote:",
    ],
)
def test_the_line_that_names_who_is_quoted_is_dropped(attribution: str) -> None:
    read = plain_to_text(f"Hello\n{attribution}\n> theirs\nmine")
    assert read == Markup("Hello\n> theirs\nmine", "Hello\nmine")


def test_a_mail_signature_is_left_out_and_a_rule_in_a_long_text_is_not() -> None:
    assert plain_to_text("mine\n-- \nAnn Bell\nLeeds").text == "mine"
    long_after = "\n".join(f"line {number}" for number in range(20))
    assert plain_to_text(f"mine\n--\n{long_after}\n").text.endswith("line 19")


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_without_error_or_warning_and_cleaning_is_final(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for read in (html_to_text(text), html_to_text(f"<p>{text}"), plain_to_text(text)):
            assert clean(read.text) == read.text
            assert clean(read.own_text) == read.own_text


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 20_000 + "deep" + "</div>" * 20_000,
        "<blockquote>" * 20_000 + "deep" + "</blockquote>" * 20_000,
        "</div>" * 200_000 + "<div>" * 200_000 + "deep",
        "<p>deep" + "<" * 1_000_000,
        "<p>Some &amp; words.</p>" * 20_000 + "deep",
        "deep" + "a" * 1_000_000,
        "deep<!--" + "x" * 1_000_000,
    ],
    ids=[
        "nested",
        "nested quotes",
        "closed first",
        "open brackets",
        "many paragraphs",
        "no blank",
        "open comment",
    ],
)
def test_huge_or_broken_markup_is_read_in_seconds(html: str) -> None:
    started = time.process_time()
    assert "deep" in html_to_text(html).text
    assert time.process_time() - started < 5.0


PIECES = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<br>", "<b>", "</b>", "<ul><li>", "</ul>", "<div>", "</div>", "<h2>"),
            *("<a href='https://x.example/?a=1&b=\">\"'>", "</a>", "<td>", "<table>", "</table>"),
            *(
                "<a class='mention hashtag' href='/tags/x'>#<span>",
                "<span class=ellipsis>",
                "</span>",
            ),
            *("word ", "two words", " ", "\n", "&amp;", "&lt;p&gt;", "&nbsp;", "&copy", "5 < 6"),
            *("<blockquote>", "</blockquote>", "<script>x</script>", "<pre>\n a </pre>", "é", ">"),
        ]
    ),
    max_size=14,
)


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_simple_markup_reads_without_a_tree_as_it_does_with_one(pieces: list[str]) -> None:
    html = sanitised("".join(pieces))
    simple = _simple_text(html)
    if simple is not None:
        assert same(clean(simple)) == _read_tree(html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("seen<span style='color: red; display : none'>not</span>", "seen"),
        ("seen<b style='visibility:hidden'>not</b> too", "seen too"),
        ("seen<p hidden>not</p>", "seen"),
        ("seen<span aria-hidden='true'>¶</span>", "seen"),
        ("Read on<span class='screen-reader-text'> about the group</span>", "Read on"),
        ("<span style='color: red'>seen</span>", "seen"),
        ("<span aria-hidden='false'>seen</span>", "seen"),
        ("<p style='display:block'>seen</p>", "seen"),
        # the whole address is read where Mastodon shows a part of it: its end may spell a name
        (
            (
                "<a href='https://x.example/way/on'><span class='invisible'>https://</span>"
                "<span class='ellipsis'>x.example/way</span><span class='invisible'>/on</span></a>"
            ),
            "https://x.example/way/on",
        ),
    ],
)
def test_what_a_page_hides_is_no_text(html: str, text: str) -> None:
    assert html_to_text(html) == same(text)


@pytest.mark.parametrize(
    "html",
    [
        "<img src=x onerror=alert(1) class=emoji alt='🙂'>words",
        "<svg><script>alert(1)</script></svg>words",
        "<a href='javascript:alert(1)'>words</a>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>words",
        "<math><mtext></p><style><img src=x onerror=alert(1)></style>words",
        "<form action=//x><input onfocus=alert(1) autofocus>words</form>",
        "<p style='background:url(javascript:alert(1))' onclick='alert(1)'>words</p>",
        "<!--><script>alert(1)</script>-->words",
    ],
)
def test_nothing_that_could_run_comes_through_the_sanitiser(html: str) -> None:
    safe = sanitised(html)
    assert "words" in safe
    assert not re.search(r"<script|<iframe|<style|<!--|\son\w+=|srcdoc|\ssrc=|href=.java", safe)
    assert "alert(1)" not in html_to_text(html).text


@given(st.text(alphabet="ab \n\t", max_size=30))
def test_blanks_of_plain_text_are_collapsed_line_by_line(text: str) -> None:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    assert clean(text) == "\n".join(line for line in lines if line)

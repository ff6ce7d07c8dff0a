"""Markdown to clean text, beside an independent renderer and against hostile input."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harvesters.markdown import markdown_to_text
from harvesters.markup import html_to_text

RENDERER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

SAME = [
    "Plain words, nothing else.",
    "**Peer support** is *not* cheap, it is ***worth*** more than __that__ and _that_.",
    "A **bold *and slanted* end** of it.",
    "Underscores_in_names and 2 * 3 * 4 stay.",
    "# What value means\n\n## Who decides #\n\ntext",
    "Who decides\n===========\n\nNobody\n------\n\nasked us.",
    "> They never asked.\n\nThey did, once.\n\n> > A quotation\n> > in another",
    "* tea\n* time\n    * and talk\n- more\n+ and more\n\n1. first\n2. second",
    'See [the timetable](https://kind.example/times_(new) "times") and <https://kind.example/a_b_c>.',
    "A [link to *somewhere*](/r/KindPlace) and [brackets [inside]](https://kind.example).",
    "A [named link][times], [times] and [neither][nor].\n\n[times]: https://kind.example/times",
    "An image ![of tea](https://kind.example/tea.png) here.",
    "Escaped \\*stars\\*, user\\_name\\_, \\[brackets\\](none) and \\# no heading.",
    "Code `with *stars* and _lines_`.",
    "```\nfenced *code*\n[not](a link)\n```\n\nafter it *slanted*",
    "~~~ text\nfenced\n~~~",
    "before\n\n    indented *code* __init__\n\nafter",
    "Entities &amp; &lt;tags&gt; &#8364; and &nbsp; spaces",
    "~~struck~~ but still said",
    "above\n\n***\n\nbelow\n\n---\n\nend",
    "| before | after |\n|:-------|------:|\n| *alone* | together |\n| a \\| b | c |\n\nbelow | it",
    "Zwölf Stimmen: *Fürsorge*, **共同生产**, 🧠 _señora_.",
    "Unpaired ** and _ and ` and [ and ] and ( stay.",
]


@pytest.mark.parametrize("source", SAME)
def test_the_text_is_what_a_renderer_shows(source: str) -> None:
    ours, theirs = markdown_to_text(source), html_to_text(RENDERER.render(source))
    assert re.sub(r"\s+", " ", ours.text) == re.sub(r"\s+", " ", theirs.text)
    assert ours.own_text.split() == theirs.own_text.split()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "An uncovered >!spoiler *here*!< and >!another!<.",
            "An uncovered spoiler here and another.",
        ),
        (">!A spoiler at the start!< of a line", "A spoiler at the start of a line"),
        ("Who! <really!< said > that >! once", "Who! <really!< said > that >! once"),
        (
            "^(small words) and ^tiny, 27^th, 10^2 and ^^more",
            "small words and tiny, 27th, 10^2 and more",
        ),
        ("u/some\\_name and /r/KindPlace", "u/some_name and /r/KindPlace"),
        ("a &#x200B; b\n\n&#x200B;\n\nc", "a b\nc"),
        ("![gif](giphy|abc123) ![img](x1y2)", ""),
        ("#hashtag first\n\n##Heading without a blank", "#hashtag first\nHeading without a blank"),
        ("[Link] (https://kind.example/a b (c))", "Link"),
        ("[sic] (he said)", "[sic] (he said)"),
        ("1) one\n2) two", "1) one\n2) two"),
        ("one  \ntwo\r\nthree\rfour", "one\ntwo\nthree\nfour"),
    ],
)
def test_what_only_forums_write(source: str, text: str) -> None:
    assert markdown_to_text(source).text == text


def test_a_line_below_a_quotation_is_the_authors_own() -> None:
    markup = markdown_to_text("> They never asked.\nThey did, *once*.\n>again\n\n>!no quote!<")
    assert markup.text == "They never asked.\nThey did, once.\nagain\nno quote"
    assert markup.own_text == "They did, once.\nno quote"


def test_private_signs_of_the_input_do_not_become_marks() -> None:
    assert markdown_to_text("a \ue02a*b*\ue05f").text == "a b"


EVIL = (
    "*a ",
    "[",
    "[a",
    "_a ",
    ">",
    "`",
    "`a",
    "^(",
    "\\",
    "~~a",
    "|-",
    "[a](",
    '![a](b "',
    "((((",
)
EVIL += (
    "<http://",
    "#",
    "* * *",
    " ",
    "\n",
    "[a](((",
    "=",
    "***",
    "[x][y",
    "^",
    "_",
    "*\n",
    "~~~\n",
)
EVIL += (
    "> a\n",
    "|\n",
    "a_",
    ">! ",
    ">!a",
    "-",
    "\t",
    " #",
    "a|b\n",
    "&amp",
    "[a](/",
    "[[a]",
    "1^",
)


@pytest.mark.parametrize("unit", EVIL)
def test_no_text_takes_more_than_in_proportion_to_its_length(unit: str) -> None:
    """A pattern that tries every pair of places would take hours for these."""
    started = time.process_time()
    markdown_to_text(unit * (60_000 // len(unit)) + "x")
    assert time.process_time() - started < 2


_PIECES = st.sampled_from(
    [*EVIL, "word", " ", "\n\n", "](", "!<", "https://x.example", "é", "\u202e"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=4), max_size=30).map("".join))
def test_no_text_fails_and_own_words_are_among_all_words(source: str) -> None:
    markup = markdown_to_text(source)
    assert set(markup.own_text.split("\n")) - {""} <= set(markup.text.split("\n"))

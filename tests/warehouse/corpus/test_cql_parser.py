"""Queries as trees, and what is wrong with a query, with its place."""

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.corpus.invented_queries import Made, patterns
from warehouse.corpus.cql import CqlError, parse
from warehouse.corpus.cql.parser import MOST_GROUPS, MOST_WORDS
from warehouse.corpus.cql.tree import (
    AllOf,
    AnyOf,
    Chain,
    Choice,
    Is,
    Not,
    Pattern,
    Plain,
    Repeat,
    Token,
    lengths,
    names_words,
    simplified,
)

ANY = Token()
VALUE, CARE = Token(Is("value")), Token(Is("care"))
CO = Token(Is("co-?produc.*", is_regex=True))

TREES: list[tuple[str, Pattern]] = [
    ('[word="value"]', VALUE),
    ('"value"', VALUE),
    ("'value'", VALUE),
    (' [ word = "value" ] ; ', VALUE),
    ('"value"%c', VALUE),
    ("value", Plain("value")),
    ("value for money", Chain((Plain("value"), Plain("for"), Plain("money")))),
    ("don't carers' co-op", Chain((Plain("don't"), Plain("carers'"), Plain("co-op")))),
    ('[word="co-?produc.*"] []{0,3} [word="value"]', Chain((CO, Repeat(ANY, 0, 3), VALUE))),
    ('"value|care"', Token(AnyOf((Is("value"), Is("care"))))),
    ('"value|care"%l', Token(Is("value|care"))),
    ('"3.5"', Token(Is("3.5", is_regex=True))),
    ('"3.5"%cl', Token(Is("3.5"))),
    ('"[email]"%l', Token(Is("[email]"))),
    (r'"say \"so\""', Token(Is(r"say \"so\"", is_regex=True))),
    ('"say ""so"""', Token(Is('say "so"'))),
    ('[word!="value"]', Token(Not(Is("value")))),
    ('[!word="value"]', Token(Not(Is("value")))),
    ('[word="value" & word!="care"]', Token(AllOf((Is("value"), Not(Is("care")))))),
    (
        '[word="a" | word="b" & word="c"]',
        Token(AnyOf((Is("a"), AllOf((Is("b"), Is("c")))))),
    ),
    (
        '[!(word="a" | word="b") & word="c"]',
        Token(AllOf((Not(AnyOf((Is("a"), Is("b")))), Is("c")))),
    ),
    ('"value" | "care"', Choice((VALUE, CARE))),
    ('("value" | "care" []) "care"', Chain((Choice((VALUE, Chain((CARE, ANY)))), CARE))),
    ('(("value"))', VALUE),
    ('"value"?', Repeat(VALUE, 0, 1)),
    ('"value"*', Repeat(VALUE, 0, MOST_WORDS)),
    ('"value"+', Repeat(VALUE, 1, MOST_WORDS)),
    ('"value"{2}', Repeat(VALUE, 2, 2)),
    ('"value"{ 2 , 4 }', Repeat(VALUE, 2, 4)),
    ('"value"{2,}', Repeat(VALUE, 2, MOST_WORDS)),
    ('"value"{,3}', Repeat(VALUE, 0, 3)),
    ('("value" "care")+', Repeat(Chain((VALUE, CARE)), 1, MOST_GROUPS)),
    ('("value"?){2,3}', Repeat(Repeat(VALUE, 0, 1), 2, 3)),
    ("(very)* good", Chain((Repeat(Plain("very"), 0, MOST_GROUPS), Plain("good")))),
    ('"value" within post', VALUE),
    ('"value" [] within 1 post;', Chain((VALUE, ANY))),
    ("value within post", Chain((Plain("value"), Plain("within"), Plain("post")))),
]


@pytest.mark.parametrize(("query", "tree"), TREES)
def test_a_query_is_read(query: str, tree: Pattern) -> None:
    assert parse(query).pattern == tree


def test_a_query_may_name_its_strategy_and_says_what_repeats_without_end() -> None:
    read = parse('(?longest) "value"+')
    assert read.strategy == "longest"
    assert read.capped
    assert parse('"value"').strategy is None
    assert not parse('"value"? "care"{1,3}').capped
    assert parse('"value"{1,}').capped


WRONG: list[tuple[str, int, str]] = [
    ("", 1, "nothing to look for"),
    ("   ", 4, "nothing to look for"),
    ('[word="value"', 14, "expected ] to close the [ of column 1, but found the end"),
    ('("value" [word="care"]', 23, "expected ) to close the ( of column 1"),
    ('"value" )', 9, "no opening parenthesis"),
    ('"value" ]', 9, "no opening bracket"),
    ('"value', 1, "closing quote is missing"),
    ('[word="value]', 7, "closing quote is missing"),
    ('[word "value"]', 7, "expected = or != after word, but found '\"'"),
    ("[word=value]", 7, "expected a quoted word"),
    ('[lemma="value"]', 2, "has no lemma"),
    ('["value"]', 2, 'expected a condition such as word="value"'),
    ('[word="a" & ]', 13, "expected a condition"),
    ('""', 1, "no word is empty"),
    ('"value" []{x}', 11, "expected how many times"),
    ('"value" []{3,1}', 11, "nothing is repeated 3 to 1 times"),
    ('"value" []{0}', 11, "nothing is repeated 0 to 0 times"),
    ('"value" []{0,101}', 11, "a word may be repeated 100 times, not 101"),
    ('("value" []){21}', 13, "a group may be repeated 20 times, not 21"),
    ('"value"+?', 9, "a repeat of a repeat"),
    ("*", 1, "nothing stands before it"),
    ("produc*", 7, 'write [word="produc.*"]'),
    ('"value" | ', 11, "found the end"),
    ('| "value"', 1, "an alternative is missing"),
    ('"value" || "care"', 10, "an alternative is missing"),
    ("()", 2, "a word is missing before the closing parenthesis"),
    ('("value" | )', 12, "a word is missing before the closing parenthesis"),
    (";", 1, "nothing stands before it"),
    ('<s> "value"', 1, "tags such as <s> are not in the index"),
    ('"value" :: match.year="2024"', 9, "conditions on posts stand outside the query"),
    ('word="value"', 1, "a condition stands in brackets"),
    ('"value" within s', 9, "within post, not within s"),
    ('(?shortest-ever) "value"', 1, "none of the strategies standard, shortest, longest"),
    ('"value"%d', 8, "%d is no flag"),
    ('"value"; "care"', 8, "nothing may follow the ;"),
    ("(" * 30 + '"value"', 21, "20 deep"),
    ("[" + "!" * 30 + 'word="a"]', 21, "20 deep"),
    ("value " * 400, 1, "2000 signs"),
    ('"va\x00lue"', 4, "a control character"),
    ('"va\ud83clue"', 4, "a control character"),
]


@pytest.mark.parametrize(("query", "column", "sentence"), WRONG)
def test_a_mistake_is_shown_at_its_place(query: str, column: int, sentence: str) -> None:
    with pytest.raises(CqlError) as caught:
        parse(query)
    first, shown, caret = str(caught.value).split("\n")
    assert first.startswith(f"query, column {column}: ")
    assert sentence in first
    assert shown == f"  {query}"
    assert caret == " " * (column + 1) + "^"


@given(st.text(alphabet='[]()"|?*+{}word=!&,.;<>% 1', max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(CqlError):
        parse(text)


@settings(max_examples=40)
@given(patterns)
def test_spaces_between_signs_make_no_difference(made: Made) -> None:
    quoted = made.cql.split('"')  # every other part stands outside quotes
    wide = '"'.join(
        re.sub(r"([()\[\]|&=])", r" \1 ", part).replace("! =", " !=") if number % 2 == 0 else part
        for number, part in enumerate(quoted)
    )
    assert parse(wide).pattern == parse(made.cql).pattern


@pytest.mark.parametrize(
    ("query", "simple"),
    [
        ('("value" | "care" | "value")', '"value|care"'),
        ('("value" | ("care" | "help")) "we"', '[word="value" | word="care|help"] "we"'),
        ('("value" | [])', "[]"),
        ('("value" | "care" "care" | "help")', '("value|help" | "care" "care")'),
        ('("value"?){2,3}', '"value"{0,3}'),
        ('("value"+){2}', '"value"{2,200}'),
        ('("value"{2,3}){1,3}', '("value"{2,3}){1,3}'),
        ('(("value" []){1})*', '("value" [])*'),
    ],
)
def test_a_pattern_is_made_simpler(query: str, simple: str) -> None:
    expected = Repeat(VALUE, 2, 200) if "200" in simple else parse(simple).pattern
    assert simplified(parse(query).pattern) == expected


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ('"value"', (1, 1)),
        ('"value" []{0,3} "care"', (2, 5)),
        ('("value" | "care" "care" []?)', (1, 3)),
        ('("value" []){2,4}', (4, 8)),
        ('"value"?', (0, 1)),
    ],
)
def test_the_length_of_matches_is_told(query: str, bounds: tuple[int, int]) -> None:
    assert lengths(parse(query).pattern) == bounds


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ('word="value"', True),
        ('word="v.*"', True),
        ('word=".*"', False),
        ('word!="value"', False),
        ('!word!="value"', True),
        ('!!word="value"', True),
        ('word="value" | word!="care"', False),
        ('word="value" & word!="care"', True),
        ('!(word="value" | word!="care")', True),
        ('!(word!="value" & word="care")', False),
        ('!(word!="value" & word!="care")', True),
    ],
)
def test_a_condition_names_words_or_leaves_some_out(condition: str, names: bool) -> None:
    pattern = parse(f"[{condition}]").pattern
    assert isinstance(pattern, Token)
    assert names_words(pattern.condition) is names

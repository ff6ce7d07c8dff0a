"""Which words a query means: cut, folded and matched as the tokeniser reads text."""

import pytest

from tests.warehouse.invented import Study
from warehouse.corpus.cql import CqlError, absent, count, find
from warehouse.corpus.lines import read_lines

POSTS = [
    "The Recovery college, re\u00adcovery and RECOVERING",
    "They don\u2019t answer and/or they don't care",
    "co\u2010produced, co-produced and coproduced",
    "Un caf\u00e9, deux caf\u00e9s",
    "write to [email] or [email] #Waiting 1,200 times \N{TEACUP WITHOUT HANDLE}",
    " ".join(f"word{n}" for n in range(250)),
    "a.b axb [a] (b) a+b",
]


@pytest.fixture(scope="module")
def study() -> Study:
    study = Study()
    for text in POSTS:
        study.add_posts(1, text=text)
    study.index()
    return study


def nodes(study: Study, query: str) -> list[str]:
    lines = read_lines(study.connection, find(study.connection, query))
    return [str(node) for node in lines.column("node").to_pylist()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"Recovery"', ["recovery", "recovery"]),
        ('"RECOVER(Y|ING)"', ["recovery", "recovery", "recovering"]),
        ('[word="recover.*" & word!="recovery"]', ["recovering"]),
        ('"don\u2019t"', ["don't", "don't"]),
        ('"Don.t"', ["don't", "don't"]),
        ("don\u2019t care", ["don't care"]),
        ("they don't", ["they don't", "they don't"]),
        ("and/or", ["and or"]),
        ("answer, and", ["answer and"]),
        ('"co\u2011produced"', ["co-produced", "co-produced"]),
        ('"co\u2011?produced"', ["co-produced", "co-produced", "coproduced"]),
        ('"cafe\u0301"', ["caf\u00e9"]),
        ('"CAF\u00c9S?"', ["caf\u00e9", "caf\u00e9s"]),
        ('"[email]"%l', ["[email]", "[email]"]),
        (r'"\[email\]" "or"', ["[email] or"]),
        ('"#waiting" 1,200', ["#waiting 1,200"]),
        ("\N{TEACUP WITHOUT HANDLE}", ["\N{TEACUP WITHOUT HANDLE}"]),
        (r'"1\D200"', ["1,200"]),
        (r'"\d,\d+"', ["1,200"]),
        (r'"\p{L}{10}"', ["recovering", "coproduced"]),
        ('"recov"', []),
        ('"overy"', []),
        ("'don''t'", ["don't", "don't"]),
        ('"\'; DROP TABLE posts; --"', []),
        ('"a" "b" | "a\\.b"', ["a b", "a b"]),
    ],
)
def test_words_are_found_as_they_were_written(
    study: Study, query: str, expected: list[str]
) -> None:
    assert nodes(study, query) == expected


def test_expressions_that_many_words_fit_find_them_all(study: Study) -> None:
    assert nodes(study, '"word.*"') == [f"word{n}" for n in range(250)]
    pairs = [f"word{n} word{n + 1}" for n in range(249)]
    assert nodes(study, '"word.*" "word.*"') == pairs
    assert nodes(study, '[word!="word.*"]{1,2} "and"') == nodes(study, '[]{1,2} "and"')
    assert count(study.connection, '"word.*" [word!="word.*"]').hits == 0


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ('"recovery" "college"', []),
        ('"recvery" ("college" | "colege") "recver.*" []', ["recvery", "colege", "recver.*"]),
        ('[word="recovery|nobody" & word!="nothing"] Somebody', ["nobody", "somebody"]),
        ('[word!="nobody"] "recovery"', []),
    ],
)
def test_words_that_nobody_wrote_are_told(study: Study, query: str, missing: list[str]) -> None:
    assert absent(study.connection, query) == missing


@pytest.mark.parametrize(
    ("query", "column", "sentence"),
    [
        ('"value" [word="(care"]', 16, "'(care' cannot be read (missing ): (care)"),
        ('"value" & "care"', 9, "finds no word in '&'"),
        ('"[b-a]"', 2, "invalid character class range"),
        (r'"(a)\1"', 2, "invalid escape sequence"),
    ],
)
def test_what_is_no_expression_or_word_is_shown(
    study: Study, query: str, column: int, sentence: str
) -> None:
    with pytest.raises(CqlError) as caught:
        find(study.connection, query)
    assert sentence in str(caught.value)
    assert caught.value.column == column - 1

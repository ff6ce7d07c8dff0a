"""The token index against a tokeniser in plain Python, and against a fresh index."""

import random
import time
import unicodedata
from collections import Counter
from typing import Any

import pytest

from tests.warehouse.invented import Study, author
from warehouse.corpus.index import IndexCounts, index_posts

KEY = author(12345)
TYPOGRAPHIC = {"\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\u00ad": ""}


# The oracle: the rules of the tokeniser's docstring, read character by character.


def is_letter(char: str) -> bool:
    return unicodedata.category(char).startswith("L")


def is_digit(char: str) -> bool:
    return unicodedata.category(char).startswith("N")


def is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


def is_pictograph(char: str) -> bool:
    code = ord(char)
    return (
        (0x1F000 <= code <= 0x1FAFF and not is_regional(char)) or 0x2600 <= code <= 0x27BF
    ) and not is_digit(char)


def is_regional(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


class Oracle:
    """Cuts a text from left to right."""

    def __init__(self, text: str) -> None:
        text = "".join(TYPOGRAPHIC.get(c, c) for c in unicodedata.normalize("NFC", text).lower())
        self.text = text

    def at(self, i: int) -> str:
        return self.text[i] if i < len(self.text) else "\x00"

    def tokens(self) -> list[str]:
        found, i = [], 0
        while i < len(self.text):
            end = self.end_of_token(i)
            if end > i:
                found.append(self.text[i:end])
            i = max(end, i + 1)
        return found

    def end_of_token(self, i: int) -> int:
        rules = (self.mention, self.redaction, self.hashtag, self.number, self.word, self.emoji)
        return next((end for rule in rules if (end := rule(i)) > i), i)

    def mention(self, i: int) -> int:
        key = self.text[i + 7 : i + 31]
        whole = self.text.startswith("author_", i) and len(key) == 24
        return i + 31 if whole and set(key) <= set("abcdefghijklmnopqrstuvwxyz234567") else i

    def redaction(self, i: int) -> int:
        end = self.text.find("]", i)
        parts = self.text[i + 1 : end].split("-") if self.at(i) == "[" and end > 0 else [""]
        fine = all(part.isascii() and part.isalpha() for part in parts)
        return end + 1 if fine else i

    def hashtag(self, i: int) -> int:
        if self.at(i) != "#":
            return i
        end = i + 1
        while is_digit(self.at(end)) or self.at(end) == "_":
            end += 1
        if not is_letter(self.at(end)):
            return i
        while any(is_(self.at(end)) for is_ in (is_letter, is_mark, is_digit)) or (
            self.at(end) == "_"
        ):
            end += 1
        return end

    def digits(self, i: int) -> int:
        while is_digit(self.at(i)):
            i += 1
        return i

    def number(self, i: int) -> int:
        end, parts = self.digits(i), 0
        while end > i and self.at(end) in ".," and self.digits(end + 1) > end + 1:
            end, parts = self.digits(end + 1), parts + 1
        return end if parts else i

    def run(self, i: int) -> int:
        if not (is_letter(self.at(i)) or is_digit(self.at(i))):
            return i
        while is_letter(self.at(i)) or is_digit(self.at(i)) or is_mark(self.at(i)):
            i += 1
        return i

    def word(self, i: int) -> int:
        end = self.run(i)
        while end > i and self.at(end) in "'-" and self.run(end + 1) > end + 1:
            end = self.run(end + 1)
        return end

    def emoji(self, i: int) -> int:
        if is_regional(self.at(i)) and is_regional(self.at(i + 1)):
            return i + 2
        if self.at(i) == "\U0001f3f4" and 0xE0020 <= ord(self.at(i + 1)) <= 0xE007F:
            while 0xE0020 <= ord(self.at(i + 1)) <= 0xE007F:
                i += 1
            return i + 1
        end = self.pictograph(i)
        while end > i and self.at(end) == "\u200d" and self.pictograph(end + 1) > end + 1:
            end = self.pictograph(end + 1)
        return end

    def pictograph(self, i: int) -> int:
        if not is_pictograph(self.at(i)):
            return i
        dressed = self.at(i + 1) == "\ufe0f" or 0x1F3FB <= ord(self.at(i + 1)) <= 0x1F3FF
        return i + 2 if dressed else i + 1


PIECES = [
    *(
        "help",
        "Don\u2019t",
        "can't",
        "\u2018quoted\u2019",
        "rock'n'roll",
        "follow-up",
        "co\u2011op",
    ),
    *(
        "co\u00adoperate",
        "caf\u00e9",
        "cafe\u0301",
        "STRA\u00dfE",
        "na\u00efve",
        "\u03b1\u03b2\u03b3",
    ),
    *(
        "\u65e5\u672c\u8a9e",
        "\u0928\u092e\u0938\u094d\u0924\u0947",
        "\u05e9\u05dc\u05d5\u05dd",
        "3.5mg",
        "1,000.50",
    ),
    *(
        "24-hour",
        "10:30",
        "#MentalHealth",
        "#2026goals",
        "#1",
        "#_x",
        "[phone]",
        "[nhs-number]",
        "[",
        "[1]",
    ),
    *(
        "[two words]",
        f"@author_{KEY}",
        f"author_{KEY[:5]}",
        "snake_case",
        "\u2764\ufe0f\u200d\U0001fa79",
    ),
    *(
        "\U0001f44d\U0001f3fd",
        "\U0001f1ec\U0001f1e7",
        "\U0001f1ec",
        "\U0001f600\U0001f600",
        "\u2600",
    ),
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    *(
        "-",
        "--",
        "'",
        "\u2014",
        "...",
        "5\u00bd",
        "1\ufe0f\u20e3",
        "x\u0301y",
        "a-",
        "-b",
        "''c",
        "50%",
        "\u00a320",
    ),
]


def invented_texts(n: int, *, seed: int) -> list[str]:
    rng = random.Random(seed)
    glue = (" ", " ", " ", "", "\n", ", ", "'", "-", "\u00a0", "\u200b")
    return [
        "".join(rng.choice(PIECES) + rng.choice(glue) for _ in range(rng.randrange(0, 40)))
        for _ in range(n)
    ]


def add(study: Study, texts: list[str], **columns: Any) -> None:
    for text in texts:
        study.add_posts(1, text=text, **columns)


def indexed_tokens(study: Study) -> dict[int, list[str]]:
    rows = study.sql(
        "SELECT post_id, list(word ORDER BY position), list(position ORDER BY position)"
        " FROM tokens JOIN words USING (word_id) GROUP BY post_id"
    )
    assert all(positions == list(range(len(positions))) for _, _, positions in rows)
    return {post_id: words for post_id, words, _ in rows}


def assert_consistent(study: Study) -> None:
    """Every table of the index agrees with the oracle on the posts as they are."""
    texts = dict(study.sql("SELECT post_id, own_text FROM posts"))
    expected = {post_id: Oracle(text).tokens() for post_id, text in texts.items()}
    found = indexed_tokens(study)
    for post_id, tokens in expected.items():
        assert found.get(post_id, []) == tokens, ascii(texts[post_id])
    assert set(found) <= set(expected)
    counts = Counter(token for tokens in expected.values() for token in tokens)
    assert dict(study.sql("SELECT word, n FROM words")) == counts
    assert dict(study.sql("SELECT post_id, n_words FROM posts")) == {
        post_id: len(tokens) for post_id, tokens in expected.items()
    }
    assert study.sql("SELECT count(*), count(DISTINCT word_id) FROM words") == [(len(counts),) * 2]
    assert sorted(study.sql("SELECT post_id FROM indexed")) == sorted((i,) for i in texts)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don\u2019t; they can't.", ["i", "don't", "they", "can't"]),
        ("a 24-hour follow\u2011up -- 'now'", ["a", "24-hour", "follow-up", "now"]),
        ("call [phone] or [nhs-number]", ["call", "[phone]", "or", "[nhs-number]"]),
        (f"thanks @author_{KEY}!", ["thanks", f"author_{KEY}"]),
        ("#MentalHealth #1 \u00a31,000.50", ["#mentalhealth", "1", "1,000.50"]),
        (
            "\U0001f44d\U0001f3fd\u2764\ufe0f\u200d\U0001fa79 \U0001f1ec\U0001f1e7",
            [
                "\U0001f44d\U0001f3fd",
                "\u2764\ufe0f\u200d\U0001fa79",
                "\U0001f1ec\U0001f1e7",
            ],
        ),
        ("cafe\u0301 = caf\u00e9", ["caf\u00e9", "caf\u00e9"]),
        ("\u2014 ... !", []),
    ],
)
def test_text_is_cut_into_words_as_people_read_them(text: str, tokens: list[str]) -> None:
    study = Study()
    add(study, [text])
    study.index()
    assert indexed_tokens(study).get(1, []) == tokens
    assert Oracle(text).tokens() == tokens


def test_the_index_agrees_with_a_tokeniser_in_plain_python() -> None:
    study = Study()
    add(study, invented_texts(150, seed=1))
    counts = index_posts(study.connection)
    assert_consistent(study)
    (tokens,), (words,) = study.sql(
        "SELECT count(*) FROM tokens UNION ALL SELECT count(*) FROM words"
    )
    assert counts == IndexCounts(posts=150, tokens=tokens, new_words=words)


def test_indexing_again_changes_nothing() -> None:
    study = Study()
    add(study, invented_texts(20, seed=2))
    study.index()
    before = study.sql("SELECT * FROM tokens ORDER BY ALL"), study.sql("SELECT * FROM words")
    assert index_posts(study.connection) == IndexCounts()
    after = study.sql("SELECT * FROM tokens ORDER BY ALL"), study.sql("SELECT * FROM words")
    assert after == before


def test_nights_of_new_edited_and_erased_posts_leave_the_same_as_one_index_of_the_end() -> None:
    study = Study()
    rng = random.Random(3)
    add(study, ["only here stands qwertzuiop", *invented_texts(40, seed=3)])
    study.index()
    (gone,) = study.sql("SELECT word_id FROM words WHERE word = 'qwertzuiop'")[0]
    for night in range(6):
        add(study, invented_texts(10, seed=10 + night))
        for text in invented_texts(5, seed=20 + night):
            study.sql(
                "UPDATE posts SET own_text = ?, revision = revision + 1, n_words = NULL"
                " WHERE post_id = ?",
                text,
                1 if night == 0 else rng.randrange(1, study.last_id),
            )
        study.sql("UPDATE posts SET text_version = 2, n_words = NULL WHERE post_id = ?", 7 + night)
        study.sql("DELETE FROM posts WHERE post_id = ?", rng.randrange(2, study.last_id))
        study.index()
        assert_consistent(study)
    add(study, ["qwertzuiop again"])
    study.index()
    (new,) = study.sql("SELECT word_id FROM words WHERE word = 'qwertzuiop'")[0]
    assert new > gone, "the number of a word that left is given to nothing else"


def test_another_version_of_the_tokeniser_indexes_everything_anew() -> None:
    study = Study()
    add(study, invented_texts(20, seed=4))
    study.index()
    study.sql("UPDATE indexed SET tokeniser_version = 0")
    assert index_posts(study.connection).posts == 20
    assert_consistent(study)


def test_a_failure_leaves_the_index_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study()
    add(study, ["one two", "two three"])
    study.index()
    add(study, ["three four"])
    study.sql("UPDATE posts SET own_text = 'five', revision = 2, n_words = NULL WHERE post_id = 1")
    monkeypatch.setattr("warehouse.corpus.index._MARK", "SELECT error('stop')")
    before = study.sql("SELECT * FROM tokens ORDER BY ALL"), study.sql("SELECT * FROM words")
    with pytest.raises(Exception, match="stop"):
        index_posts(study.connection)
    assert (
        study.sql("SELECT * FROM tokens ORDER BY ALL"),
        study.sql("SELECT * FROM words"),
    ) == before
    monkeypatch.undo()
    study.index()
    assert_consistent(study)


def test_a_night_costs_what_is_new_and_not_what_is_held() -> None:
    vocabulary = [f"word{i}" for i in range(20_000)]
    rng = random.Random(5)
    texts = [" ".join(rng.choices(vocabulary, k=54)) for _ in range(200)]
    cheapest = []
    for held in (2, 65):
        study = Study()
        for text in texts:
            study.add_posts(held, text=text)
        first = index_posts(study.connection)
        assert (first.posts, first.tokens) == (200 * held, 200 * held * 54)
        nights = []
        for night in range(5):
            study.add_posts(220, text=texts[night])
            started = time.process_time()
            assert index_posts(study.connection).posts == 220
            nights.append(time.process_time() - started)
        cheapest.append(min(nights))
    # The history is 32 times as long; twice the cost would already be too dear.
    assert cheapest[1] < 2 * cheapest[0], cheapest

"""From the text of a query to its tree: a recursive descent over a handful of signs.

The language is the part of the query language of the IMS Open Corpus Workbench (Evert and Hardie
2011) that speaks of words: conditions in brackets, quoted regular expressions, sequences, gaps,
alternatives and repeats. Words without quotes stand for themselves.
"""

import re
from typing import NoReturn, cast, get_args

from warehouse.corpus.cql.errors import CqlError
from warehouse.corpus.cql.tree import (
    AllOf,
    AnyOf,
    Chain,
    Choice,
    Condition,
    Is,
    Not,
    Pattern,
    Plain,
    Query,
    Repeat,
    Strategy,
    Token,
)

MOST_WORDS = 100
"""How often one word may be repeated: what `*`, `+` and `{n,}` mean at most."""

MOST_GROUPS = 20
"""The same for a group in parentheses."""

_MOST_SIGNS = 2_000
_DEEPEST = 20

_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_SPACE = re.compile(r"\s*")
_STRATEGY = re.compile(r"\(\?\s*([^\s()]*)\s*\)")
_STRING = re.compile(r'"((?:[^"\\]|\\.|"")*)"' + "|" + r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL)
_FLAG = re.compile(r"%([A-Za-z]+)")
_NAME = re.compile(r"[^\W\d]\w*")
_TIMES = re.compile(r"\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}")
_PLAIN = re.compile(r"""[^\s()\[\]{}"|?*+;<>']+(?:'[^\s()\[\]{}"|?*+;<>']+)*(?:'(?=\s|$))?""")
_SIGNS_OF_A_PATTERN = re.compile(r"""["\[(]|(?:^|\s)'""")
_WITHIN = re.compile(r"within\s+(?:1\s+)?(\w+)\s*;?\s*$")
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]()|]")

_HINTS = {
    "<": "tags such as <s> are not in the index, and a match never leaves its post: leave it out",
    "]": "there is no opening bracket [ before it",
    ")": "there is no opening parenthesis ( before it",
    "?": "nothing stands before it that it could repeat",
    "*": "nothing stands before it that it could repeat; [] is any word",
    "+": "nothing stands before it that it could repeat",
    "{": "nothing stands before it that it could repeat; [] is any word",
    "|": "an alternative is missing beside it",
    '"': "the closing quote is missing",
    "'": "the closing quote is missing",
    ";": "it ends a query, and nothing stands before it",
}


def parse(text: str) -> Query:
    """Read a query.

    Parameters
    ----------
    text : str
        For example `[word="co-?produc.*"] []{0,3} "value"`, or plain words.

    Raises
    ------
    CqlError
        Where it cannot be read, with the column.
    """
    return _Reader(text).query()


class _Reader:
    """Reads a query from left to right; `place` is where the next sign stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.depth = 0
        self.capped = False
        self.end = len(text)

    def query(self) -> Query:
        if self.end > _MOST_SIGNS:
            self._fail(f"a query may have {_MOST_SIGNS} signs, not {self.end}", at=0)
        if found := _UNREADABLE.search(self.text):
            self._fail("a control character stands in the query", at=found.start())
        strategy = self._strategy()
        self._read_within()
        self._skip()
        if self.place == self.end:
            self._fail('there is nothing to look for: write a word, or [word="..."]')
        pattern = self._alternatives()
        at = self.place
        if self._take(";") and self._sign():
            self._fail("nothing may follow the ; that ends a query", at=at)
        if self._sign():
            self._unexpected()
        return Query(text=self.text, pattern=pattern, strategy=strategy, capped=self.capped)

    def _strategy(self) -> Strategy | None:
        self._skip()
        found = _STRATEGY.match(self.text, self.place)
        if found is None:
            return None
        names = get_args(Strategy)
        if found[1] not in names:
            self._fail(f"(?{found[1]}) is none of the strategies {', '.join(names)}")
        self.place = found.end()
        return cast("Strategy", found[1])

    def _read_within(self) -> None:
        """Leave out `within post` at the end; plain words alone stay words."""
        found = _WITHIN.search(self.text, self.place)
        if found is None or not _SIGNS_OF_A_PATTERN.search(self.text, self.place, found.start()):
            return
        if found[1] != "post":
            self._fail(f"a match lies within post, not within {found[1]}", at=found.start())
        self.end = found.start()

    def _alternatives(self) -> Pattern:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Pattern:
        parts: list[Pattern] = []
        while self._sign() not in ("", "|", ")", ";"):
            parts.append(self._repeated())
        if not parts and self.depth and self._sign() == ")":
            self._fail("a word is missing before the closing parenthesis )")
        if not parts:
            self._unexpected()
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def _repeated(self) -> Pattern:
        in_parentheses = self._sign() == "("
        part = self._atom()
        at = self.place
        sign = self._sign()
        if sign not in ("?", "*", "+", "{"):
            return part
        if isinstance(part, Plain) and not in_parentheses:
            self._fail(
                f'a word without quotes stands for itself; write [word="{part.text}.*"] for words'
                f' that begin so, or [word="{part.text}"]{sign if sign != "{" else "{1,2}"} for it'
                " again and again",
                at=at,
            )
        least, most = self._times(part)
        if self._sign() in ("?", "*", "+", "{"):
            self._fail("a repeat of a repeat needs parentheses round the first")
        return Repeat(part, least, most)

    def _times(self, part: Pattern) -> tuple[int, int]:
        cap = MOST_WORDS if isinstance(part, Token) else MOST_GROUPS
        at, sign = self.place, self._sign()
        if sign != "{":
            self.place += 1
            self.capped |= sign != "?"
            return (int(sign == "+"), 1 if sign == "?" else cap)
        found = _TIMES.match(self.text, self.place, self.end)
        if found is None or not (found[1] or found[3]):
            self._fail("expected how many times, such as {2}, {0,3} or {1,}")
        self.place = found.end()
        least = int(found[1] or 0)
        most = int(found[3]) if found[3] else (cap if found[2] else least)
        self.capped |= bool(found[2]) and not found[3]
        if max(least, most) > cap:
            what = "a word" if isinstance(part, Token) else "a group"
            self._fail(f"{what} may be repeated {cap} times, not {max(least, most)}", at=at)
        if most < least or most == 0:
            self._fail(f"nothing is repeated {least} to {most} times", at=at)
        return least, most

    def _atom(self) -> Pattern:
        sign = self._sign()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._bracket()
        if sign in ("'", '"'):
            return Token(self._string())
        found = _PLAIN.match(self.text, self.place, self.end)
        if found is None or found[0].startswith("::"):
            self._unexpected()
        if found[0].endswith("="):
            self._fail('a condition stands in brackets: [word="..."]')
        self.place = found.end()
        return Plain(found[0], found.start())

    def _group(self) -> Pattern:
        opened = self._open("(")
        pattern = self._alternatives()
        self._close(")", opened)
        return pattern

    def _bracket(self) -> Token:
        opened = self._open("[")
        if self._take("]"):
            self.depth -= 1
            return Token()
        condition = self._any_of()
        self._close("]", opened)
        return Token(condition)

    def _any_of(self) -> Condition:
        conditions = [self._all_of()]
        while self._take("|"):
            conditions.append(self._all_of())
        return conditions[0] if len(conditions) == 1 else AnyOf(tuple(conditions))

    def _all_of(self) -> Condition:
        conditions = [self._single()]
        while self._take("&"):
            conditions.append(self._single())
        return conditions[0] if len(conditions) == 1 else AllOf(tuple(conditions))

    def _single(self) -> Condition:
        if self._sign() == "!":
            self._open("!")
            negated = Not(self._single())
            self.depth -= 1
            return negated
        if self._sign() == "(":
            opened = self._open("(")
            condition = self._any_of()
            self._close(")", opened)
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        at = self.place
        found = _NAME.match(self.text, self.place, self.end)
        if found is None:
            self._fail(f'expected a condition such as word="value", but found {self._found()}')
        if found[0] != "word":
            self._fail(
                f"the index has no {found[0]}, it has word alone; what was redacted, such as"
                f' [{found[0]}], is written "[{found[0]}]"%l',
                at=at,
            )
        self.place = found.end()
        negated = self._take("!=")
        if not negated and not self._take("="):
            self._fail(f"expected = or != after word, but found {self._found()}")
        condition = self._string()
        return Not(condition) if negated else condition

    def _string(self) -> Condition:
        self._skip()
        found = _STRING.match(self.text, self.place, self.end)
        if found is None:
            if self._sign() in ("'", '"'):
                self._unexpected()
            self._fail(f'expected a quoted word such as "value", but found {self._found()}')
        quote = self.text[self.place]
        at = self.place + 1
        self.place = found.end()
        content = (found[1] or found[2] or "").replace(quote * 2, quote)
        literal = self._flags()
        if not content:
            self._fail("no word is empty: write [] for any word", at=at - 1)
        return Is(content, is_regex=False, column=at) if literal else _read_regex(content, at)

    def _flags(self) -> bool:
        """Read %c (any case, as ever) and %l (no regular expression); say whether %l stood."""
        found = _FLAG.match(self.text, self.place, self.end)
        if found is None:
            return False
        if unknown := set(found[1]) - set("cl"):
            self._fail(f"%{min(unknown)} is no flag of this index: %c and %l are")
        self.place = found.end()
        return "l" in found[1]

    def _open(self, sign: str) -> int:
        opened = self.place
        self.depth += 1
        if self.depth > _DEEPEST:
            self._fail(f"parentheses may stand {_DEEPEST} deep")
        self.place += len(sign)
        return opened

    def _close(self, sign: str, opened: int) -> None:
        if not self._take(sign):
            begun = f"{self.text[opened]} of column {opened + 1}"
            self._fail(f"expected {sign} to close the {begun}, but found {self._found()}")
        self.depth -= 1

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.place, self.end)
        self.place = found.end() if found else self.place

    def _sign(self) -> str:
        """Return the next sign that is no space; nothing at the end."""
        self._skip()
        return self.text[self.place] if self.place < self.end else ""

    def _take(self, sign: str) -> bool:
        self._skip()
        if not self.text.startswith(sign, self.place, self.end):
            return False
        self.place += len(sign)
        return True

    def _found(self) -> str:
        sign = self._sign()
        return f"{sign!r}" if sign else "the end"

    def _unexpected(self) -> NoReturn:
        sign = self._sign()
        if not sign:
            self._fail("expected a word, a bracket [ or a parenthesis (, but found the end")
        if self.text.startswith("::", self.place):
            self._fail("conditions on posts stand outside the query, as a sub-corpus does")
        self._fail(
            f"cannot read {sign!r} here: {_HINTS.get(sign, 'expected a word or a bracket [')}"
        )

    def _fail(self, sentence: str, *, at: int | None = None) -> NoReturn:
        raise CqlError(sentence, query=self.text, column=self.place if at is None else at)


def _read_regex(content: str, column: int) -> Condition:
    """Return the words that an expression writes out, where it does no more than that."""
    words = content.split("|")
    if _SPECIAL.search(content.replace("|", "")) or not all(words):
        return Is(content, is_regex=True, column=column)
    written = tuple(Is(word, column=column) for word in words)
    return written[0] if len(written) == 1 else AnyOf(written)

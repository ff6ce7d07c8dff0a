"""What a token is, as one DuckDB expression: the index and the export gate cut text alike.

A token is, in this order: a pseudonym that stands for a mention, a redaction, a hashtag, a number
with its separators, a word, or an emoji. Words are runs of letters, marks and digits of any script,
joined by single apostrophes and hyphens inside (*don't*, *follow-up*, *24-hour*); scripts that are
written without spaces give one token a run. Text is lower-cased and in Unicode's NFC before.
"""

TOKENISER_VERSION = 1

MENTION = r"author_[a-z2-7]{24}"
REDACTION = r"\[[a-z]+(?:-[a-z]+)*\]"
_HASHTAG = r"#[\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_]*"
_NUMBER = r"\p{N}+(?:[.,]\p{N}+)+"
_WORD = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['\-][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*"

# Pictographs with their skin tone and joined followers are one token, so are flags: two regional
# letters, or a black flag with the tags of a nation.
_PICTOGRAPH = (
    r"[\x{1F000}-\x{1F1E5}\x{1F200}-\x{1FAFF}\x{2600}-\x{27BF}\x{231A}\x{231B}"
    r"\x{23E9}-\x{23FA}\x{2B05}-\x{2B07}\x{2B1B}\x{2B1C}\x{2B50}\x{2B55}]"
)
_DRESSED = _PICTOGRAPH + r"(?:\x{FE0F}|[\x{1F3FB}-\x{1F3FF}])?"
_FLAG = r"[\x{1F1E6}-\x{1F1FF}]{2}|\x{1F3F4}[\x{E0020}-\x{E007F}]+"
_EMOJI = rf"{_FLAG}|{_DRESSED}(?:\x{{200D}}{_DRESSED})*"

STAND_IN = f"{MENTION}|{REDACTION}"
"""What stands in a text for words that nobody wrote: a pseudonym or a redaction."""
TOKEN = f"{STAND_IN}|{_HASHTAG}|{_NUMBER}|{_WORD}|{_EMOJI}"

# Typographic apostrophes and hyphens, two kinds of each, become plain; soft hyphens go.
_TYPOGRAPHIC = "\u2019\u02bc\u2010\u2011\u00ad"
_PLAIN = "''''--"  # two apostrophes, each doubled inside the SQL literal; two hyphens


def normalised(text: str) -> str:
    """Return the SQL expression of `text`, itself one, as the tokeniser reads it.

    Text of plain ASCII, as most of a corpus is, is only lower-cased: that is three times as fast.
    """
    return (
        f"CASE WHEN strlen({text}) = length({text}) THEN lower({text}) ELSE "
        f"translate(lower(nfc_normalize({text})), '{_TYPOGRAPHIC}', '{_PLAIN}') END"
    )


def tokens_of(text: str) -> str:
    """Return the SQL expression of the list of tokens of `text`, itself an SQL expression."""
    pattern = TOKEN.replace("'", "''")
    return f"regexp_extract_all({normalised(text)}, '{pattern}')"

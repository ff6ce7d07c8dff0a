"""Coders are short labels, never names: what a study hands out and gets back must name nobody."""

import re

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")


class CodingError(ValueError):
    """Something about coding cannot be done; the message says what to do."""

    exit_code = 2


def coder_label(text: str) -> str:
    """Return a label that may stand for a coder.

    Raises
    ------
    CodingError
        If it could be a name or an address. It is not repeated in the message.
    """
    if not _LABEL.fullmatch(text):
        raise CodingError(
            "a coder is a label of at most 16 letters, digits and hyphens, such as A or coder-2,"
            " never a name or an address; keep who is who outside of the study"
        )
    return text

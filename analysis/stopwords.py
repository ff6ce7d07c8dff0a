"""Our own stop list: function words and contractions, and nothing that carries value talk.

Common stop lists drop *value*, *need*, *together*, *help* and *system*, which are what this study
is about; ours is closed-class words only, and a test guards it.
"""

from functools import cache
from pathlib import Path

STOPWORDS = Path(__file__).parent / "stopwords.txt"


@cache
def load_stopwords() -> frozenset[str]:
    """Return the stop words, in lower case."""
    lines = STOPWORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())

"""The numbers on which a change of a topic was decided, as coarse as public figures: for the gate.

Evidence is JSON: numbers by name. Numbers of posts and people are rounded, and withheld where they
are small, with every share that was counted from so few. Similarities of topics are properties of
the model. What is not named here is left out: nobody has judged it.
"""

import json
from collections.abc import Mapping

from warehouse.protection.disclosure import COUNT_STEP, LEAST_AUTHORS

PEOPLE = frozenset({"posts", "other_posts", "texts", "authors"})
"""Counts of which a public figure needs 10."""
COUNTS = PEOPLE | {"threads", "observed", "expected"}
"""Counts that are rounded."""
SHARES = frozenset({"share", "usual_share", "moved", "topics_kept"})
"""Shares of posts or topics that are counted from them."""
PLAIN = frozenset({"nights", "nights_seen", "shared_terms", "topics", "terms_version", "new_terms"})
"""Counts of what is nobody's."""
MODEL = frozenset(
    {
        *("cosine", "jaccard", "nearest", "score", "surprise"),
        *("coherence", "other_coherence", "coherence_before"),
    }
)
"""Measures of the model itself."""
LEFT_OUT = frozenset({"of_one_author", "of_one_thread"})
"""What tells of a single person or conversation."""


def coarse_evidence(evidence: str | None) -> str | None:
    """Return evidence as the public may read it; None where nothing of it is left."""
    if evidence is None:
        return None
    numbers: Mapping[str, float] = json.loads(evidence)
    few = any(numbers.get(name, LEAST_AUTHORS) < LEAST_AUTHORS for name in PEOPLE)
    shown: dict[str, float] = {}
    for name, value in sorted(numbers.items()):
        if name in COUNTS and not few:
            shown[name] = COUNT_STEP * round(value / COUNT_STEP)
        elif name in PLAIN:
            shown[name] = round(value)
        elif name in MODEL or (name in SHARES and not few):
            shown[name] = round(value, 2)
    return json.dumps(shown) if shown else None

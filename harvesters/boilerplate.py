"""What machines and moderators post by template: told by the template's own words.

Platforms flag some of it (a Mastodon account marked as a bot, Discourse's system user). The rest
bears fixed phrases, listed here as data. A phrase counts only where the template has it: at the
start of the text, or as a line of its own; somebody who quotes or retells it is a person. Such
posts are kept and marked `automated`, which leaves them out of every share and counts them.
"""

import re
from dataclasses import dataclass

_MARKUP = re.compile(r"[*_^~`#]|\[(?=[^\]]*\]\()|\]\([^)]*\)")
_TIDY = str.maketrans({"\u2019": "'", "\u2018": "'", "\u2013": "-", "\u2014": "-", "\xa0": " "})
_GREETING = r"(?:(?:hi|hello|hey|dear|greetings)\b[^\n,!.:]{0,60}[,!.:]?\s+)?"
_ITEM = "(?:post|submission|comment|thread|topic|message|reply)"


@dataclass(frozen=True, slots=True)
class Signature:
    """One template: a word without which it cannot be, and where its phrase stands.

    `hint` is in lower case; `phrase` is a pattern over lower-case text without markup. `place` is
    `start` of the text, with a greeting before it at most, or the start of any `line`.
    """

    name: str
    hint: str
    phrase: str
    place: str


SIGNATURES = (
    Signature(
        "bot footer",
        "automatically",
        r"(?:beep[ ,.]*boop[ ,.!-]*)?i(?: a|')m an? (?:\w+ )?bot,? (?:and )?this "
        r"(?:action|comment|message|post|reply) was (?:performed|posted|made|sent) automatically",
        "line",
    ),
    Signature(
        "bot footer", "boop", r"(?:beep[ ,.]*boop[ ,.!-]+)i(?: a|')m an? (?:\w+ )?bot\b", "line"
    ),
    Signature("bot footer", "only a robot", r"i'm only a robot, but our friendly staff", "line"),
    Signature(
        "bot by name",
        "discobot",
        r"(?:to find out what i can do, say|hello! my name is discobot|thanks for joining\b)",
        "start",
    ),
    Signature(
        "automated message",
        "automat",
        r"(?:please note:? )?this is an automated (?:message|reply|response|reminder|notice|post)"
        r"(?:[.!]|$| from the (?:moderat|mod team|forum|admin|site|system|list)| sent (?:by|to)\b)",
        "start",
    ),
    Signature(
        "automated message",
        "automat",
        r"this (?:message|post|comment|reply|email) (?:was|has been) (?:automatically |auto-?)"
        r"(?:generated|posted|sent|created)(?: by (?:the|a|our)\b[^\n]{0,60})?[.!]?$",
        "line",
    ),
    Signature(
        "automated message",
        "automat",
        r"please do not reply to this automat(?:ed|ic) (?:message|email|post)",
        "line",
    ),
    Signature(
        "removal notice",
        "removed for",
        rf"(?:thank you for your {_ITEM}[^\n]{{0,60}}?[.,!] ?(?:but |however,? )?)?"
        rf"(?:unfortunately,? )?your {_ITEM}(?: to [^\n]{{1,40}}?| in [^\n]{{1,40}}?)? (?:has been|"
        r"was) (?:automatically )?removed for (?:the following|these) reason(?:s|\(s\))?\s*(?::|$)",
        "start",
    ),
    Signature(
        "removal notice",
        "removed",
        rf"(?:unfortunately,? )?your {_ITEM}(?: [^\n]{{1,40}}?)? has been (?:automatically )?"
        r"removed (?:because|as|since|for)[^\n.]{0,80}"
        r"\b(?:violat|breach|breaks? (?:our |the )?rule|"
        r"(?:against|under|per|see) (?:our |the )?(?:community |forum |sub )?(?:rule|guideline))",
        "start",
    ),
    Signature(
        "removal notice",
        "held for",
        rf"your {_ITEM} (?:is|has been) held for (?:moderat|review by)",
        "start",
    ),
    Signature(
        "welcome",
        "welcome to",
        r"welcome to (?:the |our )?[^\n.!]{1,60}[.!] "
        r"(?:please|before (?:you post|posting))[^\n.!]{0,60}"
        r"\b(?:read|review|familiari[sz]e)\b[^\n.!]{0,40}"
        r"\b(?:rules|guidelines|faq|wiki|code of conduct)",
        "start",
    ),
    Signature(
        "closed thread",
        "automatically closed",
        r"this (?:topic|thread) was automatically closed (?:[^\n]{1,40} )?after",
        "start",
    ),
    Signature(
        "closed thread",
        "closed",
        r"this (?:topic|thread|discussion) (?:is|has been) (?:now )?(?:closed|archived)"
        r"(?: (?:by (?:a |the )?(?:moderator|mod|admin)[^\n.]{0,30}"
        r"|to (?:new|further) (?:replies|comments|posts)))[.!]?"
        r"(?: new (?:replies|comments|posts) [^\n]{1,50})?$",
        "line",
    ),
    Signature(
        "closed thread",
        "locked",
        r"(?:this )?(?:topic|thread|post|discussion) (?:(?:is|has been|was) )?(?:now )?locked"
        r"(?: by (?:a |the )?(?:moderator|mod|admin)[^\n.]{0,30}"
        r"|\. new (?:comments|replies) cannot be posted"
        r"|(?: and|,) (?:new )?(?:comments|replies) (?:are|can)[^\n]{0,50})[.!]?$",
        "line",
    ),
    Signature(
        "closed thread",
        "open for further",
        r"(?:status: )?not open for further replies[.!]?$",
        "line",
    ),
    Signature(
        "placeholder",
        "flagged",
        r"(?:this|your) post was flagged by the community and is temporarily hidden",
        "start",
    ),
    Signature(
        "placeholder",
        "withdrawn by author",
        r"\(?(?:post|topic) withdrawn by author, will be automatically deleted",
        "start",
    ),
    Signature(
        "reminder",
        "to remind you of",
        r"i will be messaging you (?:in|on) [^\n]{1,60} to remind you of",
        "start",
    ),
)


def _root_of(hint: str) -> str:
    """Return the shortest hint that stands within this one."""
    within = [signature.hint for signature in SIGNATURES if signature.hint in hint]
    return min(within, key=len)


_COMPILED = tuple(
    (
        signature.hint,
        re.compile(
            rf"\A\s*{_GREETING}{signature.phrase}"
            if signature.place == "start"
            else rf"^[ \t([]{{0,4}}{signature.phrase}",
            re.MULTILINE,
        ),
    )
    for signature in SIGNATURES
)
# Many hints are within others: what lacks the shorter one is not asked for the longer.
_BY_ROOT = {
    root: [(hint, pattern) for hint, pattern in _COMPILED if _root_of(hint) == root]
    for root in sorted({_root_of(signature.hint) for signature in SIGNATURES})
}


def is_boilerplate(text: str) -> bool:
    """Tell whether a text bears the phrase of a template where the template has it."""
    lowered = text.lower()
    hinted = [
        pattern
        for root, hints in _BY_ROOT.items()
        if root in lowered
        for hint, pattern in hints
        if hint in lowered
    ]
    if not hinted:
        return False
    plain = _MARKUP.sub("", lowered.translate(_TIDY))
    return any(pattern.search(plain) for pattern in hinted)

"""Rules for written-out identifiers: e-mail addresses, handles, references, postcodes, addresses.

Sources of the formats: Royal Mail's postcode areas, DVLA's number plates and driver numbers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.protection.lexicon import ORDINARY_WORDS, word_set
from warehouse.protection.numbers import before, digits_of
from warehouse.protection.rules import Reading, Region, Rule

_I = re.IGNORECASE

_TOP_LEVEL = r"(?:com|org|net|uk|co|info|io|me|edu|gov|eu|ie|us|au|nz|ca|de|example)"
_MAIL_ENDS = frozenset({"com", "org", "net", "uk", "co", "info", "edu", "gov", "ie", "example"})
_OPEN, _SHUT = r"\s*[\[({<-]\s*", r"\s*[\])}>-]\s*"
_AT_SIGN = rf"(?:{_OPEN}(?:at|@){_SHUT}|\s+@\s+)"
_DOT_SIGN = rf"(?:{_OPEN}(?:dot|\.){_SHUT}|\s+dot\s+|\.)"
_BEFORE_AT = frozenset(
    (
        *("look", "looks", "looked", "looking", "work", "works", "worked", "working", "shop"),
        *("find", "found", "buy", "bought", "me", "us", "them", "it", "live", "is", "was", "are"),
        *("were", "be", "here", "there", "based", "just", "sold", "arrive", "arrived", "study"),
    )
)
_MAIL_CONTEXT = re.compile(r"\b(?:e-?mail|mail|contact|write|reach)\b", _I)
_AT_A_HOST = re.compile(r" at [\w-]+\.[\w.-]*[a-zA-Z]{2}")
_LOOSE_AT = re.compile(r"@[\s\])}>-]")
_AT_SHUT = re.compile(r"at ?[\])}>-]")
_AT_ENCLOSED = re.compile(r"[\[({<-]\s*(?:at|@)\s*[\])}>-]|\s@\s", _I)
_PRICE = re.compile(r"\d+(?:\.\d+)?")
_TELLING = re.compile(r"[\d_#]|\w\.\w")


def _address_in_words(match: re.Match[str]) -> str | None:
    """Refuse prices, and `I worked at somewhere dot com`: the word before is no mailbox."""
    local = match["local"].lower()
    return None if local in _BEFORE_AT or _PRICE.fullmatch(local) else match["span"]


def _address_after_at(match: re.Match[str]) -> str | None:
    """Accept `ann.b at example.org`, and `ann at example.org` where mail is spoken of."""
    if match["local"].lower() in _BEFORE_AT:
        return None
    told = _TELLING.search(match["local"]) or _MAIL_CONTEXT.search(before(match))
    return match["span"] if told else None


def _handle(match: re.Match[str]) -> str | None:
    """Accept any word after `username` or a colon; elsewhere only what reads as no word."""
    span = match["span"]
    if not re.search(r"[^\W\d]", span) or re.match(r"\d+[a-z]{0,2}$", span):
        return None
    named = match["label"] or match["colon"]
    if match["wordlike"] and not named:
        return None
    if _TELLING.search(span):
        return span
    return span if match["label"] and span.lower() not in ORDINARY_WORDS else None


_YEARS = re.compile(r"(?:19|20)\d\d(?:[/-](?:(?:19|20)\d\d|\d\d))?")
_LEAST_REFERENCE_DIGITS = 5


def _reference(match: re.Match[str]) -> str | None:
    """Accept five digits, or four with letters; no year and no span of years."""
    span = match["span"].rstrip("-/")
    n_digits = len(digits_of(span))
    lettered = any(map(str.isalpha, span))
    told = n_digits >= _LEAST_REFERENCE_DIGITS - lettered and not _YEARS.fullmatch(span)
    return span if told else None


def _reference_apart(match: re.Match[str]) -> str | None:
    """Accept a code that stands some words behind its label only if it has letters and digits."""
    return _reference(match) if match["span"][0].isalpha() else None


_AREAS = word_set(
    "AB AL B BA BB BD BF BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT "
    "DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD "
    "LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK "
    "SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
)
_LETTERED_AREAS = frozenset({"E", "EC", "N", "NW", "SE", "SW", "W", "WC"})
_WORDLIKE_INWARD = re.compile(r"\d(?:st|nd|rd|th|hr|yr|ft|lb|gb|tb|pt|px|ah|nd|ed)$", _I)
_POSTCODE_CONTEXT = re.compile(r"(?<!\[)\bpost\s?code\b", _I)


def _postcode(match: re.Match[str]) -> str | None:
    """Accept capitals; lower case unless its end reads as `2nd` or `5ft`."""
    span, area = match["span"], (match["area"] or "").upper()
    if not area:  # the one without an area
        return span
    areas = _LETTERED_AREAS if match["letter"] else _AREAS
    if match["letter"] and len(match["district"]) > 1:
        return None
    if area not in areas or not (span.isupper() or span.islower()):
        return None
    if match["district"][0] == "0" and (len(area) == 1 or match["district"] != "0"):
        return None
    if span.isupper() or _POSTCODE_CONTEXT.search(before(match)):
        return span
    return None if _WORDLIKE_INWARD.search(span) and " " in span else span


_PLATE_CONTEXT = re.compile(r"\b(?:reg|registration|plates?|vehicle|car|van)\b", _I)
_NO_PLATE_END = word_set("ALL AND ARE BUT DAY FOR GBP HRS MIN NOT OFF PER PLN THE USD WAS")


def _plate(match: re.Match[str]) -> str | None:
    """Accept capitals whose age number was issued; other forms where a vehicle is spoken of."""
    span = match["span"]
    if match["bare"] and span.isupper() and " " in span:
        issued = "02" <= match["age"] <= "29" or "51" <= match["age"] <= "79"
        if issued and span[-3:] not in _NO_PLATE_END:
            return span
    return span if _PLATE_CONTEXT.search(before(match)) else None


_STREET = (
    "Street|Road|Rd|Avenue|Ave|Lane|Close|Drive|Crescent|Terrace|Gardens|Grove|Mews|Square|"
    "Walk|Row|Way|Hill|Rise|Parade|Villas|St\\b(?=[.,;]|$|\\n)"
)
_STREET_WORDS = frozenset(
    (
        *("street", "road", "rd", "avenue", "ave", "lane", "close", "drive", "crescent"),
        *("terrace", "gardens", "grove", "mews", "square", "walk", "row", "way", "hill", "rise"),
        *("parade", "villas", "st"),
    )
)
_HOUSE = r"[0-9]{1,4}[A-Za-z]?(?:-\d{1,4})?"
_FLAT_BEFORE = re.compile(r"\b(?:[Ff]lat|[Aa]partment|[Rr]oom|[Uu]nit)[ ]\w{1,4},?[ ]\Z")
_FLAT_REACH = 20
_WITHIN_NUMBER = re.compile(r"[\w.,]")
_FAMOUS_STREETS = frozenset({"10 downing street", "11 downing street", "221b baker street"})
_NOT_IN_STREET = frozenset(
    (
        *("a", "and", "by", "down", "from", "hour", "hours", "in", "km", "long", "mile", "miles"),
        *("min", "mins", "minute", "minutes", "more", "of", "off", "on", "or", "people", "the"),
        *("this", "to", "up", "years", "yards", "way", "lane", "cars", "different", "other"),
    )
)


def _house(match: re.Match[str]) -> str | None:
    within = _WITHIN_NUMBER.match(match.string, max(0, match.start() - 1), match.start())
    return None if within or match["span"].lower() in _FAMOUS_STREETS else match["span"]


def _house_in_lower_case(match: re.Match[str]) -> str | None:
    return match["span"] if _NOT_IN_STREET.isdisjoint(match["span"].split()) else None


_SERVICES = (
    "insta|instagram|ig|snap|snapchat|discord|kik|telegram|tiktok|twitter|skype|"
    "whatsapp|facebook|fb|tumblr"
)
# said of more than accounts: `a signal`, `steam 3x`
_WORDLIKE_SERVICES = (
    "signal|messenger|mastodon|bluesky|threads|steam|xbox(?: live)?|psn|playstation|nintendo"
)
_SUBJECTS = (
    "hospital|hosp|patient|case|claim|claimant|client|customer|policy|membership|member|complaint|"
    "crime|incident|log|tribunal|appeal|booking|order|passport|driving licen[cs]e|licen[cs]e|"
    "student|staff|employee|payroll|unit|chart|medical|record|datix|pals|council tax|tax|court|"
    "ombudsman|police|referral|prescription|tenancy|reference|unique"
)
_NUMBERED = r"(?:reference|number|num|ref|no|id|#)"
_CODE = (
    r"(?P<span>#?(?:[A-Z][A-Z/-]{0,12})?[0-9](?:[A-Z/-]{0,12}[0-9]){3,}(?:[A-Z0-9/-]*[A-Z0-9])?)"
)
_REFERENCE_WORDS = frozenset(
    (
        *("hospital", "hosp", "patient", "case", "claim", "claimant", "client", "customer"),
        *("policy", "membership", "member", "complaint", "crime", "incident", "log", "tribunal"),
        *("appeal", "booking", "order", "passport", "licence", "license", "student", "staff"),
        *("employee", "payroll", "unit", "chart", "medical", "record", "datix", "pals", "tax"),
        *("court", "ombudsman", "police", "referral", "prescription", "tenancy", "reference"),
        *("unique", "ref", "mrn", "crn", "utr", "rio"),
    )
)


@dataclass(frozen=True, slots=True)
class _House(Rule):
    """Takes the flat before a house and its street, too."""

    def spans(self, reading: Reading) -> Iterator[Region]:
        for start, end in Rule.spans(self, reading):
            flat = _FLAT_BEFORE.search(reading.text, max(0, start - _FLAT_REACH), start)
            yield flat.start() if flat else start, end


RULES = (
    Rule(
        "email",
        re.compile(r"(?<![\w.+@-])(?P<span>\w[\w.+'-]*@[\w-]+(?:\.[\w-]+)+)"),
        signs=("@",),
    ),
    Rule(
        "email",
        re.compile(
            rf"(?<![\w.+@-])(?P<span>\w[\w.+-]*?(?:{_DOT_SIGN}\w+){{0,2}}{_AT_SIGN}\w[\w-]*?"
            rf"(?:{_DOT_SIGN}\w+){{0,3}}{_DOT_SIGN}{_TOP_LEVEL})\b",
            _I,
        ),
        words=_MAIL_ENDS,
        trigger=_AT_SHUT,
        needs=_AT_ENCLOSED,
    ),
    Rule(
        "email",
        re.compile(
            rf"(?<![\w.+@-])(?P<span>(?P<local>\w[\w.+-]*)(?:{_OPEN}@{_SHUT}|\s+@\s+)(?!www\.)"
            rf"\w[\w-]*(?:{_DOT_SIGN}\w+){{0,3}}{_DOT_SIGN}{_TOP_LEVEL})\b",
            _I,
        ),
        _address_in_words,
        signs=("@",),
        trigger=_LOOSE_AT,
    ),
    Rule(
        "email",
        re.compile(
            r"(?<![\w.+@-])(?P<span>(?P<local>\w[\w.+-]*)(?:\s+dot\s+\w+){0,3}\s+at\s+\w[\w-]*"
            rf"(?:\s+dot\s+\w+){{0,3}}\s+dot\s+{_TOP_LEVEL})\b",
            _I,
        ),
        _address_in_words,
        words=frozenset({"dot"}),
        signs=(" dot",),
    ),
    Rule(
        "email",
        re.compile(
            r"(?<![\w.+@-])(?P<span>(?P<local>[\w.+-]{0,64}\w) at \w[\w-]*(?:\.\w+){0,3}"
            rf"\.{_TOP_LEVEL})\b",
            _I,
        ),
        _address_after_at,
        words=_MAIL_ENDS,
        trigger=_AT_A_HOST,
    ),
    Rule(
        "handle",
        re.compile(
            rf"\b(?:(?:{_SERVICES})|(?P<wordlike>{_WORDLIKE_SERVICES}))\b,?[ ]?"
            r"(?P<label>(?:user[ ]?|gamer[ ]?)?(?:name|handle|tag|id)\b|me\b(?=[:=]))?"
            r"[ ]?(?P<colon>is\b|as\b|[:=])?[ ]?@?(?P<span>(?:live:)?\w[\w.#-]+\w)",
            _I,
        ),
        _handle,
        words=frozenset(
            (
                *_SERVICES.split("|"),
                *("signal", "messenger", "mastodon", "bluesky", "threads", "steam", "xbox", "psn"),
                *("playstation", "nintendo"),
            )
        ),
        at="words",
    ),
)

NUMBERED_RULES = (  # behind the rules for numbers; a text without any digit passes them all
    Rule(
        "reference",
        re.compile(
            rf"(?<!\w)(?:(?:{_SUBJECTS})\s?{_NUMBERED}?\.?(?:\s+(?:number|num|no|ref))?"
            r"|ref|mrn|crn|utr|rio)\.?(?:\s+(?:number|num|no|ref|id))?\.?"
            rf"\s*(?:(?:is|was)\b|[:=#])?\s*{_CODE}",
            _I,
        ),
        _reference,
        words=_REFERENCE_WORDS,
        number=4,
        at="words",
    ),
    Rule(
        "reference",
        re.compile(
            rf"(?<!\w)(?:{_SUBJECTS})\s(?:number|reference|ref|no|id)\.?"
            rf"(?:\s(?:at|in|on|with|from|for)(?:\s[a-z]+){{1,2}}),?\s{_CODE}",
            _I,
        ),
        _reference_apart,
        words=_REFERENCE_WORDS,
        number=4,
        at="words",
    ),
    Rule(
        "reference",
        re.compile(
            r"\b(?P<span>[A-Z]{2,5}9{0,3}[ ]?\d{6}[ ]?[A-Z][A-Z9]\d[A-Z]{2}(?:[ ]?\d{2})?)\b", _I
        ),
        words=frozenset({"licence", "license", "driving", "driver", "dvla"}),
        number=6,
        at="numbers",
        reach=(10, 10),
    ),
    Rule(
        "postcode",
        re.compile(
            r"(?<![\w/-])(?P<span>(?P<area>[A-Z]{1,2})(?P<district>[0-9]{1,2})(?P<letter>[A-Z]?)\s{0,2}"
            r"[0-9][ABD-HJLNP-UW-Z]{2}|(?:GIR\s?0AA))(?![\w-])",
            _I,
        ),
        _postcode,
        number=2,
        at="numbers",
        reach=(3, 3),
    ),
    _House(
        "address",
        re.compile(rf"(?P<span>{_HOUSE},?[ ](?:[A-Z][a-z'\u2019-]+[ ]){{1,3}}(?:{_STREET}))(?!\w)"),
        _house,
        words=_STREET_WORDS,
        number=1,
        capitals=True,
    ),
    Rule(
        "address",
        re.compile(
            r"\b(?:at|near|outside|from|to)[ ](?P<span>\d{1,4}[a-z]?[ ](?:[a-z'\u2019]+[ ]){1,3}"
            r"(?:street|road|avenue|lane|crescent|terrace))\b"
        ),
        _house_in_lower_case,
        words=frozenset({"street", "road", "avenue", "lane", "crescent", "terrace"}),
        number=1,
        at="numbers",
        reach=(9, 60),
    ),
    Rule(
        "vehicle",
        re.compile(
            r"\b(?P<span>(?P<bare>[A-Z]{2}(?P<age>\d{2})[ ]?[A-Z]{3})"
            r"|[A-HJ-NPR-TV-Y]\d{1,3}[ ]?[A-Z]{3})\b",
            _I,
        ),
        _plate,
        number=2,
        at="numbers",
        reach=(3, 6),
    ),
)

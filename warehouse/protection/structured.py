"""Rules for structured identifiers as people in the United Kingdom write them.

Sources of the formats: Ofcom's numbering plan (phones), the NHS Data Dictionary (NHS number, its
modulus 11), HMRC's NIM39110 (National Insurance prefixes), Royal Mail's postcode areas, ISO/IEC
7812 (cards, Luhn), ISO 13616 (IBAN).
"""

import re

from warehouse.protection.rules import Rule

_I = re.IGNORECASE
_DIGIT = re.compile(r"\d")
_NOT_DIGIT = re.compile(r"\D")
_FOUR_DIGITS = re.compile(r"\d(?:.{0,3}\d){3}")

_TOP_LEVEL = r"(?:com|org|net|uk|co|info|io|me|edu|gov|eu|ie|us|au|nz|ca|de|example)"
_AT_WORD = r"(?:\s*[\[({<]\s*(?:at|@)\s*[\])}>]\s*|\s+@\s+)"
_DOT_WORD = r"(?:\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+|\.)"
_BEFORE_AT = frozenset(
    (
        *("look", "looks", "looked", "looking", "work", "works", "worked", "working", "shop"),
        *("find", "found", "buy", "bought", "me", "us", "them", "it", "live", "is", "was", "are"),
        *("were", "be", "here", "there", "based", "just", "sold", "arrive", "arrived", "study"),
    )
)


def _address_in_words(match: re.Match[str]) -> str | None:
    """Refuse `I worked at somewhere dot com`, where the word before `at` is no mailbox."""
    return None if match["local"].lower() in _BEFORE_AT else match["span"]


def _digits(text: str) -> str:
    return _NOT_DIGIT.sub("", text)


def is_nhs_number(digits: str) -> bool:
    """Tell whether ten digits pass the NHS number's modulus 11."""
    weighted = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    return (11 - weighted % 11) % 11 == int(digits[9])


def passes_luhn(digits: str) -> bool:
    """Tell whether digits pass the check that every payment card passes."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004


_NHS_CONTEXT = re.compile(r"(?<!\[)\bnhs\b(?:\W+\w+){0,3}\W*$", _I)
_CONTEXT_REACH = 40


def _before(match: re.Match[str]) -> str:
    start = match.start("span")
    return match.string[max(0, start - _CONTEXT_REACH) : start]


def _nhs_number(match: re.Match[str]) -> str | None:
    """Accept by context, or by checksum; a run of ten digits must also start as issued ones do."""
    span = match["span"]
    if _NHS_CONTEXT.search(_before(match)):
        return span
    digits = _digits(span)
    written_as_such = span != digits or digits[0] in "34679"
    return span if written_as_such and is_nhs_number(digits) else None


_NI_CONTEXT = re.compile(r"(?<!\[)\b(?:ni|nino|national\s+insurance)\b", _I)
_NI_NEVER = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})


def _ni_number(match: re.Match[str]) -> str | None:
    """Accept capitals; lower case only in one piece or after its own name."""
    span = match["span"]
    if span[:2].upper() in _NI_NEVER:
        return None
    plain = span.isupper() or span.isalnum() or _NI_CONTEXT.search(_before(match))
    return span if plain else None


_AREAS = (
    "AB|AL|B|BA|BB|BD|BF|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|"
    "DY|E|EC|EH|EN|EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|"
    "LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|"
    "SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
_WORDLIKE_INWARD = re.compile(r"\d(?:st|nd|rd|th|hr|yr|ft|lb|gb|tb|pt|px|ah|nd|ed)$", _I)
_POSTCODE_CONTEXT = re.compile(r"(?<!\[)\bpost\s?code\b", _I)


def _postcode(match: re.Match[str]) -> str | None:
    """Accept capitals; lower case unless its end reads as `2nd` or `5ft`."""
    span = match["span"]
    if not (span.isupper() or span.islower()):
        return None
    if span.isupper() or _POSTCODE_CONTEXT.search(_before(match)):
        return span
    return None if _WORDLIKE_INWARD.search(span) and " " in span else span


_BOOK_NUMBER = re.compile(r"\bISBN\W.{0,12}$", _I)
_GAP = r"[ .-]?"


def _phone(match: re.Match[str]) -> str | None:
    return None if _BOOK_NUMBER.search(_before(match)) else match["span"]


def _card(match: re.Match[str]) -> str | None:
    digits = _digits(match["span"])
    return match["span"] if digits[0] in "23456" and passes_luhn(digits) else None


_LEAST_REFERENCE_DIGITS = 5


def _reference(match: re.Match[str]) -> str | None:
    return match["span"] if len(_digits(match["span"])) >= _LEAST_REFERENCE_DIGITS else None


_TELLING = re.compile(r"[\d_#]|\w\.\w")
_HANDLE_WORDS = frozenset({"and", "but", "for", "not", "the", "you", "that", "there", "was", "has"})


def _handle(match: re.Match[str]) -> str | None:
    """Accept any word after `username`; elsewhere only what reads as no word."""
    span = match["span"]
    if _TELLING.search(span):
        return span
    return span if match["label"] and span.lower() not in _HANDLE_WORDS else None


_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = (
    r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH},?\s+\d{{2,4}}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})(?!\d)"
)
_STREET = (
    "Street|Road|Rd|Avenue|Ave|Lane|Close|Drive|Crescent|Terrace|Gardens|Grove|Mews|Square|"
    "Walk|Row|Way|Hill|Rise|Parade|Villas"
)
_SERVICES = (
    "insta|instagram|ig|snap|snapchat|discord|kik|telegram|tiktok|twitter|skype|signal|"
    "whatsapp|messenger|facebook|fb"
)

RULES = (
    Rule(
        "email",
        re.compile("@"),
        re.compile(r"(?<![\w.+@-])(?P<span>\w[\w.+'-]*@[\w-]+(?:\.[\w-]+)+)"),
    ),
    Rule(
        "email",
        re.compile(r"[\[({<]\s?at\s?[\])}>]|\s@\s", _I),
        re.compile(
            rf"(?<![\w.+@-])(?P<span>\w[\w.+-]*{_AT_WORD}\w[\w-]*(?:{_DOT_WORD}\w+)*{_DOT_WORD}"
            rf"{_TOP_LEVEL})\b",
            _I,
        ),
    ),
    Rule(
        "email",
        re.compile(r"\bdot\b", _I),
        re.compile(
            r"(?<![\w.+@-])(?P<span>(?P<local>\w[\w.+-]*)(?:\s+dot\s+\w+){0,3}\s+at\s+\w[\w-]*"
            rf"(?:\s+dot\s+\w+){{0,3}}\s+dot\s+{_TOP_LEVEL})\b",
            _I,
        ),
        _address_in_words,
    ),
    Rule(
        "handle",
        re.compile(rf"\b(?:{_SERVICES})\b", _I),
        re.compile(
            rf"\b(?:{_SERVICES})\b,?[ ]?(?P<label>(?:user[ ]?)?name|handle|tag|id)?"
            r"[ ]?(?:is\b|[:=])?[ ]?@?(?P<span>\w[\w.#-]+\w)",
            _I,
        ),
        _handle,
    ),
)

NUMERIC_RULES = (  # a text without any digit passes them all
    Rule(
        "account",
        re.compile(r"\bGB\s?\d", _I),
        re.compile(r"\b(?P<span>GB\d{2}(?:\s?[A-Z]{4})(?:\s?\d{4}){3}\s?\d{2})\b", _I),
    ),
    Rule(
        "card",
        re.compile(r"\d{4}[ -]?\d{2}"),
        re.compile(
            r"(?<![\d-])(?P<span>\d{13,19}|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}"
            r"|\d{4}[ -]\d{6}[ -]\d{4,5})(?![\d-])"
        ),
        _card,
        again_within=True,
    ),
    Rule(
        "account",
        re.compile(r"\d{2}[- ]\d{2}[- ]\d{2}\D"),
        re.compile(
            r"(?<![\d-])(?P<span>\d{2}[- ]\d{2}[- ]\d{2}[\s,;:/]+"
            r"(?:(?:and|account|acc|a/c|number|no)\b[\s.:]*){0,3}\d{8})(?!\d)",
            _I,
        ),
    ),
    Rule(
        "account",
        re.compile(r"sort\s?code", _I),
        re.compile(
            r"\bsort\s?code\W{0,3}(?:is|was)?\W{0,3}"
            r"(?P<span>\d{2}[- ]?\d{2}[- ]?\d{2})(?![\d-])",
            _I,
        ),
    ),
    Rule(
        "account",
        re.compile(r"\d{8}"),
        re.compile(
            r"(?<!\[)\b(?:account|acc|acct|a/c)\b\W{0,3}(?:number|num|no)?\W{0,3}(?:is|was)?\W{0,3}"
            r"(?P<span>\d{8})(?!\d)",
            _I,
        ),
    ),
    Rule(
        "nhs-number",
        re.compile(r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
        re.compile(r"(?<![\d+-])(?P<span>[1-9]\d{2}(?P<gap>[ -]?)\d{3}(?P=gap)\d{4})(?![\d-])"),
        _nhs_number,
        again_within=True,
    ),
    Rule(
        "ni-number",
        re.compile(r"[A-Z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}", _I),
        re.compile(
            r"\b(?P<span>(?:QQ|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])(?P<gap>[ -]?)\d{2}"
            r"(?:(?P=gap)\d{2}){2}(?P=gap)[A-D])\b",
            _I,
        ),
        _ni_number,
    ),
    Rule(
        "date-of-birth",
        re.compile(r"\bd\.?o\.?b\b|\bborn\b|date of birth", _I),
        re.compile(
            r"\b(?:d\.?o\.?b\.?|date of birth|born(?: on)?)[\s:]*(?:is|was)?\s*(?:the\s+)?"
            rf"(?P<span>{_DATE})",
            _I,
        ),
    ),
    Rule(
        "phone",
        re.compile(r"[0+]\d|\d{3}\W"),
        re.compile(
            r"(?<![\d.,/£$€-])(?P<span>"
            rf"(?:\+|\b00)44{_GAP}(?:\(0\){_GAP})?\(?[1-9](?:\)?{_GAP}\d){{8,9}}"
            rf"|\+1{_GAP}\(?\d{{3}}\)?{_GAP}\d{{3}}{_GAP}\d{{4}}"
            rf"|\+\d{{1,3}}{_GAP}\(?\d(?:\)?{_GAP}\d){{6,10}}"
            rf"|\(0[1-9]\d\)(?:{_GAP}\d){{7,8}}|\(0[1-9]\d\d\)(?:{_GAP}\d){{6,7}}"
            rf"|\(0[1-9]\d{{3}}\)(?:{_GAP}\d){{5,6}}"
            rf"|0[1-9]\d(?:{_GAP}\d){{7,8}}"
            r"|(?:\(\d{3}\)[ ]?|\d{3}[.-])\d{3}[.-]\d{4})(?!\d)"
        ),
        _phone,
    ),
    Rule(
        "reference",
        _FOUR_DIGITS,
        re.compile(
            r"\b(?:hospital|patient|case|claim|client|customer|policy|membership|reference)"
            r"\s?(?:reference|number|num|ref|no|id)?\.?(?:\s+(?:number|num|no))?\.?"
            r"\s*(?:(?:is|was)\b|[:=#])?\s*(?P<span>#?[A-Z0-9][A-Z0-9/-]*[A-Z0-9])",
            _I,
        ),
        _reference,
    ),
    Rule(
        "postcode",
        re.compile(r"[A-Z]\d[A-Z0-9]?\s{0,2}\d[A-Z]{2}", _I),
        re.compile(
            rf"\b(?P<span>(?:(?:{_AREAS})(?:[1-9]\d?|(?<=[A-Z]{{2}})0)|(?:EC?|N|NW|SE|SW|W|WC)\d[A-Z]|GIR\s?0AA)\s{{0,2}}"
            r"\d[ABD-HJLNP-UW-Z]{2})\b",
            _I,
        ),
        _postcode,
    ),
    Rule(
        "address",
        _DIGIT,
        re.compile(
            r"\b(?P<span>\d{1,4}[A-Za-z]?,?[ ](?:[A-Z][a-z'\u2019-]+[ ]){1,3}"
            rf"(?:{_STREET}))\b"
        ),
    ),
)

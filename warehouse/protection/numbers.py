"""Rules for identifiers made of digits: cards, accounts, NHS and NI numbers, phones, births.

Sources of the formats: Ofcom's numbering plan (phones), the NHS Data Dictionary (NHS number, its
modulus 11), HMRC's NIM39110 (National Insurance prefixes), ISO/IEC 7812 (cards, Luhn), ISO 13616
(IBAN, its modulus 97).
"""

import re
from unicodedata import normalize

from warehouse.protection.rules import Rule

_I = re.IGNORECASE
_NOT_DIGIT = re.compile(r"\D")
_CONTEXT_REACH = 40


def digits_of(text: str) -> str:
    """Return the digits of a text."""
    return _NOT_DIGIT.sub("", text)


def before(match: re.Match[str]) -> str:
    """Return what stands shortly before a match's span."""
    start = match.start("span")
    return match.string[max(0, start - _CONTEXT_REACH) : start]


def is_nhs_number(digits: str) -> bool:
    """Tell whether ten digits pass the NHS number's modulus 11."""
    weighted = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    return (11 - weighted % 11) % 11 == int(digits[9])


def passes_luhn(digits: str) -> bool:
    """Tell whether digits pass the check that every payment card passes."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004


def is_iban(text: str) -> bool:
    """Tell whether letters and digits pass the check of an international account number."""
    # without case, [A-Z] finds the signs of Kelvin and other letters that are none of ASCII's too
    plain = "".join(filter(str.isalnum, normalize("NFKD", text))).upper()
    turned = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return int(turned) % 97 == 1


def _iban(match: re.Match[str]) -> str | None:
    """Accept what passes the check, or has the British form whatever its check says."""
    span = match["span"]
    while span:
        if is_iban(span):
            return span
        span = span[: span.rfind(" ")] if " " in span else ""
    return match["british"]


_NHS_CONTEXT = re.compile(r"(?<!\[)\b(?:nhs\b|n\.h\.s\.)(?:\W+\w+){0,3}\W*$", _I)


def _nhs_number(match: re.Match[str]) -> str | None:
    """Accept by context, or by checksum; a run of ten digits must also start as issued ones do."""
    span = match["span"]
    if _NHS_CONTEXT.search(before(match)):
        return span
    digits = digits_of(span)
    written_as_such = span != digits or digits[0] in "34679"
    return span if written_as_such and is_nhs_number(digits) else None


_NI_CONTEXT = re.compile(r"(?<!\[)\b(?:ni|nino|national\s+insurance)\b", _I)
_NI_NEVER = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})


def _ni_number(match: re.Match[str]) -> str | None:
    """Accept capitals; lower case only in one piece or after its own name."""
    span = match["span"]
    if span[:2].upper() in _NI_NEVER:
        return None
    plain = span.isupper() or span.isalnum() or _NI_CONTEXT.search(before(match))
    return span if plain else None


_BOOK_NUMBER = re.compile(r"\bISBN\W.{0,12}$", _I)
_GAP = r"[ .-]?"
_EXTENSION = r"(?:,?[ ]?(?:ext(?:ension|n)?\.?|x)[ ]?\d{1,5}\b)?"


def _phone(match: re.Match[str]) -> str | None:
    return None if _BOOK_NUMBER.search(before(match)) else match["span"]


def _card(match: re.Match[str]) -> str | None:
    """Accept what passes the check and starts as a card that is issued does."""
    digits = digits_of(match["span"])
    issued = digits[0] in "3456" or "2221" <= digits[:4] <= "2720"
    return match["span"] if issued and passes_luhn(digits) else None


_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = (
    r"(?:\d{1,2}(?P<dash>[/. -])\d{1,2}(?P=dash)(?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH},?\s+\d{{2,4}}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})(?!\d)"
)

RULES = (
    Rule(
        "account",
        re.compile(
            r"\b(?P<span>(?P<british>GB\d{2}(?:\s?[A-Z]{4})(?:\s?\d{4}){3}\s?\d{2})"
            r"|[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?)\b",
            _I,
        ),
        _iban,
        number=12,
        at="numbers",
        reach=(16, 6),
    ),
    Rule(
        "card",
        re.compile(
            r"(?<![\d-])(?P<span>\d{13,19}|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}"
            r"|\d{4}[ -]\d{6}[ -]\d{4,5})(?![\d-])"
        ),
        _card,
        number=13,
        at="numbers",
        reach=(1, 2),
        again_within=True,
    ),
    Rule(
        "account",
        re.compile(
            r"(?<![\d-])(?P<span>\d{2}[- ]\d{2}[- ]\d{2}(?:[\s,;:/]+\d{8}(?!\d)|(?=[\s,;:/]+"
            r"(?:(?:and|account|acc|a/c|number|no)\b[\s.:]*){1,3}\d{8}(?!\d))))",
            _I,
        ),
        number=8,
        at="numbers",
        reach=(1, 40),
    ),
    Rule(
        "account",
        re.compile(
            r"(?<!\w)(?:sort\s?code|s/c)\W{0,3}(?:is|was)?\W{0,3}"
            r"(?P<span>\d{2}[- ]?\d{2}[- ]?\d{2})(?![\d-])",
            _I,
        ),
        words=frozenset({"sort", "sortcode", "c"}),
        number=6,
        at="numbers",
        reach=(20, 2),
    ),
    Rule(
        "account",
        re.compile(
            r"(?<![\w\[])(?:account|acc|acct|a/c)\b\W{0,3}(?:number|num|no)?\W{0,3}(?:is|was)?"
            r"\W{0,3}(?P<span>\d{8})(?!\d)",
            _I,
        ),
        words=frozenset({"account", "acc", "acct", "c"}),
        number=8,
        at="numbers",
        reach=(40, 2),
    ),
    Rule(
        "nhs-number",
        re.compile(r"(?<![\d+-])(?P<span>[1-9]\d{2}(?P<gap>[ .-]?)\d{3}(?P=gap)\d{4})(?![\d-])"),
        _nhs_number,
        number=10,
        at="numbers",
        reach=(1, 2),
        again_within=True,
    ),
    Rule(
        "ni-number",
        re.compile(
            r"\b(?P<span>(?:QQ|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])(?P<gap>[ -]?)\d{2}"
            r"(?:(?P=gap)\d{2}){2}(?P=gap)[A-D])\b",
            _I,
        ),
        _ni_number,
        number=6,
        at="numbers",
        reach=(4, 4),
    ),
    Rule(
        "date-of-birth",
        re.compile(
            r"(?<!\w)(?:dob|birth\s?date|birth|born(?: on)?)[\s:(]*(?:is|was)?\s*"
            rf"(?:the\s+)?(?P<span>\d{{6}}(?!\d)|\d{{8}}(?!\d)|{_DATE})",
            _I,
        ),
        words=frozenset({"dob", "born", "birth", "birthdate"}),
        number=1,
        at="words",
    ),
    Rule(
        "date-of-birth",
        re.compile(
            r"\bd\.o\.b\b\.?[\s:(]*(?:is|was)?\s*"
            rf"(?P<span>\d{{6}}(?!\d)|\d{{8}}(?!\d)|{_DATE})",
            _I,
        ),
        words=frozenset({"b"}),
        number=1,
        at="words",
        reach=(6, 40),
    ),
    Rule(
        "date-of-birth",
        re.compile(
            rf"\b(?:my|his|her)\s+birthday\s+(?:is|was)\s+(?:on\s+)?(?:the\s+)?(?P<span>{_DATE})",
            _I,
        ),
        words=frozenset({"birthday"}),
        number=1,
        at="words",
        reach=(4, 60),
    ),
    Rule(
        "phone",
        re.compile(
            r"(?<![\d.,/£$€-])(?P<span>(?:"
            rf"(?:\+|\b00)44{_GAP}(?:\(0\){_GAP})?\(?[1-9](?:\)?{_GAP}\d){{8,9}}"
            rf"|\+1{_GAP}\(?\d{{3}}\)?{_GAP}\d{{3}}{_GAP}\d{{4}}"
            rf"|\+\d{{1,3}}{_GAP}\(?\d(?:\)?{_GAP}\d){{6,10}}"
            rf"|\(0[1-9]\d\)(?:{_GAP}\d){{7,8}}|\(0[1-9]\d\d\)(?:{_GAP}\d){{6,7}}"
            rf"|\(0[1-9]\d{{3}}\)(?:{_GAP}\d){{5,6}}"
            rf"|0[1-9]\d(?:{_GAP}\d){{7,8}}"
            r"|(?<!\d[ ])0[ ]?7(?:[ ./-]?\d){9}"
            rf"|(?:\(\d{{3}}\)[ ]?|\d{{3}}[.-])\d{{3}}[.-]\d{{4}})(?!\d){_EXTENSION})"
        ),
        _phone,
        number=9,
        at="numbers",
        reach=(4, 24),
    ),
)

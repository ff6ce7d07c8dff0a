"""What single values of the settings must look like: names, addresses, countries, references."""

import re
import unicodedata
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_SLUG_LENGTH = 40
_SLUG = re.compile(rf"[a-z][a-z0-9_]{{0,{_SLUG_LENGTH - 1}}}")
_EMAIL = re.compile(r"[^@\s()<>]+@[^@\s()<>]+\.[^@\s()<>]+")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_RESERVED = frozenset({"quarantine"})  # a folder beside the sources' folders
_NO_REFERENCE = frozenset({"", "-", "?", "n/a", "na", "no", "none", "pending", "tbd", "todo", "x"})
_COUNTRIES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO
    BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ
    DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP
    GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG
    KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML
    MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE
    PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL
    SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM
    US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""


def _text(value: str) -> str:
    if not value.strip() or any(unicodedata.category(sign) == "Cc" for sign in value):
        raise ValueError("must be text on one line, not empty")
    return value.strip()


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        better = re.sub("[^a-z0-9]+", "_", value.lower()).strip("_0123456789")[:_SLUG_LENGTH]
        raise ValueError(
            f"must be at most {_SLUG_LENGTH} lower-case letters, digits and underscores, beginning "
            f"with a letter; write for example {better or 'a_forum'!r}"
        )
    if value in _RESERVED:
        raise ValueError(f"must not be {value!r}, which is a folder's name; choose another")
    return value


def _url(value: str) -> str:
    if not _is_web_address(value):
        raise ValueError("must be a web address; write for example 'https://forum.example.org'")
    parts = urlsplit(value)
    if parts.username or parts.password:
        raise ValueError("must hold no user name or password; secrets come from the environment")
    if parts.fragment:
        raise ValueError("must end before its '#'")
    return value.rstrip("/")


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    printable = value.isascii() and value.isprintable() and " " not in value
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and printable


def _contact(value: str) -> str:
    if _EMAIL.fullmatch(value) or value.startswith(("http://", "https://")):
        return _url(value) if "://" in value else value
    raise ValueError(
        "must be an e-mail or web address under which sites can reach you; "
        "write for example 'study@example.org'"
    )


def _language(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2}", value):
        raise ValueError("must be a language code of two letters; write for example 'en'")
    return value


def _country(value: str) -> str:
    known = _COUNTRIES.split()
    if value in known:
        return value
    meant = {"UK": "GB", "EN": "GB"}.get(value.upper(), value.upper())
    hint = f"; did you mean {meant!r}?" if meant in known else "; write for example 'GB'"
    raise ValueError(f"must be a country code of ISO 3166, not {value!r}{hint}")


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):  # not quoted: it may be the secret itself
        raise ValueError(
            "must be the name of an environment variable, such as FORUM_TOKEN, never the secret"
        )
    return value


def _ethics_ref(value: str) -> str:
    if value.strip().lower() in _NO_REFERENCE:
        raise ValueError(
            "must be the reference of an ethics approval; leave the line out until there is one"
        )
    return _text(value)


Text = Annotated[str, AfterValidator(_text)]
Slug = Annotated[str, AfterValidator(_slug)]
Url = Annotated[str, AfterValidator(_url)]
Contact = Annotated[str, AfterValidator(_contact)]
Language = Annotated[str, AfterValidator(_language)]
Country = Annotated[str, AfterValidator(_country)]
Variable = Annotated[str, AfterValidator(_variable)]
EthicsRef = Annotated[str, AfterValidator(_ethics_ref)]

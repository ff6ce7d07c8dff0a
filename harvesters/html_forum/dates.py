"""When a board says that something happened, and how far that can be from the truth.

Machine-readable attributes come first (ISO 8601, seconds since 1970), then the profile's formats in
the board's time zone and day order, then words that are relative to the moment at which the page
was read ("Today, 08:33", "5 minutes ago"). dateparser is asked last, since it costs milliseconds
and reads 03/04 as a day in March unless told otherwise. What nobody can read is no date.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from importlib import import_module
from typing import Literal
from zoneinfo import ZoneInfo

DateOrder = Literal["DMY", "MDY", "YMD"]

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no board is older
_KEPT = 500  # texts: a page has about fifty
_LONGEST = 120  # characters of a text that may be a date
_EPOCH = re.compile(r"\d{9,10}(?:\d{3})?")
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_NUMERIC = re.compile(r"%([dmY])(?P<gap>[/.-])%([dmY])(?P=gap)%([dmYy])")
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b", re.IGNORECASE)
_SECONDS = re.compile(r"\d{2}:\d{2}:\d{2}")
_WORD = re.compile(r"[^\W\d_]{3,}\.?")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_SEPT = {"sept": "sep"}
_SHORTEST = 3  # letters of a month's name
_HALF_DAY = re.compile(r"\b([ap])\.m\.", re.IGNORECASE)
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # of writing direction
_AGO = re.compile(
    r"(?P<n>an?|\d{1,3})\s+(?P<unit>second|minute|hour|day|week|month|year)s?"
    r"(?:\s*,\s*(?P<more>\d{1,2})\s+(?P<part>second|minute|hour|day|week|month)s?)?\s+ago",
    re.IGNORECASE,
)
_GERMAN_UNIT = "(?:Sekunde|Minute|Stunde|Tag|Woche|Monat|Jahr)"
_GERMAN_AGO = re.compile(
    rf"vor\s+(?P<n>eine[mr]|\d{{1,3}})\s+(?P<unit>{_GERMAN_UNIT})(?:e?n|e)?"
    rf"(?:\s*,\s*(?P<more>\d{{1,2}})\s+(?P<part>{_GERMAN_UNIT})(?:e?n|e)?)?",
    re.IGNORECASE,
)
_JUST_NOW = re.compile(
    r"(?:just now|a moment ago|moments ago|now|less than (?:a|1) minute ago)", re.IGNORECASE
)
_UNITS = {
    "second": SECOND,
    "minute": MINUTE,
    "hour": timedelta(hours=1),
    "day": DAY,
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_UNITS |= {
    "sekunde": SECOND,
    "minute": MINUTE,
    "stunde": _UNITS["hour"],
    "tag": DAY,
    "woche": _UNITS["week"],
    "monat": _UNITS["month"],
    "jahr": _UNITS["year"],
}
_CLOCK_TIME = re.compile(
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?",
    re.IGNORECASE,
)
_DATE_ORDERS: dict[DateOrder, str] = {"DMY": "dmY", "MDY": "mdY", "YMD": "Ymd"}
_ROUGH = 0.03  # of months and years, which are not all of one length
_NOON = 12
_DAYS = {
    "cy": ("Heddiw", "Ddoe"),
    "da": ("I dag", "I går"),
    "de": ("Heute", "Gestern"),
    "es": ("Hoy", "Ayer"),
    "fr": ("Aujourd'hui", "Hier"),
    "it": ("Oggi", "Ieri"),
    "nl": ("Vandaag", "Gisteren"),
    "pl": ("Dzisiaj", "Wczoraj"),
    "pt": ("Hoje", "Ontem"),
    "sv": ("Idag", "Igår"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as a board shows it; the truth lies less than `early` before and `late` after it."""

    at: datetime
    late: timedelta = SECOND
    early: timedelta = timedelta()

    @property
    def earliest(self) -> datetime:
        """The earliest time that reads like this."""
        return self.at - self.early

    @property
    def latest(self) -> datetime:
        """The latest time that reads like this."""
        return self.at + self.late


@dataclass(frozen=True)
class DateReader:
    """Reads the dates of one board.

    Parameters
    ----------
    timezone : str
        Of times without a zone.
    order : DateOrder
        Order of day, month and year in numeric dates: it takes the place of the formats' own.
    formats : tuple of str
        As for `datetime.strptime`, tried in turn.
    languages : tuple of str
        For dateparser, where no format fits.
    today, yesterday : tuple of str
        What the board writes in the place of a date.
    """

    timezone: str = "UTC"
    order: DateOrder = "DMY"
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    today: tuple[str, ...] = ("Today",)
    yesterday: tuple[str, ...] = ("Yesterday",)
    _cache: dict[tuple[str, datetime], Moment | None] = field(default_factory=dict, compare=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The board's time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def _ordered_formats(self) -> tuple[str, ...]:
        """The formats in the board's order, which read the short names of months only."""
        return tuple(in_order(each, self.order).replace("%B", "%b") for each in self.formats)

    @cached_property
    def _months(self) -> dict[str, str]:
        """Return the English short name of each month by its names in the board's languages."""
        names = {name: month[:3] for month in _MONTHS for name in (month, month[:3])} | _SEPT
        for language in set(self.languages) - {"en"}:
            names |= _foreign_months(language)
        return names

    def _month(self, found: re.Match[str]) -> str:
        return self._months.get(found[0].rstrip(".").lower(), found[0])

    @cached_property
    def _yesterdays(self) -> frozenset[str]:
        own = [_DAYS[language][1] for language in self.languages if language in _DAYS]
        return frozenset(word.lower() for word in (*self.yesterday, *own))

    @cached_property
    def _words(self) -> re.Pattern[str]:
        own = [_DAYS[language][0] for language in self.languages if language in _DAYS]
        names = "|".join(re.escape(word) for word in (*self.today, *own, *self._yesterdays))
        return re.compile(
            rf"(?P<word>{names})\b[\s,:]*(?:at\b|um\b|à\b|@)?\s*(?P<rest>.*)", re.IGNORECASE
        )

    def read(self, text: str, *, fetched_at: datetime) -> Moment | None:
        """Return when it was, or None where that cannot be read or cannot be."""
        text = " ".join(_MARKS.sub("", text).split())[:_LONGEST]
        if not text:
            return None
        key = (text, fetched_at)
        if key not in self._cache:
            if len(self._cache) >= _KEPT:
                self._cache.clear()
            self._cache[key] = self._read(text, fetched_at)
        return self._cache[key]

    def _read(self, text: str, fetched_at: datetime) -> Moment | None:
        for attempt in (self._machine, self._relative, self._formatted, self._last_resort):
            try:
                moment = attempt(text, fetched_at)
            except (ValueError, OverflowError, OSError):
                moment = None
            if moment is not None:
                return moment if _is_possible(moment, fetched_at) else None
        return None

    def _machine(self, text: str, _: datetime) -> Moment | None:
        if _EPOCH.fullmatch(text):
            seconds = int(text[:10]) if len(text) > 10 else int(text)  # noqa: PLR2004 # milliseconds
            return Moment(datetime.fromtimestamp(seconds, UTC))
        if not _ISO.fullmatch(text):
            return None
        at = datetime.fromisoformat(text)
        if len(text) == len("2026-01-01"):
            return self._local(at, DAY)
        late = SECOND if _SECONDS.search(text) else MINUTE
        return Moment(at.astimezone(UTC), late) if at.tzinfo else self._local(at, late)

    def _relative(self, text: str, fetched_at: datetime) -> Moment | None:
        if _JUST_NOW.fullmatch(text):
            return Moment(fetched_at, early=MINUTE)
        ago = _AGO.fullmatch(text) or _GERMAN_AGO.fullmatch(text)
        if ago is not None:
            return _ago(ago, fetched_at)
        found = self._words.fullmatch(text)
        if found is None:
            return None
        day = fetched_at.astimezone(self.zone).date()
        if found["word"].lower() in self._yesterdays:
            day -= DAY
        return self._on(day, found["rest"])

    def _on(self, day: date, clock_time: str) -> Moment | None:
        if not clock_time.strip():
            return self._local(datetime.combine(day, time()), DAY)
        found = _CLOCK_TIME.search(clock_time)
        if found is None:
            return None
        hour = int(found["hour"])
        if found["half"]:
            hour = hour % _NOON + (_NOON if found["half"][0].lower() == "p" else 0)
        at = time(hour, int(found["minute"]), int(found["second"] or 0))
        return self._local(datetime.combine(day, at), SECOND if found["second"] else MINUTE)

    def _formatted(self, text: str, _: datetime) -> Moment | None:
        plain = _ORDINAL.sub(r"\1", _WORD.sub(self._month, text))
        plain = _HALF_DAY.sub(r"\1m", plain)
        for each in self._ordered_formats:
            try:
                at = datetime.strptime(plain, each)  # noqa: DTZ007 # the board's zone comes next
            except ValueError:
                continue
            precision = SECOND if "%S" in each or "%T" in each else MINUTE
            if not {"%H", "%I", "%T"} & set(re.findall("%.", each)):
                precision = DAY
            return (
                Moment(at.astimezone(UTC), precision) if at.tzinfo else self._local(at, precision)
            )
        return None

    def _last_resort(self, text: str, fetched_at: datetime) -> Moment | None:
        import dateparser  # noqa: PLC0415 # 100 ms, and most boards never need it

        own_words = self.languages != ("en",) and any(sign.isdigit() for sign in text)
        if self._words.match(text) or not (_YEAR.search(text) or own_words):
            return None  # dateparser would guess what is not there
        at = dateparser.parse(
            text,
            languages=list(self.languages),
            settings={
                "DATE_ORDER": self.order,
                "PREFER_LOCALE_DATE_ORDER": False,
                "TIMEZONE": self.timezone,
                "RETURN_AS_TIMEZONE_AWARE": True,
                "RELATIVE_BASE": fetched_at.astimezone(self.zone).replace(tzinfo=None),
                "PREFER_DATES_FROM": "past",
                "REQUIRE_PARTS": ["day", "month", "year"],
            },
        )
        if at is None:
            return None
        has_time = _CLOCK_TIME.search(text) is not None
        return Moment(at.astimezone(UTC), MINUTE if has_time else DAY)

    def _local(self, at: datetime, precision: timedelta) -> Moment:
        return Moment(at.replace(tzinfo=self.zone).astimezone(UTC), precision)


@cache
def _foreign_months(language: str) -> dict[str, str]:
    """Return the names that dateparser knows for the months in a language."""
    try:
        data = import_module(f"dateparser.data.date_translation_data.{language}")
    except ImportError:
        return {}
    return {
        name.rstrip("."): month[:3]
        for month in _MONTHS
        for name in data.info.get(month, ())
        if len(name) >= _SHORTEST
    }


def in_order(pattern: str, order: DateOrder) -> str:
    """Return a format with the day, month and year of its numeric date in another order."""

    def reordered(found: re.Match[str]) -> str:
        year = "y" if found[4] == "y" else "Y"
        signs = _DATE_ORDERS[order].replace("Y", year)
        return found["gap"].join(f"%{sign}" for sign in signs)

    return _NUMERIC.sub(reordered, pattern)


def _ago(found: re.Match[str], fetched_at: datetime) -> Moment:
    """Read "3 hours ago", which a board writes until it is four, or from two and a half on."""
    n = int(found["n"]) if found["n"].isdigit() else 1
    unit = _UNITS[found["unit"].lower()]
    passed = n * unit
    rough = passed * _ROUGH if unit > _UNITS["week"] else timedelta()
    late = unit / 2  # boards that write one unit only may round it
    if found["more"]:
        unit = _UNITS[found["part"].lower()]
        passed += int(found["more"]) * unit
        late = timedelta()
    return Moment(fetched_at - passed, late=late + SECOND + rough, early=unit + rough)


def _is_possible(moment: Moment, fetched_at: datetime) -> bool:
    """Tell whether a time is neither before all boards nor to come: a wrong order shows here."""
    return _EARLIEST <= moment.at <= fetched_at + DAY

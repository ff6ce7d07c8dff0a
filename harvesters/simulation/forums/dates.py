"""Writes times as forum softwares print them: PHP's date patterns, and today in several words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_GERMAN_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September"),
    *("Oktober", "November", "Dezember"),
)
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_GERMAN_DAYS = (*("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),)


@dataclass(frozen=True, slots=True)
class Language:
    """The words of dates in one language; `short_months` and `short_days` as the software has."""

    months: tuple[str, ...]
    days: tuple[str, ...]
    today: str
    yesterday: str
    short_months: tuple[str, ...]
    short_days: tuple[str, ...]


def _language(
    months: tuple[str, ...], days: tuple[str, ...], today: str, yesterday: str, *, day_letters: int
) -> Language:
    return Language(
        months,
        days,
        today,
        yesterday,
        tuple(month[:3] for month in months),
        tuple(day[:day_letters] for day in days),
    )


ENGLISH = _language(_ENGLISH_MONTHS, _ENGLISH_DAYS, "Today", "Yesterday", day_letters=3)
GERMAN = _language(_GERMAN_MONTHS, _GERMAN_DAYS, "Heute", "Gestern", day_letters=2)


def php_date(moment: datetime, pattern: str, language: Language = ENGLISH) -> str:
    """Write a time by a pattern of PHP's `date`; a backslash keeps the next letter."""
    out: list[str] = []
    kept = False
    for letter in pattern:
        if kept or letter not in _LETTERS:
            kept = letter == "\\" and not kept
            out.append("" if kept else letter)
        else:
            out.append(_LETTERS[letter](moment, language))
    return "".join(out)


def days_ago(moment: datetime, now: datetime) -> int:
    """Return how many midnights lie between two times of the same zone."""
    return (now.date() - moment.date()).days


def day_word(moment: datetime, now: datetime, language: Language = ENGLISH) -> str | None:
    """Return the word for today or yesterday; None for other days."""
    return {0: language.today, 1: language.yesterday}.get(days_ago(moment, now))


def minutes_ago(moment: datetime, now: datetime) -> int:
    """Return the whole minutes that have passed."""
    return (now - moment) // timedelta(minutes=1)


def units_ago(moment: datetime, now: datetime, *, german: bool = False) -> str:
    """Write an age in its two largest units, as WordPress' forums do: `2 days, 3 hours`.

    In German the units are as they stand after `vor`: `2 Tagen, 3 Stunden`.
    """
    left = int((now - moment).total_seconds())
    parts: list[str] = []
    for (name, names), seconds in _GERMAN_UNITS if german else _UNITS:
        count = left // seconds
        if count and len(parts) < 2:  # noqa: PLR2004 # the two largest
            parts.append(f"{count} {names if count > 1 else name}")
            left -= count * seconds
        elif parts:
            break
    return ", ".join(parts) or ("0 Sekunden" if german else "0 seconds")


def _suffix(day: int) -> str:
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


_SECONDS = (31_536_000, 2_592_000, 604_800, 86_400, 3_600, 60, 1)
_ENGLISH_NAMES = tuple(
    (name, f"{name}s") for name in ("year", "month", "week", "day", "hour", "minute", "second")
)
_GERMAN_NAMES = (
    *(("Jahr", "Jahren"), ("Monat", "Monaten"), ("Woche", "Wochen"), ("Tag", "Tagen")),
    *(("Stunde", "Stunden"), ("Minute", "Minuten"), ("Sekunde", "Sekunden")),
)
_UNITS = tuple(zip(_ENGLISH_NAMES, _SECONDS, strict=True))
_GERMAN_UNITS = tuple(zip(_GERMAN_NAMES, _SECONDS, strict=True))
_LETTERS: Mapping[str, Callable[[datetime, Language], str]] = {
    "d": lambda t, _: f"{t.day:02d}",
    "j": lambda t, _: str(t.day),
    "D": lambda t, words: words.short_days[t.weekday()],
    "l": lambda t, words: words.days[t.weekday()],
    "S": lambda t, _: _suffix(t.day),
    "m": lambda t, _: f"{t.month:02d}",
    "n": lambda t, _: str(t.month),
    "M": lambda t, words: words.short_months[t.month - 1],
    "F": lambda t, words: words.months[t.month - 1],
    "Y": lambda t, _: str(t.year),
    "y": lambda t, _: f"{t.year % 100:02d}",
    "a": lambda t, _: "am" if t.hour < 12 else "pm",  # noqa: PLR2004 # noon
    "A": lambda t, _: "AM" if t.hour < 12 else "PM",  # noqa: PLR2004
    "g": lambda t, _: str(t.hour % 12 or 12),
    "G": lambda t, _: str(t.hour),
    "h": lambda t, _: f"{t.hour % 12 or 12:02d}",
    "H": lambda t, _: f"{t.hour:02d}",
    "i": lambda t, _: f"{t.minute:02d}",
    "s": lambda t, _: f"{t.second:02d}",
    "O": lambda t, _: t.strftime("%z"),
    "P": lambda t, _: t.isoformat()[-6:],
}

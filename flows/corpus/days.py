"""Times as people write them: a year, a month, a day, or from one to another."""

import re
from datetime import date, timedelta

_TIME = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_MONTHS = 12


class TimeRefused(ValueError):
    """A time cannot be read; the message says how to write it."""

    exit_code = 2


def days_of(time: str) -> tuple[date, date]:
    """Return the first day of a time, and the first day after it.

    Parameters
    ----------
    time : str
        Such as 2019, 2019-03, 2019-03-31, or two of them as 2019-03..2020.

    Raises
    ------
    TimeRefused
        If it is written otherwise, or ends before it begins.
    """
    first, _, last = time.partition("..")
    begin, end = _days(first, time), _days(last or first, time)
    if end[1] <= begin[0]:
        raise TimeRefused(f"{time} ends before it begins; write the earlier part first")
    return begin[0], end[1]


def _days(part: str, time: str) -> tuple[date, date]:
    found = _TIME.fullmatch(part.strip())
    year, month, day = (int(number or 0) for number in (found.groups() if found else "000"))
    try:
        begin = date(year, month or 1, day or 1)
        if day:
            return begin, begin + timedelta(days=1)
        if month:
            return begin, date(begin.year + month // _MONTHS, month % _MONTHS + 1, 1)
        return begin, date(begin.year + 1, 1, 1)
    except (ValueError, OverflowError):
        raise TimeRefused(
            f"{time} is no time; write a year, a month such as 2019-03, a day such as 2019-03-31,"
            " or two of them as 2019-03..2020"
        ) from None

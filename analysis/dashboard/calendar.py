"""Calendar periods: their succession, their names and their ends."""

from datetime import date, timedelta

WEEK = "week"
MONTH = "month"
# strftime's names would follow the machine's locale
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class UnknownBin(ValueError):
    """A calendar bin that the page cannot draw."""


def next_period(period: date, bin_: str) -> date:
    """Return the first day of the period after `period`."""
    if bin_ == WEEK:
        return period + timedelta(days=7)
    if bin_ == MONTH:
        return date(period.year + period.month // 12, period.month % 12 + 1, 1)
    raise UnknownBin(f"the bin is {bin_!r}; the page draws 'week' and 'month'")


def periods_between(first: date, last: date, bin_: str) -> tuple[date, ...]:
    """Return every period from `first` to `last`, so that a missing one leaves its gap."""
    periods = [first]
    while periods[-1] < last:
        periods.append(next_period(periods[-1], bin_))
    return tuple(periods)


def day(moment: date) -> str:
    """Return a date as people write it: 2 March 2026."""
    return f"{moment.day} {_month(moment)} {moment.year}"


def period_name(period: date, bin_: str) -> str:
    """Return the name of a period in a sentence: the week of 2 March 2026, or March 2026."""
    if bin_ == WEEK:
        return f"the week of {day(period)}"
    return f"{_month(period)} {period.year}"


def short_name(period: date, bin_: str, *, year: bool = True) -> str:
    """Return the name of a period for a tick or a table row: 2 Mar 2026, or Mar 2026."""
    month = _month(period)[:3]
    name = f"{period.day} {month}" if bin_ == WEEK else month
    return f"{name} {period.year}" if year or bin_ != WEEK else name


def position(moment: date, periods: tuple[date, ...], bin_: str) -> float | None:
    """Return where a day falls in units of columns, or None outside the periods."""
    for index, start in enumerate(periods):
        end = next_period(start, bin_)
        if start <= moment < end:
            return index + (moment - start) / (end - start)
    return None


def _month(moment: date) -> str:
    return _MONTHS[moment.month - 1]

"""What the page says of itself: study, licence, run and versions."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who made the page, from what, under which licence.

    Parameters
    ----------
    study : str
        Name of the study as people read it.
    contact : str
        Mail or web address for questions and opt-outs.
    licence : str
        Licence of the figures: its name, or its web address.
    simulated : bool
        True where every community, person and post is invented.
    coders_note : str
        Who coded the sample, in one sentence; empty where there is nothing to add.
    built_at : datetime
        When the figures were made, UTC.
    run_id, version : str
        The run that made them, and the version of valuetalk that ran.
    bin : {'week', 'month'}
        Calendar bin of the series.
    support_lines : tuple of str
        Where a reader in distress finds help; printed under every screen.
    last_complete_period : date, optional
        First day of the newest period that is over; by default the newest that ended before
        `built_at`.
    confidence : float
        Level of the intervals in the tables.
    """

    study: str
    contact: str
    licence: str
    simulated: bool
    coders_note: str
    built_at: datetime
    run_id: str
    version: str
    bin: str
    support_lines: tuple[str, ...] = ()
    last_complete_period: date | None = None
    confidence: float = 0.95

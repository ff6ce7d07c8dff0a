"""Entrypoint: a window of a source again, behind its cursor.

Nobody imports this module: Prefect loads it by its path, under the name `backfill`.
"""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State

from flows.engine import begin
from flows.pipeline import end_state, run_stages
from flows.summary import NightSummary


@flow(name="backfill", log_prints=False)
def backfill(
    source: str, since: datetime, home: str | None = None, as_of: datetime | None = None
) -> State[NightSummary]:
    """Harvest one source again from a time on; what is known already stays as it is.

    Parameters
    ----------
    source : str
        Name of the source in `valuetalk.toml`.
    since : datetime
        From when on to read again.
    home : str, optional
        The study's home folder; else `$VALUETALK_HOME`, else `./valuetalk-home`.
    as_of : datetime, optional
        Virtual time, for simulated homes only.
    """
    night = begin(__file__, home, flow="backfill", as_of=as_of)
    chosen = night.settings.runnable_source(source)
    return end_state(run_stages(night, harvest=(chosen,), recheck=(), since=since))

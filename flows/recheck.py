"""Entrypoint: edits and deletions. The same stages as the night, without its harvest.

Nobody imports this module: Prefect loads it by its path, under the name `recheck`.
"""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State

from flows.engine import begin
from flows.pipeline import end_state, run_stages
from flows.summary import NightSummary


@flow(name="recheck", log_prints=False)
def recheck(home: str | None = None, as_of: datetime | None = None) -> State[NightSummary]:
    """Read again the known posts whose turn has come.

    Parameters
    ----------
    home : str, optional
        The study's home folder; else `$VALUETALK_HOME`, else `./valuetalk-home`.
    as_of : datetime, optional
        Virtual time, for simulated homes only.
    """
    night = begin(__file__, home, flow="recheck", as_of=as_of)
    sources = night.settings.runnable_sources()
    return end_state(run_stages(night, harvest=(), recheck=sources))

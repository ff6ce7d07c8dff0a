"""Entrypoint: the night.

Harvest and recheck, load, erase, index, topics, frames, prevalence, publish. Nobody imports this
module: Prefect loads it by its path, under the name `nightly`.
"""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State

from flows.engine import begin
from flows.pipeline import end_state, run_stages
from flows.summary import NightSummary


@flow(name="nightly", log_prints=False)
def nightly(home: str | None = None, as_of: datetime | None = None) -> State[NightSummary]:
    """Run one night over a home.

    Parameters
    ----------
    home : str, optional
        The study's home folder; else `$VALUETALK_HOME`, else `./valuetalk-home`.
    as_of : datetime, optional
        Virtual time, for simulated homes only.
    """
    night = begin(__file__, home, flow="nightly", as_of=as_of)
    sources = night.settings.runnable_sources()
    return end_state(run_stages(night, harvest=sources, recheck=sources))

"""The order of the stages, shared by the flows.

Each stage runs as a task. A stage that fails is noted with its sentence and the night goes on with
what does not need it: without a load nothing follows, and without an erase nothing is published.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed

from flows import tasks
from flows.night import Night
from flows.setting_sections import SourceSettings
from flows.stages import CommunityReport, Indexed
from flows.summary import NightSummary, StageFailure
from warehouse.records import LoadCounts

Result = TypeVar("Result")


class _Stages:
    """Runs stages as tasks and keeps what failed."""

    def __init__(self, night: Night) -> None:
        self._night = night
        self.failures: list[StageFailure] = []
        self.notes: list[str] = []

    def run(self, task: Task[..., Result], default: Result, *arguments: Any) -> Result:
        state: Any = task(self._night, *arguments, return_state=True)
        return self._outcome(task.name, state, default)

    def note(self, task: Task[..., str]) -> None:
        if said := self.run(task, ""):
            self.notes.append(said)

    def reports(
        self, stage: str, futures: Sequence[PrefectFuture[list[CommunityReport]]]
    ) -> list[CommunityReport]:
        for future in futures:
            future.wait()
        outcomes: list[list[CommunityReport]] = [
            self._outcome(stage, future.state, []) for future in futures
        ]
        return [report for reports in outcomes for report in reports]

    def added_to(self, summary: NightSummary) -> NightSummary:
        return replace(summary, notes=tuple(self.notes), failures=tuple(self.failures))

    def failed(self, stage: str) -> bool:
        return any(failure.stage == stage for failure in self.failures)

    def _outcome(self, stage: str, state: State[Any], default: Result) -> Result:
        if state.is_completed():
            result: Result = state.result()
            return result
        self.failures.append(StageFailure(stage=stage, error=state.message or state.name or "?"))
        return default


def run_stages(
    night: Night,
    *,
    harvest: Sequence[SourceSettings],
    recheck: Sequence[SourceSettings],
    since: datetime | None = None,
) -> NightSummary:
    """Run the stages of a night inside a flow, and leave its artifacts.

    Parameters
    ----------
    harvest, recheck : sequence of SourceSettings
        The sources that each of the two reading stages covers.
    since : datetime, optional
        Harvest again from this time on, behind the stored cursors.
    """
    stages = _Stages(night)
    stages.run(tasks.start_run, None)
    reports = stages.reports(
        "harvest", [tasks.harvest_source.submit(night, source, since) for source in harvest]
    )
    reports += stages.reports(
        "recheck", [tasks.recheck_source.submit(night, source) for source in recheck]
    )
    load = stages.run(tasks.load, LoadCounts())
    erased, indexed = 0, Indexed()
    if not stages.failed("load"):
        erased = stages.run(tasks.erase, 0)
        indexed = stages.run(tasks.index, indexed)
        _analyse(stages, night)
    summary = NightSummary(
        run_id=night.run.run_id,
        reports=tuple(reports),
        load=load,
        erased=erased,
        indexed=indexed.posts,
        copies=indexed.copies,
    )
    summary = _publish(stages, stages.added_to(summary))
    tasks.report_harvest(summary.reports)
    tasks.report_night(summary)
    return summary


def _analyse(stages: _Stages, night: Night) -> None:
    if night.home.is_simulated:
        stages.note(tasks.code_simulated)
    stages.note(tasks.topics)
    stages.note(tasks.frames)
    stages.note(tasks.prevalence)


def _publish(stages: _Stages, summary: NightSummary) -> NightSummary:
    """Publish, and record how the night ended, before that too: the release shows it."""
    stages.run(tasks.finish_run, None, summary.status, summary.error)
    if stages.failed("load") or stages.failed("erase"):
        stages.notes.append("nothing was published, because loading or erasing failed")
        return stages.added_to(summary)
    stages.note(tasks.publish)
    published = stages.added_to(summary)
    if published.status != summary.status:
        stages.run(tasks.finish_run, None, published.status, published.error)
    return published


def end_state(summary: NightSummary) -> State[NightSummary]:
    """Return the flow's final state: a partial night is completed under its own name."""
    if summary.status == "failed":
        return Failed(message=summary.error or "the night failed", data=summary)
    return Completed(name=summary.status.capitalize(), message=summary.error, data=summary)

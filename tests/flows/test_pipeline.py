"""What follows what in a night: which failed stage stops which, and what is tried again."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.states import Completed, Failed

from flows import pipeline, tasks
from flows.stages import CommunityReport
from flows.summary import NightSummary, StageFailure

NIGHT: Any = SimpleNamespace(
    home=SimpleNamespace(is_simulated=False), run=SimpleNamespace(run_id="r1")
)


class Watch:
    """The stages that were run in order, some of which fail, and the artifacts that were left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failing: set[str] = set()
        self.ran: list[str] = []
        self.recorded: list[object] = []
        self.artifacts: list[Any] = []
        watch = self

        def run(stages: Any, task: Any, default: object, *arguments: object) -> object:
            watch.ran.append(task.name)
            if task.name == "finish_run":
                watch.recorded.append(arguments[0])
            if task.name in watch.failing:
                stages.failures.append(StageFailure(stage=task.name, error="it broke"))
            return default

        monkeypatch.setattr(pipeline._Stages, "run", run)
        for maker in ("create_table_artifact", "create_markdown_artifact"):
            monkeypatch.setattr(tasks, maker, lambda **made: watch.artifacts.append(made))

    def night(self, *failing: str) -> NightSummary:
        self.failing = set(failing)
        return pipeline.run_stages(NIGHT, harvest=(), recheck=())


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def test_the_stages_of_a_night_run_in_their_order(watch: Watch) -> None:
    assert watch.night().status == "complete"
    assert watch.ran == [
        *("start_run", "load", "erase", "index", "topics", "frames", "prevalence"),
        *("finish_run", "publish"),
    ]
    assert watch.recorded == ["complete"]


def test_a_night_whose_erasing_failed_publishes_nothing(watch: Watch) -> None:
    summary = watch.night("erase")
    assert "publish" not in watch.ran
    assert {"index", "topics", "frames", "prevalence"} <= set(watch.ran)
    assert (summary.status, summary.error) == ("partial", "erase: it broke")
    assert any("nothing was published" in note for note in summary.notes)


def test_without_a_load_nothing_follows_and_the_night_has_failed(watch: Watch) -> None:
    summary = watch.night("load")
    assert watch.ran == ["start_run", "load", "finish_run"]
    assert watch.recorded == ["failed"]
    assert pipeline.end_state(summary).is_failed()


@pytest.mark.parametrize("stage", ["index", "topics", "frames", "prevalence"])
def test_any_other_failed_stage_stops_nothing_else(watch: Watch, stage: str) -> None:
    summary = watch.night(stage)
    assert watch.ran[-2:] == ["finish_run", "publish"]
    assert watch.recorded == ["partial"]
    state = pipeline.end_state(summary)
    assert (state.is_completed(), state.name) == (True, "Partial")


def test_a_failed_publication_is_recorded_too(watch: Watch) -> None:
    assert watch.night("publish").status == "partial"
    assert watch.recorded == ["complete", "partial"]


def test_artifacts_hold_counts_and_the_names_of_sources_alone(watch: Watch) -> None:
    report = CommunityReport(
        source="forum",
        community="5",
        activity="harvest",
        status="complete",
        fetched=3,
        requests=2,
        landed=True,
    )
    tasks.report_harvest([report])
    watch.night()
    table, _, page = watch.artifacts
    (row,) = table["table"]
    texts = {name for name, value in row.items() if isinstance(value, str)}
    assert texts == {"source", "community", "activity", "status"}
    assert "new 0, edited 0" in page["markdown"]


@pytest.mark.parametrize(
    ("error", "again"),
    [(tasks.SourceFailed("forum: 503"), True), (ValueError("no"), False), (None, False)],
)
def test_only_what_may_pass_is_tried_again(error: Exception | None, again: bool) -> None:
    async def judged() -> bool:
        state: Any = Completed(data=1) if error is None else Failed(data=error)
        run: Any = None
        return await tasks._failed_in_passing(None, run, state)

    assert asyncio.run(judged()) is again

"""The stages as Prefect tasks: one task per source or stage, never per post.

Retries have a condition: only a source that failed in passing, before anything was landed, is
tried again, since a repeated pass would read the same pages twice. A failing source leaves the
others alone and makes the run partial. Artifacts and logs carry counts only.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from urllib.parse import urlsplit

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency

from flows import frame_stage, prevalence_stage, publish_stage, stages
from flows.coding import simulated
from flows.night import Night, open_warehouse
from flows.setting_sections import SourceSettings
from flows.stages import CommunityReport, Indexed
from flows.summary import NightSummary
from flows.topics.effects import estimate_effects
from flows.topics.stage import run_topics
from warehouse.records import LoadCounts

RETRY_DELAYS_SECONDS = [60.0, 300.0]


class SourceFailed(RuntimeError):
    """A source could not be read at all this time, for a reason that may pass."""


async def _failed_in_passing(_task: object, _run: TaskRun, state: State[object]) -> bool:
    """Retry only what may go better in a minute."""
    try:
        await state.aresult()
    except SourceFailed:
        return True
    except Exception:  # noqa: BLE001  any other failure is final, whatever it is
        return False
    return False


@contextmanager
def _host_of(night: Night, source: SourceSettings) -> Iterator[None]:
    """Hold the one slot that all workers of a Prefect server share for this source's host.

    Between machines nobody sees the other's last request, so the slot is kept for one spacing
    after the last request; on one machine the gate under `state/` spaces tasks by itself.
    """
    name = host_limit_name(source.url or source.name)
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name, 1)
    with concurrency(name, occupy=1, strict=True):
        yield
        night.clock.sleep(night.settings.harvest.spacing_seconds)


def host_limit_name(url: str) -> str:
    """Return the name of the Prefect concurrency limit of an address's host."""
    return "host-" + (urlsplit(url).netloc or url).lower().replace(":", "-")


def _read_source(
    night: Night, source: SourceSettings, read: Callable[[], list[CommunityReport]]
) -> list[CommunityReport]:
    with _host_of(night, source):
        reports = read()
    lost = [report for report in reports if report.transient and not report.landed]
    if lost and len(lost) == len(reports):
        raise SourceFailed(f"{source.name}: {lost[0].error}")
    return reports


@task(
    task_run_name="harvest-{source.name}",
    retries=len(RETRY_DELAYS_SECONDS),
    retry_delay_seconds=RETRY_DELAYS_SECONDS,
    retry_condition_fn=_failed_in_passing,
    cache_policy=NO_CACHE,
)
def harvest_source(
    night: Night, source: SourceSettings, since: datetime | None = None
) -> list[CommunityReport]:
    """Harvest one source."""
    return _read_source(night, source, lambda: stages.harvest_source(night, source, since=since))


@task(
    task_run_name="recheck-{source.name}",
    retries=len(RETRY_DELAYS_SECONDS),
    retry_delay_seconds=RETRY_DELAYS_SECONDS,
    retry_condition_fn=_failed_in_passing,
    cache_policy=NO_CACHE,
)
def recheck_source(night: Night, source: SourceSettings) -> list[CommunityReport]:
    """Recheck one source."""
    return _read_source(night, source, lambda: stages.recheck_source(night, source))


@task(cache_policy=NO_CACHE)
def start_run(night: Night) -> None:
    """Record that the run has begun."""
    with open_warehouse(night) as warehouse:
        warehouse.start_run(night.run)


@task(cache_policy=NO_CACHE)
def load(night: Night) -> LoadCounts:
    """Load every landed segment: one loader, one transaction a segment."""
    with open_warehouse(night) as warehouse:
        return stages.load_landed(warehouse, night)


@task(cache_policy=NO_CACHE)
def erase(night: Night) -> int:
    """Remove what is confirmed as gone."""
    with open_warehouse(night) as warehouse:
        return stages.erase(warehouse, night)


@task(cache_policy=NO_CACHE)
def index(night: Night) -> Indexed:
    """Tokenise what is new, and find copies."""
    with open_warehouse(night) as warehouse:
        return stages.index(warehouse)


@task(cache_policy=NO_CACHE)
def code_simulated(night: Night) -> str:
    """Let simulated coders code tonight's draws; only a simulated home has them."""
    with open_warehouse(night) as warehouse:
        return simulated.code_simulated(warehouse, night)


@task(cache_policy=NO_CACHE)
def topics(night: Night) -> str:
    """Follow topics through what is new, or begin a line of models; say whose talk they are."""
    with open_warehouse(night) as warehouse:
        said = run_topics(warehouse, night)
        effects = estimate_effects(warehouse, night)
    return f"{said}; {effects}" if effects else said


@task(cache_policy=NO_CACHE)
def frames(night: Night) -> str:
    """Train the frame classifier on coded posts and score every counted post."""
    with open_warehouse(night) as warehouse:
        return frame_stage.run_frames(warehouse, night)


@task(cache_policy=NO_CACHE)
def prevalence(night: Night) -> str:
    """Estimate how much of the talk expresses each frame."""
    with open_warehouse(night) as warehouse:
        return prevalence_stage.run_prevalence(warehouse, night)


@task(cache_policy=NO_CACHE)
def publish(night: Night) -> str:
    """Publish the controlled and the public release."""
    with open_warehouse(night) as warehouse:
        return publish_stage.publish(warehouse, night)


@task(cache_policy=NO_CACHE)
def finish_run(night: Night, status: str, error: str | None) -> None:
    """Record how the run ended."""
    with open_warehouse(night) as warehouse:
        warehouse.finish_run(night.run.run_id, status=status, error=error)


def report_harvest(reports: Sequence[CommunityReport]) -> None:
    """Leave a table of what each community gave; counts only."""
    create_table_artifact(
        key="harvest",
        table=[asdict(report) for report in reports],
        description="What each pass over a community fetched and cost.",
    )


def report_night(summary: NightSummary) -> None:
    """Leave a page that says what the night did; counts only."""
    create_markdown_artifact(key="night", markdown=summary.markdown())

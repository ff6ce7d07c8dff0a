"""What a night did, in counts: for artifacts, terminals and `--json`."""

from collections import Counter
from dataclasses import dataclass, field

from flows.stages import CommunityReport
from warehouse.records import LoadCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFailure:
    """A stage that did not come to its end, with the sentence that says why."""

    stage: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NightSummary:
    """The counts of one night.

    `status` is `complete`, `partial` (a source or stage failed, the rest is complete) or `failed`
    (nothing could be loaded or published).
    """

    run_id: str
    reports: tuple[CommunityReport, ...] = ()
    load: LoadCounts = field(default_factory=LoadCounts)
    erased: int = 0
    indexed: int = 0
    copies: int = 0
    notes: tuple[str, ...] = ()
    failures: tuple[StageFailure, ...] = ()

    @property
    def status(self) -> str:
        """How the night ended."""
        lost = {failure.stage for failure in self.failures}
        if "load" in lost:
            return "failed"
        troubled = any(report.status != "complete" for report in self.reports)
        return "partial" if lost or troubled else "complete"

    @property
    def error(self) -> str | None:
        """The first thing that went wrong, in one sentence."""
        for failure in self.failures:
            return f"{failure.stage}: {failure.error}"
        for report in self.reports:
            if report.error:
                return f"{report.source}: {report.error}"
        return None

    def markdown(self) -> str:
        """Return the summary as a page for people."""
        states = Counter((report.activity, report.status) for report in self.reports)
        lines = [
            f"## Night {self.run_id}: {self.status}",
            "",
            f"- new {self.load.new}, edited {self.load.edited}, unchanged {self.load.unchanged}",
            f"- seen again {self.load.present}, first missed {self.load.missed}",
            f"- confirmed gone {self.load.confirmed}, erased {self.erased}",
            f"- refused {self.load.refused}, could not be checked {self.load.unknown}",
            f"- indexed {self.indexed}, found to be copies {self.copies}",
        ]
        lines += [f"- {activity}: {n} {status}" for (activity, status), n in sorted(states.items())]
        lines += [f"- {note}" for note in self.notes]
        lines += [f"- **{failure.stage} failed**: {failure.error}" for failure in self.failures]
        return "\n".join(lines)

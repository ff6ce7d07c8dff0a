"""Publish: the controlled release, and through the export gate the public one."""

from analysis.dashboard import About, build_dashboard
from flows.corpus.subcorpora import enter_subcorpora
from flows.night import Night
from warehouse.gateway import Warehouse
from warehouse.protection.gate import pass_gate
from warehouse.release.controlled import publish_controlled
from warehouse.release.public import publish_public

SUPPORT_LINES = (
    "In distress now? In the UK and Ireland call Samaritans on 116 123, free, day and night.",
    "In an emergency call 999 or 112.",
)


def publish(warehouse: Warehouse, night: Night) -> str:
    """Publish both releases; returns what to note, in counts."""
    damaged = enter_subcorpora(warehouse, night.home)
    controlled = publish_controlled(warehouse.connection, night.home)
    tables = pass_gate(
        warehouse.connection, run_id=night.run.run_id, language=night.settings.study.language
    )
    dashboard = build_dashboard(tables, _about(night))
    public = publish_public(tables, night.home, dashboard=dashboard, run=night.run)
    return (
        f"published {controlled.counts['posts']} posts to named researchers "
        f"and {len(public.files)} public files" + (f"; {damaged}" if damaged else "")
    )


def _about(night: Night) -> About:
    study = night.settings.study
    simulated = night.home.is_simulated
    return About(
        study=study.name,
        contact=study.contact,
        licence=study.licence,
        simulated=simulated,
        coders_note="coded by simulated coders with 10 % error" if simulated else "",
        built_at=night.run.started_at,
        run_id=night.run.run_id,
        version=night.run.version,
        bin=study.bin,
        support_lines=SUPPORT_LINES,
    )

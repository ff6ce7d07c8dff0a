"""What is entered of sources, communities and runs."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from warehouse.records import Run, SourceInfo

_CHANGE_SOURCE = """
UPDATE sources SET platform = $platform, licence = $licence, terms_note = $terms_note,
    ethics_ref = $ethics_ref, one_post_per_person = $one_post_per_person
WHERE source = $source
"""
_ENTER_SOURCE = """
INSERT INTO sources (source, platform, licence, terms_note, ethics_ref, one_post_per_person)
VALUES ($source, $platform, $licence, $terms_note, $ethics_ref, $one_post_per_person)
"""
_FORGET_COMMUNITY = "DELETE FROM communities WHERE source = $source AND community = $community"
_ENTER_COMMUNITY = """
INSERT INTO communities VALUES ($source, $community, $name, $country, $role, $tags)
"""
# Reddit's profile pages are communities of one person: they get no name that could be published.
_ENTER_MET = """
INSERT INTO communities
SELECT source, community, community, NULL, NULL, []
FROM (SELECT DISTINCT source, community FROM posts) ANTI JOIN communities USING (source, community)
WHERE NOT starts_with(lower(community), 'u_') ORDER BY source, community
"""
_FORGET_RUN = "DELETE FROM runs WHERE run_id = $run_id"
_ENTER_RUN = """
INSERT INTO runs (run_id, flow, started_at, status, version)
VALUES ($run_id, $flow, $started_at, 'running', $version)
"""
_FINISH = """
UPDATE runs SET finished_at = $now, status = $status, error = $error WHERE run_id = $run_id
"""


def register_sources(connection: duckdb.DuckDBPyConnection, sources: Sequence[SourceInfo]) -> None:
    """Enter sources and their communities, or change what was entered of them."""
    for source in sources:
        values = {
            "source": source.source,
            "platform": source.platform,
            "licence": source.licence,
            "terms_note": source.terms_note,
            "ethics_ref": source.ethics_ref,
            "one_post_per_person": source.one_post_per_person,
        }
        if not _changed(connection.execute(_CHANGE_SOURCE, values)):
            connection.execute(_ENTER_SOURCE, values)
        for community in source.communities:
            place = {"source": community.source, "community": community.community}
            connection.execute(_FORGET_COMMUNITY, place)
            connection.execute(
                _ENTER_COMMUNITY,
                {
                    **place,
                    "name": community.name,
                    "country": community.country,
                    "role": community.role,
                    "tags": list(community.tags),
                },
            )


def register_met_communities(connection: duckdb.DuckDBPyConnection) -> None:
    """Enter communities that posts came from and no setting names, under the platform's handle.

    Archives bring their own, and a site may be read whole; what is not entered has no figures.
    """
    connection.execute(_ENTER_MET)


def start_run(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Enter a run as running."""
    connection.execute(_FORGET_RUN, {"run_id": run.run_id})
    connection.execute(
        _ENTER_RUN,
        {
            "run_id": run.run_id,
            "flow": run.flow,
            "started_at": run.started_at,
            "version": run.version,
        },
    )


def finish_run(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    *,
    status: str,
    error: str | None,
    now: datetime,
) -> bool:
    """Enter how a run ended; return whether it had been started."""
    values = {"run_id": run_id, "status": status, "error": error, "now": now}
    return _changed(connection.execute(_FINISH, values))


def _changed(result: duckdb.DuckDBPyConnection) -> bool:
    row = result.fetchone()
    return bool(row and row[0])

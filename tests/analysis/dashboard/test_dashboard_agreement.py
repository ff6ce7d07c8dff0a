"""The page shows the agreement of the newest codebook alone."""

import pyarrow as pa

from analysis.dashboard.about import About
from analysis.dashboard.figures import read_figures
from analysis.dashboard.screens.methods import _agreement


def test_of_several_versions_the_newest_is_shown(tables: dict[str, pa.Table], about: About) -> None:
    rows = [row for row in tables["evaluations"].to_pylist() if row["kind"] == "agreement"]
    versions = {"codebook 9": 0.11, "codebook 10": 0.22, "codebook 2": 0.33}
    several = pa.Table.from_pylist(
        [
            {**row, "version": version, "value": value}
            for version, value in versions.items()
            for row in rows
        ]
    )
    page = str(_agreement(read_figures({**tables, "evaluations": several}, about)))
    assert page.count("0.22") >= len(rows)
    assert "0.11" not in page
    assert "0.33" not in page

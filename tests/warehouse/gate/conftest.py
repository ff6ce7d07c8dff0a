"""A copy of the healthy study for each test of the export gate."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.invented import Study, healthy_study


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gate") / "healthy.duckdb"
    healthy_study(path).connection.close()
    return path


@pytest.fixture
def study(healthy: Path, tmp_path: Path) -> Iterator[Study]:
    connection = duckdb.connect(
        shutil.copy(healthy, tmp_path / "study.duckdb"), config={"threads": 1}
    )
    yield Study(connection, last_id=600)
    connection.close()

"""Exports that Label Studio's own converter and doccano itself wrote are read as they are meant."""

import json
import subprocess
from pathlib import Path

import pytest

from flows.coding.importing_files import read_returned
from tests.flows.coding.test_returned_files import EXPECTED, STUDIO_TASKS, outline
from tests.real_servers.environments import environment

pytestmark = pytest.mark.slow
SCRIPTS = Path(__file__).parent / "labelling"
UNTOUCHED = ("rstv", "", None)


def run(python: str, script: str, *arguments: Path) -> None:
    done = subprocess.run(
        [python, SCRIPTS / script, *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.timeout(1200)
def test_label_studio(tmp_path: Path) -> None:
    python = environment("label-studio", ["label-studio-sdk==2.1.2"])
    tasks = tmp_path / "tasks.json"
    tasks.write_text(json.dumps(STUDIO_TASKS))
    run(python, "label_studio_export.py", tasks, tmp_path)
    # the converter leaves out tasks whose annotation was cancelled
    expected = [row for row in [*EXPECTED, UNTOUCHED] if row[0] != "ghjk"]
    for name in ("min/result.json", "csv/result.csv"):
        returned = read_returned(name, (tmp_path / name).read_bytes())
        assert returned.kind == "label studio"
        assert outline(list(returned.rows)) == expected, name


@pytest.mark.timeout(1200)
def test_doccano(tmp_path: Path) -> None:
    # as doccano 1.8.4 needs them: it says so for neither
    python = environment("doccano", ["doccano==1.8.4", "marshmallow<4", "numpy<2"])
    frames = ["Justice and equality", "service_value"]
    coded = [("bcdf", frames), ("ghjk", ["skip"]), ("mnpq", ["none"]), ("rstv", [])]
    (tmp_path / "coded.json").write_text(json.dumps(coded))
    run(python, "doccano_export.py", tmp_path, tmp_path / "coded.json")
    expected = [("bcdf", "coded", tuple(frames)), *EXPECTED[1:], UNTOUCHED]
    for name in ("all.jsonl", "all.json", "all.csv"):
        returned = read_returned(name, (tmp_path / "exported" / name).read_bytes())
        assert returned.kind == "doccano"
        assert outline(list(returned.rows)) == expected, name

"""What only reads a release answers at once: nothing that fits a model is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("sklearn", "scipy")


@pytest.mark.parametrize("module", ["analysis.topics.nights.events", "flows.topics.listing"])
def test_describing_events_imports_neither_scikit_learn_nor_scipy(module: str) -> None:
    code = f"import sys, {module}\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["[]"]

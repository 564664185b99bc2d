"""The plain-shell pipeline (tests/pipeline), from founding a ledger to the deploy gate, with the installed command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.shop import clone

SCRIPT = Path(__file__).parent.parent / "pipeline" / "pipeline.sh"


def test_a_change_of_each_kind_passes_the_gate_as_it_should(tmp_path: Path) -> None:
    """Normal, emergency, bot, revert, squash, rebase, evil merge and cherry-pick: allowed, excepted or caught."""
    repository = clone(tmp_path / "repository")
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", str(SCRIPT), str(repository.path), str(tmp_path / "work")],
        env={name: value for name, value in variables.items() if not name.startswith("EVIDENCE_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    said = done.stdout
    assert "excepted  SOD-01: FAIL, by the exception of entry" in said
    evil = said.partition("== 7 evil merge")[2].partition("== 8")[0]
    assert "which merges change 7 and lands something else" in evil
    assert "holds more than git makes of its parents" in evil
    revert = said.partition("== 4 revert")[2].partition("== 5")[0]
    assert "pass           CHG-07" in revert
    picked = said.partition("== 8 cherry-pick")[2].partition("== The release")[0]
    assert "FAIL           APP-03" in picked
    assert "blocked: deploy of release shop@1.0" in said
    assert "No fault:" in said

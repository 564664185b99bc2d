"""The frozen bundles and worked values: bytes once signed and hashed never change, whatever the code becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.make_vectors import GOOD, worked_ssh_values, worked_values
from tests.misdeeds import MISDEEDS
from tests.test_standalone import both, good_bundles, standalone

VECTORS = Path(__file__).parent / "vectors"
FOLDERS = sorted(path.name for path in (VECTORS / "bundles").iterdir())


@pytest.mark.parametrize("name", FOLDERS)
def test_both_verifiers_judge_the_frozen_bundles_as_they_always_did(name: str) -> None:
    """Good ones are intact; of bad ones the expected check fails."""
    folder = VECTORS / "bundles" / name
    expected = json.loads((folder / "expected.json").read_text())
    ours, theirs = both((folder / "bundle.zip").read_bytes(), (folder / "ledger.pub").read_text())
    assert (not ours) == expected["intact"]
    for check in expected["fails"]:
        assert check in ours
        assert check in theirs


@pytest.mark.parametrize("name", GOOD)
def test_the_same_story_still_has_the_same_bytes(name: str) -> None:
    """What is signed and hashed today is, byte for byte, what was signed and hashed when the vector was made."""
    world, bundle = good_bundles()[name]()
    folder = VECTORS / "bundles" / name
    assert bundle == (folder / "bundle.zip").read_bytes()
    assert world.anchor == (folder / "ledger.pub").read_text()


@pytest.mark.parametrize("name", list(MISDEEDS))
def test_the_same_misdeed_still_has_the_same_bytes(name: str) -> None:
    """Signatures of every sort of key, sound and not, come out as they were when the vector was made."""
    world = MISDEEDS[name].story()
    folder = VECTORS / "bundles" / f"dishonest-{name}"
    assert world.bundle() == (folder / "bundle.zip").read_bytes()


def test_worked_values_hold() -> None:
    """Every preimage and digest of docs/format.md §10."""
    assert worked_values() == json.loads((VECTORS / "format" / "values.json").read_text())


def test_worked_values_of_ssh_keys_hold() -> None:
    """What each sort of key signs, worked out by us; the other verifier takes key and signature as they stand there."""
    values = json.loads((VECTORS / "format" / "sshsig.json").read_text())
    assert worked_ssh_values() == values
    module = standalone()
    for value in values:
        key = module.public_key(value["key"])
        assert (key.id, key.point.hex()) == (value["key_id"], value["point_hex"])
        assert module.signature_holds(key, bytes.fromhex(value["message_hex"]), bytes.fromhex(value["signature_hex"]))

"""Makes the frozen bundles and worked values of ``tests/vectors``; run only when there are new ones.

python -m tests.make_vectors

What is there already must come out as it was, byte for byte.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ledger import sshsig
from ledger.digests import commitment
from ledger.entry import leaf_bytes, leaf_digest
from ledger.envelope import preauthentication, seal
from ledger.keys import SigningKey, format_public_key, key_id
from ledger.manifest import manifest_digest
from ledger.roster.acts import genesis_preimage, key_preimage
from tests.misdeeds import MISDEEDS
from tests.sshkeys import SORTS, EmulatedKey
from tests.test_standalone import BAD, DISHONEST, bad_bundle, dishonest_bundle, good_bundles
from tests.world import World

VECTORS = Path(__file__).parent / "vectors"

GOOD = {
    "founded": "",
    "release": "",
    "two-administrators": "",
    "revoked": "",
    "withdrawn": "",
    "every-kind": (
        "Every kind of event and every sort of key: two administrators, one of them with an SSH key; principals merged "
        "and split; a change from its prompt to its landing, under an emergency's exception that was authorised before "
        "and reviewed after; a second exception whose review was withdrawn; a review of access; events brought late."
    ),
    "odd-but-sound": (
        "What looks wrong and is not: a collector for some paths brings a review from the forge; principals merged "
        "into one that is disabled act on; one that is disabled is split off and its key revoked; an administrator "
        "rejects an act of their own; a test result has members named `scope` and `act`; predicate types of unknown "
        "meaning, one of 256 characters."
    ),
    "packs": (
        "What came after the story of every kind: certificates with a key of each sort, one of them ended; a "
        "comparison with git; a sealed pack of a release, and a pack of a period without a seal."
    ),
}
"""Sound bundles by name, each with what is told in it where the name does not say it."""


def worked_values() -> dict[str, Any]:
    """Each preimage of docs/format.md with what it gives, all from fixed inputs."""
    key = SigningKey(bytes([7]) * 32)
    world = World()
    leaf, envelope = world.entries[0]
    body = world.records_list[0].event.body
    manifest = b'{"entries":[],"object_format":"sha1","v":1}'
    salt = bytes(range(32))
    sealed = seal(b"{}", key)
    return {
        "key": {"public": format_public_key(key.public), "key_id": key_id(key.public), "section": "2"},
        "envelope": {
            "payload_hex": b"{}".hex(),
            "pae_hex": preauthentication(b"{}").hex(),
            "envelope": sealed.data.decode("ascii"),
            "digest": sealed.digest,
            "section": "3",
        },
        "commitment": {
            "salt_hex": salt.hex(),
            "bytes_hex": b"content".hex(),
            "commitment": commitment(salt, b"content"),
            "section": "4.3",
        },
        "genesis_preimage_hex": genesis_preimage(body.core).hex(),  # type: ignore[union-attr]
        "key_preimage_hex": key_preimage(world.ledger, "p_" + "0" * 32, key.public).hex(),
        "manifest": {"bytes": manifest.decode("ascii"), "digest": manifest_digest(manifest), "section": "4.5"},
        "genesis": {
            "envelope": envelope.data.decode("ascii"),
            "leaf": leaf_bytes(leaf).decode("ascii"),
            "leaf_digest_hex": leaf_digest(leaf).hex(),
            "anchor": world.anchor,
            "section": "5",
        },
    }


def worked_ssh_values() -> list[dict[str, Any]]:
    """The same for §2.2 and §2.3: for one key of each sort, what is signed for an envelope, and the blob."""
    message = preauthentication(b"{}")
    values = []
    for sort in SORTS:
        key = EmulatedKey(sort, bytes([7]) * 32)
        signed = sshsig.signed_bytes(message, key.hash_name)
        device = sshsig.device_bytes(key.application, sshsig.Flags(key.flags, key.counter), signed)
        values.append(
            {
                "key": format_public_key(key.public),
                "key_id": key_id(key.public),
                "point_hex": key.public.point.hex(),
                "message_hex": message.hex(),
                "signed_bytes_hex": signed.hex(),
                "device_bytes_hex": device.hex() if key.is_device else None,
                "signature_hex": key.sign(message).hex(),
                "sections": ["2", "2.2", "2.3"],
            }
        )
    return values


def write_bundle_vector(name: str, bundle: bytes, anchor: str, failures: list[str], story: str) -> None:
    """One folder: the bundle, its anchor, the checks that fail, and a sentence."""
    folder = VECTORS / "bundles" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bundle.zip").write_bytes(bundle)
    (folder / "ledger.pub").write_text(anchor, encoding="ascii")
    (folder / "expected.json").write_text(
        json.dumps({"intact": not failures, "fails": failures}) + "\n", encoding="ascii"
    )
    (folder / "README.md").write_text(f"# {name}\n\n{story}\n", encoding="utf-8")


def main() -> None:
    """Writes everything."""
    (VECTORS / "format").mkdir(parents=True, exist_ok=True)
    values = json.dumps(worked_values(), indent=1, sort_keys=True) + "\n"
    (VECTORS / "format" / "values.json").write_text(values, encoding="ascii")
    ssh_values = json.dumps(worked_ssh_values(), indent=1, sort_keys=True) + "\n"
    (VECTORS / "format" / "sshsig.json").write_text(ssh_values, encoding="ascii")
    for name, told in GOOD.items():
        world, bundle = good_bundles()[name]()
        story = "Sound: no check fails." + (f"\n\n{told}" if told else "")
        write_bundle_vector(name, bundle, world.anchor, [], story)
    for name, (check, _) in BAD.items():
        world, bundle = bad_bundle(name)
        write_bundle_vector(f"bad-{name}", bundle, world.anchor, [check], f"Tampered with: check {check} fails.")
    for name, (check, _) in DISHONEST.items():
        world, bundle = dishonest_bundle(name)
        story = f"Admitted by a dishonest server that holds the log key: check {check} fails."
        write_bundle_vector(f"dishonest-{name}", bundle, world.anchor, [check], story)
    for name, misdeed in MISDEEDS.items():
        world = misdeed.story()
        story = f"Admitted by a dishonest server that holds the log key: {misdeed.what}. Check {misdeed.check} fails."
        write_bundle_vector(f"dishonest-{name}", world.bundle(), world.anchor, [misdeed.check], story)


if __name__ == "__main__":
    main()

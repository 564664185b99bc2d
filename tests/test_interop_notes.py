"""Readers that nobody here wrote accept our checkpoints and proofs: sigstore-python's, for Rekor logs."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import verify_checkpoint
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore.errors import VerificationError
from sigstore.models import TransparencyLogEntry
from sigstore_models.common.v1 import PublicKey as PublicKeyMessage
from sigstore_models.rekor.v1 import TransparencyLogEntry as EntryMessage

from ledger.checkpoint import ED25519, add_signatures, cosign_checkpoint, note_key_id, sign_checkpoint
from ledger.keys import SigningKey
from ledger.merkle import inclusion_proof, leaf_hash, reader_of, root

ORIGIN = "ledger.example.com/acme"
LOG = SigningKey(bytes([7]) * 32)
ENTRIES = [b"entry %d" % number for number in range(300)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
READ = reader_of(LEAVES)


def text(data: bytes) -> str:
    """Base64, as the foreign messages hold bytes."""
    return b64encode(data).decode("ascii")


def foreign_entry(index: int, size: int, entry: bytes, checkpoint: bytes) -> TransparencyLogEntry:
    """Our entry with its proof, in the form in which sigstore-python reads Rekor's."""
    return TransparencyLogEntry(
        EntryMessage.from_json(
            json.dumps(
                {
                    "logIndex": str(index),
                    "logId": {"keyId": text(note_key_id(ORIGIN, ED25519, LOG.public))},
                    "kindVersion": {"kind": "entry", "version": "1"},
                    "inclusionProof": {
                        "logIndex": str(index),
                        "treeSize": str(size),
                        "rootHash": text(root(LEAVES[:size])),
                        "hashes": [text(digest) for digest in inclusion_proof(index, size, READ)],
                        "checkpoint": {"envelope": checkpoint.decode("utf-8")},
                    },
                    "canonicalizedBody": text(entry),
                }
            )
        )
    )


def keyring(key: SigningKey) -> RekorKeyring:
    """sigstore-python's keyring with one log key."""
    der = Ed25519PublicKey.from_public_bytes(key.public.key).public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    message = json.dumps({"rawBytes": text(der), "keyDetails": "PKIX_ED25519"})
    return RekorKeyring(Keyring([PublicKeyMessage.from_json(message)]))


@pytest.mark.parametrize(("index", "size"), [(0, 1), (5, 13), (12, 13), (255, 256), (0, 257), (256, 257), (123, 300)])
def test_sigstore_python_accepts_checkpoint_and_proof(index: int, size: int) -> None:
    """Its own functions verify our signature, our root and our path, with and without a witness's line."""
    checkpoint = sign_checkpoint(ORIGIN, size, root(LEAVES[:size]), LOG)
    witness = cosign_checkpoint(checkpoint, "witness.example.com/w1", SigningKey(bytes([9]) * 32), 1_760_000_000)
    for note in (checkpoint, add_signatures(checkpoint, (witness,))):
        entry = foreign_entry(index, size, ENTRIES[index], note)
        verify_checkpoint(keyring(LOG), entry)
        verify_merkle_inclusion(entry)


def test_sigstore_python_refuses_what_we_refuse() -> None:
    """Another entry, another key and another size's checkpoint fail there too, so the agreement means something."""
    checkpoint = sign_checkpoint(ORIGIN, 13, root(LEAVES[:13]), LOG)
    with pytest.raises(VerificationError):
        verify_merkle_inclusion(foreign_entry(5, 13, b"entry 6", checkpoint))
    with pytest.raises(VerificationError):
        verify_checkpoint(keyring(SigningKey(bytes([8]) * 32)), foreign_entry(5, 13, ENTRIES[5], checkpoint))
    with pytest.raises(VerificationError):
        verify_checkpoint(keyring(LOG), foreign_entry(5, 12, ENTRIES[5], checkpoint))

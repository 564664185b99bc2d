"""Sealing events into DSSE envelopes and opening them again (format §3)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from ledger.canonical import encode, parse_canonical
from ledger.digests import Digest, digest_bytes
from ledger.errors import FormatError
from ledger.events.shape import base64_bytes, digest, signature
from ledger.keys import PublicKey, Signer, key_id, sign, verify

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES: Final = 65_536

_FORM: Final = re.compile(
    rb'\{"payload":"([A-Za-z0-9+/]*={0,2})","payloadType":"application/vnd\.in-toto\+json",'
    rb'"signatures":\[\{"keyid":"(sha256:[0-9a-f]{64})","sig":"([A-Za-z0-9+/]{86,1367}={0,2})"\}\]\}'
)
"""The one byte form: what matches is canonical JSON, since base64 and digests need no escape."""

_PAE_HEAD: Final = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} ".encode("ascii")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One signed payload."""

    data: bytes
    """The envelope's bytes exactly as received: what is stored, digested and served."""
    payload: bytes
    """The statement's bytes exactly as signed."""
    key_id: Digest
    """Key id that the envelope names; only the roster says whose it is."""
    signature: bytes
    """64 to 1,024 bytes; its key's scheme says how many."""

    @property
    def digest(self) -> Digest:
        """Envelope digest: how other events refer to this one."""
        return digest_bytes(self.data)


def preauthentication(payload: bytes) -> bytes:
    """The bytes a signature covers (DSSE v1.0, protocol)."""
    # PAE = "DSSEv1" SP len(type) SP type SP len(payload) SP payload, format §3
    return b"%s%d %s" % (_PAE_HEAD, len(payload), payload)


def seal(payload: bytes, key: Signer) -> Envelope:
    """``payload`` signed by ``key``. The only place where envelope bytes are made.

    Raises:
        FormatError: ``too-long`` if the envelope would exceed 65,536 bytes.
    """
    identifier = key_id(key.public)
    signed = sign(key, preauthentication(payload))
    data = encode(
        {
            "payload": b64encode(payload).decode("ascii"),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": identifier, "sig": b64encode(signed).decode("ascii")}],
        }
    )
    if len(data) > MAX_ENVELOPE_BYTES:
        raise FormatError(
            "too-long",
            f"an event's envelope has at most {MAX_ENVELOPE_BYTES} bytes",
            details={"found": len(data)},
            remedy="Put what grows with the work into contents, or record several events.",
        )
    return Envelope(data, payload, identifier, signed)


def open_envelope(data: bytes) -> Envelope:
    """The envelope in ``data``, in its one byte form. The signature is *not* checked: see ``check_signature``.

    Raises:
        FormatError: at the place of the fault.
    """
    form = _FORM.fullmatch(data) if len(data) <= MAX_ENVELOPE_BYTES else None
    if form is not None:
        payload, identifier, signed = form.groups()
        return Envelope(
            data=data,
            payload=base64_bytes(payload.decode("ascii"), "/payload"),
            key_id=Digest(identifier.decode("ascii")),
            signature=signature(signed.decode("ascii"), "/signatures/0/sig"),
        )
    return _read_envelope(data)


def _read_envelope(data: bytes) -> Envelope:
    """The envelope read member by member: says where bytes of another form depart from it."""
    value = parse_canonical(data, max_bytes=MAX_ENVELOPE_BYTES)
    if not isinstance(value, dict) or set(value) != {"payload", "payloadType", "signatures"}:
        raise FormatError("bad-envelope", "an envelope has exactly payload, payloadType and signatures")
    if value["payloadType"] != PAYLOAD_TYPE:
        raise FormatError("bad-envelope", f"the payload type is {PAYLOAD_TYPE}", where="/payloadType")
    signatures = value["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise FormatError("bad-envelope", "an envelope has exactly one signature", where="/signatures")
    only = signatures[0]
    if not isinstance(only, dict) or set(only) != {"keyid", "sig"}:
        raise FormatError("bad-envelope", "a signature has exactly keyid and sig", where="/signatures/0")
    return Envelope(
        data=data,
        payload=base64_bytes(value["payload"], "/payload"),
        key_id=digest(only["keyid"], "/signatures/0/keyid"),
        signature=signature(only["sig"], "/signatures/0/sig"),
    )


def check_signature(envelope: Envelope, key: PublicKey) -> None:
    """Nothing, if the envelope's signature verifies under ``key``, which must be the enrolled one of its key id.

    Raises:
        SignatureError: it does not.
    """
    verify(key, envelope.signature, preauthentication(envelope.payload))

"""Signed notes: a text and signature lines by named keys (C2SP signed-note), with cosignatures (C2SP tlog-cosignature).

<text, every line ended by a newline>
<blank line>
— <key name> <base64(note key id (4 bytes) || signature)>
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import decode_base64
from ledger.errors import FormatError, SignatureError, place
from ledger.keys import KEY_BYTES, SIGNATURE_BYTES, PublicKey, Signer, check_public_key, sign, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ED25519: Final = 0x01
"""Signature type of a log's own key: Ed25519 over the text."""
COSIGNATURE: Final = 0x04
"""Signature type of a witness: Ed25519 over time and text."""

MAX_NOTE_BYTES: Final = 65_536
MAX_SIGNATURES: Final = 100
"""More than any note needs; C2SP asks for at least 16."""
MAX_TIME: Final = 2**63 - 1

_DASH: Final = "\u2014"
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_HEX_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A key that signs notes under a name."""

    name: str
    """Key name: no white space, no plus sign. A log's is its origin."""
    kind: int
    """Signature type: ``ED25519`` or ``COSIGNATURE``."""
    public: PublicKey

    def __post_init__(self) -> None:
        if not _is_name(self.name) or self.kind not in _CHECKS:
            raise ValueError("not a name and a signature type of a note key")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; nothing says yet that it holds."""

    name: str
    key_id: bytes
    """4 bytes, a hint for finding the key and no more."""
    signature: bytes
    """64 bytes for ``ED25519``; 8 bytes of time and 64 for ``COSIGNATURE``; any for types unknown here."""


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its signature lines, unchecked."""

    text: str
    """Ends with a newline and has no blank line."""
    signatures: tuple[NoteSignature, ...]


def note_key_id(name: str, kind: int, public: PublicKey) -> bytes:
    """The 4 bytes by which signature lines name a key."""
    # note key id = sha256(name || 0x0A || type || key bytes)[:4], format §5.5
    return hashlib.sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + public.key).digest()[:_ID_BYTES]


def format_note_key(key: NoteKey) -> str:
    """The text of a verifier key: name, 8 hexadecimal digits of its note key id, base64 of type and key."""
    encoded = b64encode(bytes([key.kind]) + key.public.key).decode("ascii")
    return f"{key.name}+{note_key_id(key.name, key.kind, key.public).hex()}+{encoded}"


def parse_note_key(text: str, where: str = "") -> NoteKey:
    """The verifier key in ``text``, its id recomputed and its point checked.

    Raises:
        FormatError: ``bad-vkey``, ``bad-base64`` or ``weak-key`` at ``where``.
    """
    # The name has no plus sign, the base64 may: two splits from the left.
    name, _, rest = text.partition("+")
    identifier, _, encoded = rest.partition("+")
    if not _is_name(name) or _HEX_ID.fullmatch(identifier) is None:
        raise FormatError("bad-vkey", "not name+hex+base64 of a verifier key", where=where)
    data = decode_base64(encoded, where)
    if len(data) != 1 + KEY_BYTES or data[0] not in _CHECKS:
        raise FormatError("bad-vkey", "not a type and an Ed25519 key", where=where)
    key = NoteKey(name, data[0], PublicKey("ed25519", data[1:]))
    if note_key_id(name, key.kind, key.public).hex() != identifier:
        raise FormatError("bad-vkey", "the id is not that of name and key", where=where)
    check_public_key(key.public, where)
    return key


def format_vkey(name: str, public: PublicKey) -> str:
    """The verifier key text of a log."""
    return format_note_key(NoteKey(name, ED25519, public))


def parse_vkey(text: str, where: str = "") -> tuple[str, PublicKey]:
    """Name and key of a log's verifier key.

    Raises:
        FormatError: as ``parse_note_key``, and ``bad-vkey`` for the key of a witness.
    """
    key = parse_note_key(text, where)
    if key.kind != ED25519:
        raise FormatError("bad-vkey", "the key of a witness, not of a log", where=where)
    return key.name, key.public


def sign_note(text: str, name: str, key: Signer) -> NoteSignature:
    """The signature line of ``key`` under ``text``."""
    # signature = Ed25519(text, its last newline included), format §5.5
    _refuse_unwritable(text)
    signer = NoteKey(name, ED25519, key.public)
    return NoteSignature(name, note_key_id(name, signer.kind, key.public), sign(key, text.encode("utf-8")))


def cosignature_message(text: str, time: int) -> bytes:
    """The bytes that a witness signs: ``time`` in POSIX seconds before the text (C2SP tlog-cosignature v1)."""
    # "cosignature/v1" 0x0A "time " decimal 0x0A || text
    if not 0 <= time <= MAX_TIME:
        raise ValueError("a time is 0 to 2^63-1")
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosign_note(text: str, name: str, key: Signer, time: int) -> NoteSignature:
    """The signature line of the witness ``key`` at ``time`` (POSIX seconds); its caller checked that the tree grew."""
    _refuse_unwritable(text)
    signer = NoteKey(name, COSIGNATURE, key.public)
    signature = time.to_bytes(_TIME_BYTES, "big") + sign(key, cosignature_message(text, time))
    return NoteSignature(name, note_key_id(name, signer.kind, key.public), signature)


def signed_by(note: Note, keys: Sequence[NoteKey]) -> tuple[tuple[NoteKey, NoteSignature], ...]:
    """The signatures by ``keys``, all of which hold; at least one.

    Signatures of other keys are ignored. A line with name and id of one of ``keys`` must hold, each time there is one.

    Raises:
        SignatureError: ``bad-signature`` if one does not hold, ``no-known-signature`` if there is none.
    """
    known = {(key.name, note_key_id(key.name, key.kind, key.public)): key for key in keys}
    found = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            _CHECKS[key.kind](key.public, signature.signature, note.text)
            found.append((key, signature))
    if not found:
        raise SignatureError("no-known-signature", "none of the known keys signed this note")
    return tuple(found)


def write_note(note: Note) -> bytes:
    """The bytes of ``note``: text, blank line, signature lines."""
    _refuse_unwritable(note.text)
    return note.text.encode("utf-8") + b"\n" + signature_lines(note.signatures)


def signature_lines(signatures: Sequence[NoteSignature]) -> bytes:
    """The lines of ``signatures``, as a note ends with them and a witness answers with them."""
    return "".join(
        f"{_DASH} {one.name} {b64encode(one.key_id + one.signature).decode('ascii')}\n" for one in signatures
    ).encode("utf-8")


def parse_note(data: bytes, *, max_bytes: int = MAX_NOTE_BYTES) -> Note:
    """The note in ``data``; its signatures are *not* checked, see ``signed_by``.

    A blank line inside the text is refused, though C2SP allows it: readers differ in which blank line ends the text.

    Raises:
        FormatError: ``bad-note``, ``too-long`` or ``bad-base64``, with the line.
    """
    text, blank, lines = _decode(data, max_bytes).rpartition("\n\n")
    text += "\n"
    if not blank or not _is_text(text):
        raise FormatError("bad-note", "not a text, one blank line, and signature lines")
    return Note(text, _parse_lines(lines, text.count("\n") + 2))


def parse_signature_lines(data: bytes, *, max_bytes: int = MAX_NOTE_BYTES) -> tuple[NoteSignature, ...]:
    """The signatures in lines alone, as a witness answers; unchecked.

    Raises:
        FormatError: ``bad-note``, ``too-long`` or ``bad-base64``, with the line.
    """
    return _parse_lines(_decode(data, max_bytes), 1)


def _decode(data: bytes, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise FormatError("too-long", "longer than a note may be", details={"limit_bytes": max_bytes})
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("bad-note", "not UTF-8", details={"byte": error.start}) from None
    if _CONTROL.search(text):
        raise FormatError("bad-note", "a control character other than newline")
    return text


def _parse_lines(text: str, first: int) -> tuple[NoteSignature, ...]:
    *lines, after = text.split("\n")
    if after or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise FormatError("bad-note", f"a note has 1 to {MAX_SIGNATURES} signature lines, each with its newline")
    return tuple(_parse_line(line, place("line", first + number)) for number, line in enumerate(lines))


def _parse_line(line: str, where: str) -> NoteSignature:
    words = line.split(" ")
    if len(words) != 3 or words[0] != _DASH or not _is_name(words[1]):
        raise FormatError("bad-note", "not an em dash, a key name and base64", where=where)
    data = decode_base64(words[2], where)
    if len(data) <= _ID_BYTES:
        raise FormatError("bad-note", "no signature after the key id", where=where)
    return NoteSignature(words[1], data[:_ID_BYTES], data[_ID_BYTES:])


def _is_name(name: str) -> bool:
    spaced = any(character.isspace() for character in name)
    return bool(name) and "+" not in name and not spaced and _is_text(name + "\n")


def _is_text(text: str) -> bool:
    """Whether ``text`` is one or more lines, none blank, of Unicode without control characters and surrogates."""
    if not text.endswith("\n") or text.startswith("\n") or "\n\n" in text or _CONTROL.search(text):
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _refuse_unwritable(text: str) -> None:
    if not _is_text(text):
        raise ValueError("a note's text is lines without a blank one")


def _check_ed25519(public: PublicKey, signature: bytes, text: str) -> None:
    verify(public, signature, text.encode("utf-8"))


def _check_cosignature(public: PublicKey, signature: bytes, text: str) -> None:
    time = int.from_bytes(signature[:_TIME_BYTES], "big")
    if len(signature) != _TIME_BYTES + SIGNATURE_BYTES or time > MAX_TIME:
        raise SignatureError("bad-signature", "a cosignature has 72 bytes and a time below 2^63")
    verify(public, signature[_TIME_BYTES:], cosignature_message(text, time))


# A signature type is added here: what its line holds, and how that is checked.
_CHECKS: Final[dict[int, Callable[[PublicKey, bytes, str], None]]] = {
    ED25519: _check_ed25519,
    COSIGNATURE: _check_cosignature,
}

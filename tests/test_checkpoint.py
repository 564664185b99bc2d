"""Checkpoints: the bytes that C2SP gives notes, cosignatures and proofs, and only FormatError for anything else."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import (
    COSIGNATURE,
    ED25519,
    MAX_CHECKPOINT_BYTES,
    Checkpoint,
    LogProof,
    Note,
    NoteKey,
    NoteSignature,
    add_signatures,
    checkpoint_text,
    cosign_checkpoint,
    cosign_note,
    cosignature_message,
    cosigned_at,
    format_note_key,
    format_vkey,
    note_key_id,
    open_checkpoint,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_note,
    parse_note_key,
    parse_proof,
    parse_signature_lines,
    parse_vkey,
    sign_checkpoint,
    sign_note,
    signature_lines,
    signed_by,
    verify_proof,
    write_note,
    write_proof,
)
from ledger.errors import ChainError, FormatError, LedgerError, SignatureError
from ledger.keys import PublicKey, SigningKey
from ledger.merkle import EMPTY_ROOT, MAX_SIZE, inclusion_proof, leaf_hash, reader_of, root

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = Path(__file__).parent / "vectors" / "notes"
ORIGIN = "ledger.example.com/acme"
LOG = SigningKey(bytes([7]) * 32)
WITNESS = SigningKey(bytes([9]) * 32)
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(13)]
CHECKPOINT = Checkpoint(ORIGIN, 13, root(LEAVES))
SIGNED = sign_checkpoint(ORIGIN, 13, CHECKPOINT.root, LOG)
DASH = "\u2014"
T = TypeVar("T")


class Signed(TypedDict):
    """One recorded note with one signature."""

    name: str
    vkey: str
    seed_base64: NotRequired[str]
    text: str
    signature: str


class Cosigned(TypedDict):
    """The recorded cosignature."""

    seed_hex: str
    name: str
    time: int
    vkey: str
    signature: str


NOTES: list[Signed] = json.loads((VECTORS / "signed.json").read_text("utf-8"))
RECORDED: Cosigned = json.loads((VECTORS / "cosigned.json").read_text("utf-8"))
WITNESS_KEY = NoteKey(RECORDED["name"], COSIGNATURE, WITNESS.public)


def note_name(note: Signed) -> str:
    """What the test run calls it."""
    return note["name"]


def refusal(act: Callable[[], object]) -> str:
    """The slug with which ``act`` is refused."""
    with pytest.raises(LedgerError) as caught:
        act()
    return caught.value.slug


def vkey_of(name: str, data: bytes, identifier: str | None = None) -> str:
    """A verifier key text over any bytes, its id made to fit unless one is given."""
    fitting = hashlib.sha256(name.encode() + b"\n" + data).hexdigest()[:8]
    return f"{name}+{fitting if identifier is None else identifier}+{b64encode(data).decode()}"


@pytest.mark.parametrize("recorded", NOTES, ids=note_name)
def test_recorded_notes_verify(recorded: Signed) -> None:
    """A recorded note parses, is signed by its verifier key, and is written again as the same bytes."""
    key = parse_note_key(recorded["vkey"])
    data = f"{recorded['text']}\n{DASH} {key.name} {recorded['signature']}\n".encode()
    note = parse_note(data)
    assert note.text == recorded["text"]
    assert [found for found, _ in signed_by(note, [key])] == [key]
    assert write_note(note) == data
    assert format_note_key(key) == recorded["vkey"]


@pytest.mark.parametrize("recorded", [note for note in NOTES if "seed_base64" in note], ids=note_name)
def test_recorded_notes_sign_again(recorded: Signed) -> None:
    """Signing the text again with the recorded seed gives the recorded signature."""
    seed = b64decode(recorded["seed_base64"])
    assert seed[0] == ED25519
    name, _public = parse_vkey(recorded["vkey"])
    line = sign_note(recorded["text"], name, SigningKey(seed[1:]))
    assert b64encode(line.key_id + line.signature).decode() == recorded["signature"]


def test_the_recorded_checkpoint_is_made_again() -> None:
    """Our log's checkpoint over `entry 0` to `entry 12` is the recorded note, byte for byte."""
    ours = NOTES[2]
    assert SIGNED.decode() == f"{ours['text']}\n{DASH} {ORIGIN} {ours['signature']}\n"
    assert format_vkey(ORIGIN, LOG.public) == ours["vkey"]
    assert parse_vkey(ours["vkey"]) == (ORIGIN, LOG.public)
    assert open_checkpoint(SIGNED, ORIGIN, LOG.public) == CHECKPOINT


def test_the_recorded_cosignature_is_made_again() -> None:
    """The witness's line over our checkpoint is the recorded one, verifies, and tells its time."""
    line = cosign_checkpoint(SIGNED, RECORDED["name"], WITNESS, RECORDED["time"])
    assert b64encode(line.key_id + line.signature).decode() == RECORDED["signature"]
    assert format_note_key(WITNESS_KEY) == RECORDED["vkey"]
    assert parse_note_key(RECORDED["vkey"]) == WITNESS_KEY
    longer = add_signatures(SIGNED, parse_signature_lines(signature_lines((line,))))
    assert cosigned_at(longer, [WITNESS_KEY]) == ((WITNESS_KEY, RECORDED["time"]),)
    assert open_checkpoint(longer, ORIGIN, LOG.public) == CHECKPOINT
    assert add_signatures(longer, (line,)) == longer


def test_a_cosignature_covers_time_and_text() -> None:
    """Changed time, changed text, or the log's kind of signature in its place do not hold."""
    text = checkpoint_text(CHECKPOINT)
    line = cosign_note(text, WITNESS_KEY.name, WITNESS, 5)
    assert cosignature_message(text, 5) == b"cosignature/v1\ntime 5\n" + text.encode()
    later = NoteSignature(line.name, line.key_id, (6).to_bytes(8, "big") + line.signature[8:])
    never = NoteSignature(line.name, line.key_id, b"\xff" * 8 + line.signature[8:])
    bare = NoteSignature(line.name, line.key_id, line.signature[8:])
    plain = NoteSignature(line.name, line.key_id, sign_note(text, WITNESS_KEY.name, WITNESS).signature)
    for wrong in (later, never, bare, plain):
        with pytest.raises(SignatureError) as caught:
            cosigned_at(add_signatures(SIGNED, (wrong,)), [WITNESS_KEY])
        assert caught.value.slug == "bad-signature"
    other = sign_checkpoint(ORIGIN, 12, root(LEAVES[:12]), LOG)
    assert refusal(lambda: cosigned_at(add_signatures(other, (line,)), [WITNESS_KEY])) == "bad-signature"
    assert refusal(lambda: cosigned_at(SIGNED, [WITNESS_KEY])) == "no-known-signature"
    for time in (-1, 2**63):
        with pytest.raises(ValueError, match="time"):
            cosignature_message(text, time)
    with pytest.raises(ValueError, match="cosignatures"):
        cosigned_at(SIGNED, [NoteKey(ORIGIN, ED25519, LOG.public)])


def test_unknown_signatures_are_ignored_and_known_ones_must_hold() -> None:
    """Lines of other keys do not matter; one wrong line of the known key refuses the note, wherever it stands."""
    strange = NoteSignature("example.org/other", b"\x01\x02\x03\x04", b"x")
    same_name = NoteSignature(ORIGIN, b"\x01\x02\x03\x04", bytes(64))
    longer = add_signatures(SIGNED, (strange, same_name))
    assert open_checkpoint(longer, ORIGIN, LOG.public) == CHECKPOINT
    wrong = NoteSignature(ORIGIN, note_key_id(ORIGIN, ED25519, LOG.public), bytes(64))
    assert refusal(lambda: open_checkpoint(add_signatures(SIGNED, (wrong,)), ORIGIN, LOG.public)) == "bad-signature"
    _checkpoint, note = parse_checkpoint(SIGNED)
    first_wrong = write_note(Note(note.text, (wrong, *note.signatures)))
    assert refusal(lambda: open_checkpoint(first_wrong, ORIGIN, LOG.public)) == "bad-signature"
    alone = write_note(Note(note.text, (strange, same_name)))
    assert refusal(lambda: open_checkpoint(alone, ORIGIN, LOG.public)) == "no-known-signature"
    assert refusal(lambda: open_checkpoint(SIGNED, ORIGIN, WITNESS.public)) == "no-known-signature"


def test_sixteen_signatures_and_more_are_read() -> None:
    """A note with twenty cosignatures opens; one with 101 lines does not."""
    lines = tuple(cosign_checkpoint(SIGNED, f"witness.example.com/{number}", WITNESS, 1) for number in range(20))
    longer = add_signatures(SIGNED, lines)
    keys = [NoteKey(line.name, COSIGNATURE, WITNESS.public) for line in lines]
    assert len(cosigned_at(longer, keys)) == 20
    many = SIGNED + b"".join(signature_lines((NoteSignature(f"w{n}", b"abcd", b"x"),)) for n in range(100))
    assert refusal(lambda: parse_checkpoint(many)) == "bad-note"


def test_a_checkpoint_of_another_log_is_refused() -> None:
    """Another origin is a ChainError, though the key would fit."""
    with pytest.raises(ChainError) as caught:
        open_checkpoint(SIGNED, ORIGIN + "/2", LOG.public)
    assert caught.value.slug == "other-origin"
    assert caught.value.details == {"expected": ORIGIN + "/2", "found": ORIGIN}


def test_every_changed_byte_is_found() -> None:
    """No byte of a signed checkpoint can be changed without a FormatError, SignatureError or ChainError."""
    for at in range(len(SIGNED)):
        for bit in (0x01, 0x20, 0x80):
            changed = SIGNED[:at] + bytes([SIGNED[at] ^ bit]) + SIGNED[at + 1 :]
            with pytest.raises((FormatError, SignatureError, ChainError)):
                open_checkpoint(changed, ORIGIN, LOG.public)
    for end in range(len(SIGNED)):
        with pytest.raises((FormatError, SignatureError)):
            open_checkpoint(SIGNED[:end], ORIGIN, LOG.public)


def test_extension_lines_are_read_and_not_written() -> None:
    """A checkpoint with further lines opens and keeps them; none of ours can have them."""
    text = checkpoint_text(CHECKPOINT) + "more\n"
    data = write_note(Note(text, (sign_note(text, ORIGIN, LOG),)))
    opened = open_checkpoint(data, ORIGIN, LOG.public)
    assert opened == Checkpoint(ORIGIN, 13, CHECKPOINT.root, ("more",))
    with pytest.raises(ValueError, match="extension"):
        checkpoint_text(opened)


def test_the_empty_tree_has_one_root() -> None:
    """Size 0 goes with the SHA-256 of nothing, and with no other root."""
    data = sign_checkpoint(ORIGIN, 0, EMPTY_ROOT, LOG)
    assert data.startswith(f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n".encode())
    assert open_checkpoint(data, ORIGIN, LOG.public).size == 0
    with pytest.raises(ValueError, match="empty tree"):
        sign_checkpoint(ORIGIN, 0, CHECKPOINT.root, LOG)


ROOT = b64encode(CHECKPOINT.root).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "o\n1\n",
        f"o\n1\n{ROOT}",
        f"o\n01\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n 1\n{ROOT}\n",
        f"o\n\u0661\n{ROOT}\n",
        f"o\n1_0\n{ROOT}\n",
        f"o\n{2**53}\n{ROOT}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n",
        f"\n1\n{ROOT}\n",
        f"o\n\n{ROOT}\n",
        f"o\n1\n{ROOT[:-1]}\n",
        f"o\n1\n{ROOT} \n",
        "o\n1\nAAAA\n",
        f"o\n0\n{ROOT}\n",
        f"o\n1\n{ROOT}\n\n",
        f"o\n1\n{ROOT}\n\nmore\n",
        f"o\n1\n{ROOT[:-2]}j=\n",
    ],
)
def test_other_checkpoint_texts_are_refused(text: str) -> None:
    """Size and root have one spelling, and no line is blank."""
    with pytest.raises(FormatError):
        parse_checkpoint_text(text)


@pytest.mark.parametrize(
    ("origin", "size", "top"),
    [
        ("", 1, CHECKPOINT.root),
        ("a\nb", 1, CHECKPOINT.root),
        ("a b", 1, CHECKPOINT.root),
        ("a+b", 1, CHECKPOINT.root),
        ("a\x07", 1, CHECKPOINT.root),
        ("a\u00a0b", 1, CHECKPOINT.root),
        ("\ud800", 1, CHECKPOINT.root),
        ("o", -1, CHECKPOINT.root),
        ("o", MAX_SIZE + 1, CHECKPOINT.root),
        ("o", 1, b""),
        ("o", 1, bytes(33)),
    ],
)
def test_an_unreadable_checkpoint_is_never_signed(origin: str, size: int, top: bytes) -> None:
    """What a reader would refuse is a ValueError before it is signed."""
    with pytest.raises(ValueError, match=r"."):
        sign_checkpoint(origin, size, top, LOG)


LINE = f"{DASH} {ORIGIN} {NOTES[2]['signature']}\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"text\n\n",
        LINE.encode(),
        f"text\n{LINE}".encode(),
        f"text\n\n{LINE}"[:-1].encode(),
        f"text\n\n{LINE}\n".encode(),
        f"text\n\n{LINE}more\n".encode(),
        f"\n\n{LINE}".encode(),
        f"one\n\ntwo\n\n{LINE}".encode(),
        f"\ntwo\n\n{LINE}".encode(),
        f"te\rxt\n\n{LINE}".encode(),
        f"te\x00xt\n\n{LINE}".encode(),
        f"text\t\n\n{LINE}".encode(),
        b"te\xffxt\n\n" + LINE.encode(),
        f"text\r\n\r\n{LINE}".encode(),
        f"text\n\n- {LINE[2:]}".encode(),
        f"text\n\n{DASH}{LINE[2:]}".encode(),
        f"text\n\n{LINE.replace(' ', '  ')}".encode(),
        f"text\n\n{LINE[:-1]} \n".encode(),
        f"text\n\n{DASH} a+b AAAAAAA=\n".encode(),
        f"text\n\n{DASH}  AAAAAAA=\n".encode(),
        f"text\n\n{DASH} a\u2003b AAAAAAA=\n".encode(),
        f"text\n\n{DASH} a AAAAAA==\n".encode(),
        f"text\n\n{DASH} a AAAAAAB=\n".encode(),
        f"text\n\n{DASH} a AAAAAAA\n".encode(),
        f"text\n\n{DASH} a \n".encode(),
    ],
)
def test_other_notes_are_refused(data: bytes) -> None:
    """Blank lines in the text, control characters, and every other spelling of a signature line."""
    with pytest.raises(FormatError):
        parse_note(data)


def test_long_notes_are_refused() -> None:
    """A checkpoint has at most 16,384 bytes, however they are filled."""
    assert refusal(lambda: parse_checkpoint(b"x" * (MAX_CHECKPOINT_BYTES + 1))) == "too-long"
    padding = NoteSignature("w", b"abcd", bytes(MAX_CHECKPOINT_BYTES))
    assert refusal(lambda: add_signatures(SIGNED, (padding,))) == "too-long"


KEY = bytes([1]) + LOG.public.key


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("", "bad-vkey"),
        ("name", "bad-vkey"),
        ("name+abcdef01", "bad-vkey"),
        (vkey_of("", KEY), "bad-vkey"),
        (vkey_of("a b", KEY), "bad-vkey"),
        (vkey_of("name", KEY, "00000000"), "bad-vkey"),
        (vkey_of("name", KEY, "ABCDEF01"), "bad-vkey"),
        (vkey_of("name", KEY, "123"), "bad-vkey"),
        (vkey_of("name", KEY[:-1]), "bad-vkey"),
        (vkey_of("name", KEY + b"\x00"), "bad-vkey"),
        (vkey_of("name", b"\x00" + KEY[1:]), "bad-vkey"),
        (vkey_of("name", b"\x02" + KEY[1:]), "bad-vkey"),
        (vkey_of("name", b"\x06" + KEY[1:]), "bad-vkey"),
        (vkey_of("name", b""), "bad-vkey"),
        (vkey_of("name", KEY) + "\n", "bad-base64"),
        (vkey_of("name", KEY)[:-1], "bad-base64"),
        (vkey_of("name", KEY) + "+", "bad-base64"),
        (vkey_of("name", b"\x01" + bytes(32)), "weak-key"),
        (vkey_of("name", bytes([4]) + LOG.public.key), "bad-vkey"),
    ],
)
def test_bad_verifier_keys_are_refused(text: str, slug: str) -> None:
    """Wrong ids, lengths with fitting ids, unknown types, a witness's key and weak points are no log's key."""
    assert refusal(lambda: parse_vkey(text, "/anchor")) == slug


def test_names_that_no_line_can_hold_are_mistakes() -> None:
    """A key name with white space or plus sign, and a type unknown here, are ValueErrors."""
    for name, kind in (("", ED25519), ("a b", ED25519), ("a+b", ED25519), ("a\n", ED25519), ("a", 6)):
        with pytest.raises(ValueError, match="name"):
            NoteKey(name, kind, LOG.public)
    with pytest.raises(ValueError, match="blank"):
        write_note(Note("a\n\nb\n", ()))


READ = reader_of(LEAVES)
PROOF = LogProof(5, inclusion_proof(5, 13, READ), SIGNED)


def test_proof_files_there_and_back() -> None:
    """A proof file reads back, verifies for its leaf, and has the lines that C2SP tlog-proof gives it."""
    data = write_proof(PROOF)
    assert parse_proof(data) == PROOF
    lines = data.decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "index 5", "SFM123z+yWXxX/dF/GJcQdXqJkaTaTAWWCj3PdS2iFQ="]
    assert data.endswith(b"\n\n" + SIGNED)
    assert verify_proof(parse_proof(data), LEAVES[5], ORIGIN, LOG.public) == CHECKPOINT
    with_extra = LogProof(5, PROOF.path, SIGNED, b"anything")
    assert parse_proof(write_proof(with_extra)) == with_extra
    alone = LogProof(0, (), sign_checkpoint(ORIGIN, 1, LEAVES[0], LOG))
    verify_proof(parse_proof(write_proof(alone)), LEAVES[0], ORIGIN, LOG.public)


def test_proofs_of_other_things_do_not_verify() -> None:
    """Another leaf, index, path, log or key is found."""
    assert refusal(lambda: verify_proof(PROOF, LEAVES[6], ORIGIN, LOG.public)) == "bad-inclusion"
    moved = LogProof(6, PROOF.path, SIGNED)
    assert refusal(lambda: verify_proof(moved, LEAVES[5], ORIGIN, LOG.public)) == "bad-inclusion"
    cut = LogProof(5, PROOF.path[:-1], SIGNED)
    assert refusal(lambda: verify_proof(cut, LEAVES[5], ORIGIN, LOG.public)) == "bad-inclusion"
    assert refusal(lambda: verify_proof(PROOF, LEAVES[5], "other", LOG.public)) == "other-origin"
    assert refusal(lambda: verify_proof(PROOF, LEAVES[5], ORIGIN, WITNESS.public)) == "no-known-signature"


def test_every_changed_byte_of_a_proof_is_found() -> None:
    """No byte of a proof file can be changed unnoticed."""
    data = write_proof(PROOF)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((FormatError, SignatureError, ChainError)):
            verify_proof(parse_proof(changed), LEAVES[5], ORIGIN, LOG.public)


HASH = b64encode(LEAVES[0]).decode()


@pytest.mark.parametrize(
    "head",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v2\nindex 0",
        "c2sp.org/tlog-proof@v1\nindex 00",
        "c2sp.org/tlog-proof@v1\nindex -1",
        f"c2sp.org/tlog-proof@v1\nindex {2**53}",
        "c2sp.org/tlog-proof@v1\nindex 0 ",
        "c2sp.org/tlog-proof@v1\nindex \u0661",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH}x",
        f"c2sp.org/tlog-proof@v1\n{HASH}\nindex 0",
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA",
        "c2sp.org/tlog-proof@v1\nextra AAAA",
        "c2sp.org/tlog-proof@v1\nextra ?\nindex 0",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0",
        "c2sp.org/tlog-proof@v1\r\nindex 0",
        "c2sp.org/tlog-proof@v1\nindex 0" + f"\n{HASH}" * 64,
    ],
)
def test_other_proof_files_are_refused(head: str) -> None:
    """Every other order, spelling and count of lines is a FormatError."""
    with pytest.raises(FormatError):
        parse_proof(f"{head}\n\n".encode() + SIGNED)


def test_proof_files_without_a_checkpoint_are_refused() -> None:
    """A proof file ends with a checkpoint; an impossible one is not written."""
    with pytest.raises(FormatError):
        parse_proof(b"c2sp.org/tlog-proof@v1\nindex 0\n\n")
    assert refusal(lambda: parse_proof(bytes(65_537))) == "too-long"
    for impossible in (LogProof(-1, (), SIGNED), LogProof(0, (b"",), SIGNED), LogProof(0, (), b"")):
        with pytest.raises(ValueError, match=r"."):
            write_proof(impossible)


pieces = st.lists(
    st.sampled_from(
        [
            "\n",
            "\n\n",
            " ",
            DASH,
            "+",
            "index ",
            "extra ",
            "0",
            "13",
            ROOT,
            ORIGIN,
            LINE,
            NOTES[2]["text"],
            "c2sp.org/",
            "c2sp.org/tlog-proof@v1\n",
            NOTES[2]["vkey"],
            "\x00",
            "\u2028",
            "AAAAAAA=",
        ]
    ),
    max_size=12,
).map("".join)


def again(parse: Callable[[bytes], T], write: Callable[[T], bytes], data: bytes) -> bytes:
    """``data`` read and written, or as it is where it is refused as of another form."""
    try:
        value = parse(data)
    except FormatError:
        return data
    return write(value)


@given(pieces.map(str.encode) | st.binary())
def test_parsers_of_bytes_raise_format_errors_only(data: bytes) -> None:
    """Whatever the bytes, each parser gives a value that is written as the same bytes, or a FormatError."""
    assert again(parse_note, write_note, data) == data
    assert again(parse_signature_lines, signature_lines, data) == data
    assert again(parse_proof, write_proof, data) == data
    assert again(parse_checkpoint, lambda found: write_note(found[1]), data) == data


@given(pieces | st.text())
def test_parsers_of_text_raise_format_errors_only(text: str) -> None:
    """Whatever the text, each parser gives a value or a FormatError."""
    for parse in (parse_vkey, parse_note_key, parse_checkpoint_text):
        try:
            parse(text)
        except FormatError:
            continue


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_verifier_keys_there_and_back(seed: bytes, name: str) -> None:
    """Any name that a line can hold reads back with its key."""
    public: PublicKey = SigningKey(seed).public
    try:
        text = format_vkey(name, public)
    except ValueError:
        return
    assert parse_vkey(text) == (name, public)

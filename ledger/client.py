"""The client: hands parcels to a server, checks every receipt, and refuses a server that takes anything back.

It speaks over ``ledger.transport`` (the standard library's HTTP, see there why) and trusts one line, ``ledger.pub``.
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlencode

from ledger.anchor import Anchor, parse_anchor
from ledger.canonical import decode_base64, encode, parse
from ledger.checkpoint import MAX_CHECKPOINT_BYTES, parse_proof, verify_proof
from ledger.digests import SALT_BYTES, commitment, from_raw
from ledger.entry import Leaf, leaf_digest, read_leaf
from ledger.envelope import MAX_ENVELOPE_BYTES, open_envelope
from ledger.errors import ChainError, FormatError, LedgerError, NotFoundError, SignatureError, UnavailableError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.events.roster import Genesis
from ledger.events.statement import Event, read_payload
from ledger.memory import Memory
from ledger.merkle import verify_consistency
from ledger.parcel import SaltedContent
from ledger.receipt import MAX_RECEIPT_BYTES, Receipt, check_receipt, open_known_checkpoint, read_receipt
from ledger.refusals import read_problem, read_refusal
from ledger.transport import Answer, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from ledger.canonical import JSON, Encodable
    from ledger.checkpoint import Checkpoint
    from ledger.digests import Digest
    from ledger.parcel import Parcel

REQUEST_SECONDS: Final = 30.0
"""How long a question may take unless the caller says otherwise."""
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
MAX_BUNDLE_BYTES: Final = 1024**3
MAX_BATCH: Final = 100


class Client:
    """One server, asked on behalf of one ledger. Not for use by two threads at once."""

    def __init__(
        self, base_url: str, anchor: Anchor | str, *, token: str | None = None, memory: Path | None = None
    ) -> None:
        """``anchor`` is ``ledger.pub`` or its line; ``memory`` the folder in which checkpoints seen are kept.

        Raises:
            FormatError: ``bad-url``, or a fault of the anchor's line.
        """
        self.anchor = parse_anchor(anchor) if isinstance(anchor, str) else anchor
        self._transport = Transport(base_url, token=token)
        self._memory = Memory(self.anchor, memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._transport.close()

    # Sending

    def record(self, parcel: Parcel, *, timeout: float = REQUEST_SECONDS) -> Receipt:
        """The checked receipt for ``parcel``.

        Raises:
            UnavailableError: the server cannot be reached, or cannot take it now: send the same again later.
            ChainError: the receipt does not hold, or does not fit what was seen before: trust nothing of this server.
            LedgerError: the server refuses, with the class and slug of its problem document.
        """
        (answer,) = self.deliver((parcel,), deadline=time.monotonic() + timeout)
        if isinstance(answer, LedgerError):
            raise answer
        return answer

    def deliver(self, parcels: Sequence[Parcel], *, deadline: float) -> tuple[Receipt | LedgerError, ...]:
        """For each parcel, in order, its checked receipt or the server's refusal; contents go up first.

        ``deadline`` is on the clock of ``time.monotonic``.

        Raises:
            UnavailableError: the server cannot be reached. Some parcels may be in the log: sending again is harmless.
            AuthorityError: the token does not open the server.
            ChainError: a receipt does not hold, or its checkpoint does not fit those seen before.
        """
        answers: list[Receipt | LedgerError] = []
        for start in range(0, len(parcels), MAX_BATCH):
            answers += self._deliver(parcels[start : start + MAX_BATCH], deadline)
        return tuple(answers)

    def put_content(self, content: SaltedContent, *, deadline: float) -> None:
        """Nothing, once the server has the content on its disk.

        Raises:
            ChainError: ``wrong-commitment``: the server took other bytes than were sent.
            LedgerError: the server refuses.
        """
        answer = self._transport.ask(
            "POST",
            "/v1/contents",
            body=content.data,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Salt": b64encode(content.salt).decode("ascii"),
            },
            deadline=deadline,
            max_bytes=MAX_ANSWER_BYTES,
        )
        value = _json(_accepted(answer))
        if not isinstance(value, dict) or value.get("commitment") != content.commitment:
            raise ChainError("wrong-commitment", "the server stored other bytes than were sent")

    # Asking

    def checkpoint(self, *, timeout: float = REQUEST_SECONDS) -> Checkpoint:
        """The latest published checkpoint, signed by the log and of one tree with all seen before.

        Raises:
            ChainError: it is not.
        """
        deadline = time.monotonic() + timeout
        answer = self._transport.ask("GET", "/checkpoint", deadline=deadline, max_bytes=MAX_CHECKPOINT_BYTES)
        return self._learn(_accepted(answer), deadline)

    def get(
        self,
        path: str,
        query: Mapping[str, str | int | Sequence[str]] | None = None,
        *,
        timeout: float = REQUEST_SECONDS,
    ) -> JSON:
        """The JSON at ``path`` of the server: its word, proved by nothing.

        Raises:
            LedgerError: the server refuses.
        """
        return _json(_accepted(self._ask(_with_query(path, query), timeout)))

    def find(self, query: Mapping[str, str | int], *, timeout: float = REQUEST_SECONDS) -> Iterator[tuple[Leaf, bytes]]:
        """Leaf and envelope bytes of every entry that ``GET /v1/events`` lists for ``query``, ascending.

        Each envelope is the one its leaf names. Not checked: inclusion, signatures, and that the list is whole.

        Raises:
            ChainError: ``wrong-envelope``. LedgerError: the server refuses.
        """
        path: str | None = _with_query("/v1/events", query)
        while path is not None:
            answer = self._ask(path, timeout)
            value = _json(_accepted(answer))
            entries = value.get("entries") if isinstance(value, dict) else None
            if not isinstance(entries, list):
                raise _bad_answer()
            for entry in entries:
                yield _entry(entry)
            path = _next(answer.headers.get("link", ""))

    def entry(self, index: int, *, timeout: float = REQUEST_SECONDS) -> tuple[Leaf, bytes]:
        """Leaf and envelope bytes of the entry at ``index``, checked as by ``find``.

        Raises:
            NotFoundError: there is none. ChainError: ``wrong-envelope``.
        """
        leaf, envelope = _entry(self.get(f"/v1/events/{index}", timeout=timeout))
        if leaf.index != index:
            raise ChainError("wrong-entry", "the server answered with another entry than was asked for")
        return leaf, envelope

    def envelope(self, digest: Digest, *, timeout: float = REQUEST_SECONDS) -> bytes:
        """The envelope's bytes, which have that digest.

        Raises:
            NotFoundError: there is none. ChainError: ``wrong-envelope``.
        """
        data = _accepted(self._ask(f"/v1/envelopes/{digest}", timeout, max_bytes=MAX_ENVELOPE_BYTES))
        if open_envelope(data).digest != digest:
            raise ChainError("wrong-envelope", "the server answered with another envelope than was asked for")
        return data

    def content(self, wanted: Digest, *, timeout: float = REQUEST_SECONDS) -> SaltedContent:
        """The content of that commitment, which was computed again.

        Raises:
            NotFoundError: ``content-withheld``, ``content-erased``, ``content-missing``.
            ChainError: ``wrong-commitment``.
        """
        answer = self._ask(f"/v1/contents/{wanted}", timeout, max_bytes=MAX_CONTENT_BYTES)
        data = _accepted(answer)
        try:
            salt = b64decode(answer.headers.get("content-salt", ""), validate=True)
        except (Base64Error, ValueError):
            salt = b""
        if len(salt) != SALT_BYTES or commitment(salt, data) != wanted:
            raise ChainError("wrong-commitment", "the content is not the one that was committed to")
        return SaltedContent(salt, data)

    def receipt(self, index: int, *, timeout: float = REQUEST_SECONDS) -> Receipt:
        """A receipt for the entry at ``index``; its checkpoint is checked, what it is for is the caller's to compare.

        Raises:
            ChainError: the proof does not hold.
        """
        deadline = time.monotonic() + timeout
        value = _json(_accepted(self._ask(f"/v1/events/{index}/receipt", timeout, max_bytes=MAX_RECEIPT_BYTES)))
        receipt = read_receipt(value)
        proof = parse_proof(receipt.proof.encode("utf-8"))
        checkpoint = self._learn(proof.checkpoint, deadline)
        verify_proof(proof, leaf_digest(receipt.leaf), checkpoint.origin, self.anchor.log_key)
        if receipt.leaf.index != index or proof.index != index:
            raise ChainError("wrong-entry", "the server answered with another entry than was asked for")
        return receipt

    def bundle(
        self,
        path: str,
        take: Callable[[bytes], None],
        query: Mapping[str, str | int | Sequence[str]] | None = None,
        *,
        timeout: float = 600.0,
    ) -> None:
        """Passes a bundle to ``take`` in pieces; ``path`` is ``release/<digest or name>`` or ``period``.

        What it is worth, ``ledger.verify`` says.

        Raises:
            LedgerError: the server refuses.
        """
        deadline = time.monotonic() + timeout
        answer = self._transport.fetch(
            _with_query(f"/v1/bundles/{quote(path)}", query), take, deadline=deadline, max_bytes=MAX_BUNDLE_BYTES
        )
        _accepted(answer)

    def _deliver(self, parcels: Sequence[Parcel], deadline: float) -> list[Receipt | LedgerError]:
        refusals = [self._put_contents(parcel, deadline) for parcel in parcels]
        sent = [parcel for parcel, refusal in zip(parcels, refusals, strict=True) if refusal is None]
        received = iter(self._post(sent, deadline) if sent else ())
        largest: tuple[Checkpoint, bytes] | None = None
        final: list[Receipt | LedgerError] = []
        for parcel, refusal in zip(parcels, refusals, strict=True):
            answer = next(received) if refusal is None else refusal
            if isinstance(answer, Receipt):
                checkpoint = _checked(answer, parcel, self.anchor)
                if largest is None or checkpoint.size > largest[0].size:
                    largest = checkpoint, parse_proof(answer.proof.encode("utf-8")).checkpoint
            final.append(answer)
        if largest is not None:
            self._remember(*largest, deadline)
        return final

    def _put_contents(self, parcel: Parcel, deadline: float) -> LedgerError | None:
        for content in parcel.contents:
            try:
                self.put_content(content, deadline=deadline)
            except FormatError as refusal:
                return refusal
        return None

    def _post(self, parcels: Sequence[Parcel], deadline: float) -> list[Receipt | LedgerError]:
        answer = self._transport.ask(
            "POST",
            "/v1/events:batch",
            body=b"".join(parcel.envelope.data + b"\n" for parcel in parcels),
            headers={"Content-Type": "application/jsonl"},
            deadline=deadline,
            max_bytes=MAX_ANSWER_BYTES,
        )
        lines = _accepted(answer).split(b"\n")
        if len(lines) != len(parcels) + 1 or lines[-1]:
            raise _bad_answer()
        return [_receipt_or_refusal(line) for line in lines[:-1]]

    def _ask(self, path: str, timeout: float, *, max_bytes: int = MAX_ANSWER_BYTES) -> Answer:
        return self._transport.ask("GET", path, deadline=time.monotonic() + timeout, max_bytes=max_bytes)

    def _learn(self, note: bytes, deadline: float) -> Checkpoint:
        checkpoint = open_known_checkpoint(note, self.anchor)
        self._remember(checkpoint, note, deadline)
        return checkpoint

    def _remember(self, checkpoint: Checkpoint, note: bytes, deadline: float) -> None:
        def consistent(old: Checkpoint, new: Checkpoint) -> None:
            proof = () if old.size in (0, new.size) else self._consistency(old.size, new.size, deadline)
            verify_consistency(old.size, new.size, old.root, new.root, proof)

        self._memory.learn(checkpoint, note, consistent)

    def _consistency(self, old: int, new: int, deadline: float) -> tuple[bytes, ...]:
        path = _with_query("/v1/proofs/consistency", {"old": old, "new": new})
        answer = self._transport.ask("GET", path, deadline=deadline, max_bytes=MAX_ANSWER_BYTES)
        try:
            value = _json(_accepted(answer))
        except (NotFoundError, FormatError):
            raise ChainError(
                "checkpoint-shrank",
                "the server cannot prove that its log still holds what it held before",
                details={"old": old, "new": new},
                remedy="Compare checkpoints with another holder; an older copy of the ledger may have been restored.",
            ) from None
        hashes = value.get("hashes") if isinstance(value, dict) else None
        if not isinstance(hashes, list):
            raise _bad_answer()
        return tuple(decode_base64(str(item), f"/hashes/{at}") for at, item in enumerate(hashes))


def find_anchor(base_url: str, ledger: Digest, *, token: str | None = None, timeout: float = REQUEST_SECONDS) -> Anchor:
    """The anchor of the ledger with that id, from its server; genesis proves it, since its leaf digest is the id.

    Raises:
        ChainError: ``other-ledger``: the server's genesis has another leaf digest, log key or origin.
        LedgerError: the server refuses, or cannot be reached.
    """
    with Transport(base_url, token=token) as transport:
        deadline = time.monotonic() + timeout
        told = _json(_accepted(transport.ask("GET", "/v1/ledger", deadline=deadline, max_bytes=MAX_ENVELOPE_BYTES)))
        leaf, envelope = _entry(
            _json(_accepted(transport.ask("GET", "/v1/events/0", deadline=deadline, max_bytes=MAX_ANSWER_BYTES)))
        )
    line = told.get("anchor") if isinstance(told, dict) else None
    if not isinstance(line, str):
        raise _bad_answer()
    anchor = parse_anchor(line)
    event = read_payload(open_envelope(envelope).payload)
    genesis = event.body if isinstance(event, Event) else None
    if (
        from_raw(leaf_digest(leaf)) != ledger
        or anchor.ledger != ledger
        or not isinstance(genesis, Genesis)
        or (genesis.core.origin, genesis.core.log_key) != (anchor.origin, anchor.log_key)
    ):
        raise ChainError("other-ledger", "the server holds another ledger than the one asked for")
    return anchor


def _accepted(answer: Answer) -> bytes:
    if answer.status in (200, 201):
        return answer.body
    media_type, retry_after = answer.headers.get("content-type", ""), answer.headers.get("retry-after", "")
    raise read_refusal(answer.status, media_type, answer.body, retry_after)


def _receipt_or_refusal(line: bytes) -> Receipt | LedgerError:
    value = _json(line)
    if isinstance(value, dict) and "slug" in value:
        return read_problem(value)
    try:
        return read_receipt(value)
    except FormatError as error:
        raise ChainError("bad-receipt", f"the server's receipt is not of the form: {error.slug}") from None


def _checked(receipt: Receipt, parcel: Parcel, anchor: Anchor) -> Checkpoint:
    try:
        return check_receipt(receipt, parcel, anchor)
    except (FormatError, SignatureError) as error:
        # Whatever is wrong with it, there is one thing to do about a server whose receipts do not hold.
        raise ChainError("bad-receipt", f"the server's receipt does not hold: {error.slug}") from None


def _entry(value: JSON) -> tuple[Leaf, bytes]:
    if not isinstance(value, dict) or "leaf" not in value or "envelope" not in value:
        raise _bad_answer()
    leaf = read_leaf(value["leaf"], "/leaf")
    try:
        # An envelope has one byte form, so its object says its bytes.
        envelope = open_envelope(encode(cast("Encodable", value["envelope"])))
    except ValueError:
        raise _bad_answer() from None
    if envelope.digest != leaf.envelope:
        raise ChainError("wrong-envelope", "an envelope is not the one its leaf names", details={"index": leaf.index})
    return leaf, envelope.data


def _json(body: bytes) -> JSON:
    try:
        return parse(body, max_bytes=MAX_ANSWER_BYTES)
    except FormatError:
        raise _bad_answer() from None


def _with_query(path: str, query: Mapping[str, str | int | Sequence[str]] | None) -> str:
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def _next(link: str) -> str | None:
    """The path that a Link header gives as the next page; one that leads away from the list is not followed."""
    target, found, _ = link.partition('>; rel="next"')
    path = target.removeprefix("<")
    return path if found and path.startswith("/v1/events?") else None


def _bad_answer() -> UnavailableError:
    return UnavailableError("bad-answer", "the server's answer is not of the form")

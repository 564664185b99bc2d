"""The directory of a ledger from its server: entries from the user's cache as far as it goes, the rest asked for.

What is cached is checked again at each use, so a changed cache is found out like a changed server. Name cards are
contents and can be erased, so cached ones are forgotten after a day.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ledger.canonical import decode_base64, encode, parse
from ledger.cli.directory import Directory, check_whole, replay
from ledger.digests import commitment, raw
from ledger.documents import parse_card
from ledger.entry import LEDGER_STREAM, leaf_digest, read_leaf
from ledger.errors import AuthorityError, ChainError, ConflictError, FormatError, NotFoundError, SignatureError
from ledger.events.shape import write_object
from ledger.parcel import SaltedContent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ledger.anchor import Anchor
    from ledger.client import Client
    from ledger.digests import Digest
    from ledger.documents import Card
    from ledger.entry import Leaf
    from ledger.records import Record
    from ledger.roster.state import Roster

PAGE: Final = 1_000
CARD_SECONDS: Final = 24 * 3600
MAX_CACHE_BYTES: Final = 256 * 1024 * 1024


def fetch_directory(client: Client, anchor: Anchor, cache: Path, *, at_least: int = 0) -> Directory:
    """The roster under the latest checkpoint, every entry checked, with the names whose cards are held.

    ``at_least`` is a position that a receipt already covered: a server publishes one checkpoint a second, and who has
    just been acknowledged must not be shown the roster of before.

    Inclusion in the log is checked for the checkpoint's last entry and for the stream's last one; the entries before
    that are bound to it by ``stream_previous``, which is enough to be shown names and to sign, and no proof to others.

    Raises:
        ChainError, SignatureError: the server's entries do not hold.
        LedgerError: the server refuses, or cannot be reached.
    """
    folder = cache / "rosters" / raw(anchor.ledger).hex()[:16]
    size = max(client.checkpoint().size, at_least)
    cached = [item for item in _read_entries(folder / "entries.json") if item[0].index < size]
    try:
        entries, roster, records = _checked(client, anchor, size, cached)
    except (FormatError, SignatureError, ChainError, AuthorityError, ConflictError):
        if not cached:
            raise
        # What is cached may be damaged; the server's own copy decides.
        cached = []
        entries, roster, records = _checked(client, anchor, size, cached)
    cards, names_closed = _fetch_cards(client, roster, folder / "cards.json")
    if len(entries) > len(cached):
        write_cache(
            folder / "entries.json", [{"envelope": data.decode(), "leaf": write_object(leaf)} for leaf, data in entries]
        )
    return Directory(roster, records, cards, size, names_closed)


def _checked(
    client: Client, anchor: Anchor, size: int, cached: list[tuple[Leaf, bytes]]
) -> tuple[list[tuple[Leaf, bytes]], Roster, tuple[Record, ...]]:
    """The stream's entries up to ``size``, ``cached`` ones first, the roster after them, and their meaning."""
    entries = [*cached, *_ask(client, size, cached)]
    roster, records = replay(anchor, entries)
    _check_included(client, roster, records, size)
    return entries, roster, records


def _ask(client: Client, size: int, cached: list[tuple[Leaf, bytes]]) -> list[tuple[Leaf, bytes]]:
    after = cached[-1][0].index + 1 if cached else 0
    if after >= size:
        return []
    return list(client.find({"project": LEDGER_STREAM, "after": after, "before": size, "limit": PAGE}))


def _check_included(client: Client, roster: Roster, records: tuple[Record, ...], size: int) -> None:
    tip = client.receipt(size - 1).leaf
    last = records[-1].leaf
    shown = tip if tip.index == last.index else client.receipt(last.index).leaf
    if leaf_digest(shown) != leaf_digest(last):
        raise ChainError(
            "wrong-entry", "the server showed another entry than is in its log", details={"index": last.index}
        )
    check_whole(roster, tip)


def _fetch_cards(client: Client, roster: Roster, path: Path) -> tuple[dict[Digest, Card], bool]:
    """Cards of principals, projects and waiting acts that are held, and whether the server refused to show them."""
    named = [item.cards for item in roster.principals.values()] + [item.cards for item in roster.projects.values()]
    wanted = [cards[-1].content for cards in named if cards]
    wanted += [item.card for item in roster.pending.values() if item.card is not None]
    held = _read_cards(path)
    fresh = closed = False
    for reference in wanted:
        if reference.commitment in held or reference.state != "stored":
            continue
        try:
            held[reference.commitment] = client.content(reference.commitment)
            fresh = True
        except NotFoundError:
            continue
        except AuthorityError:
            # The token does not open contents: ids stand for names then.
            closed = True
            break
    if fresh:
        write_cache(
            path,
            [{"data": b64encode(item.data).decode(), "salt": b64encode(item.salt).decode()} for item in held.values()],
        )
    cards: dict[Digest, Card] = {}
    for reference in wanted:
        if reference.commitment in held:
            with suppress(FormatError):
                cards[reference.commitment] = parse_card(held[reference.commitment].data)
    return cards, closed


def _read_entries(path: Path) -> list[tuple[Leaf, bytes]]:
    found: list[tuple[Leaf, bytes]] = []
    for item in read_cache(path):
        if not isinstance(item, dict) or not isinstance(item.get("envelope"), str):
            return []
        try:
            found.append((read_leaf(item.get("leaf")), str(item["envelope"]).encode()))
        except FormatError:
            return []
    return found


def _read_cards(path: Path) -> dict[Digest, SaltedContent]:
    forget_old(path)
    held: dict[Digest, SaltedContent] = {}
    for item in read_cache(path):
        with suppress(FormatError, ValueError):
            if isinstance(item, dict):
                salt, data = decode_base64(str(item.get("salt")), ""), decode_base64(str(item.get("data")), "")
                held[commitment(salt, data)] = SaltedContent(salt, data)
    return held


def forget_old(path: Path) -> None:
    """Removes a cache of what contents said once it is a day old: the contents may have been erased."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > CARD_SECONDS:
            path.unlink()


def read_cache(path: Path) -> list[object]:
    """What ``write_cache`` wrote; nothing where it cannot be read."""
    try:
        value = parse(path.read_bytes(), max_bytes=MAX_CACHE_BYTES)
    except (OSError, FormatError):
        return []
    return list(value) if isinstance(value, list) else []


def write_cache(path: Path, items: Iterable[object]) -> None:
    """Keeps ``items``, JSON values, for their owner alone."""
    # A cache that cannot be written costs time and nothing else.
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:  # noqa: PTH123 -- a descriptor, not a path
            file.write(encode(list(items)))  # type: ignore[arg-type]  # built here of texts and leaf objects
        staged.replace(path)

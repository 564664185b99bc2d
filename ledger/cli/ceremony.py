"""The steps of founding: a plan, signatures under it, the ledger made from both, and its first policy."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.anchor import Anchor, format_anchor
from ledger.cli.founding import (
    PLAN_FILE,
    make_plan,
    parse_founder,
    parse_plan,
    read_signatures,
    seal_genesis,
    sign_plan,
    write_plan,
)
from ledger.cli.keyfiles import key_folder, list_keys, locate, make_key, signing_key
from ledger.cli.ledgerfolder import folder_settings, new_folder, signer_of, write_new
from ledger.cli.output import ask_to_sign, clean, table
from ledger.errors import FormatError, NotFoundError
from ledger.events.context import Actor
from ledger.events.roster import CertificateEnrol, PolicySet
from ledger.events.shape import OpenObject
from ledger.events.work import Approval, Basis, Seen
from ledger.keyfile import read_key_file, write_key_file
from ledger.keys import format_public_key, key_id
from ledger.making import new_context, seal_event
from ledger.sealkeys import certificate_id
from ledger.settings import ANCHOR_FILE, IN_AGENT, LOG_KEY_FILE, SEAL_KEY_FILE
from ledger.signers.logkey import choose_log_key, open_log_key
from ledger.signers.naming import names_ssh_key
from ledger.sshsig import fingerprint, parse_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.cli.founding import Founder, GenesisPlan
    from ledger.cli.output import Output
    from ledger.cli.settings import Settings
    from ledger.digests import Digest
    from ledger.events.statement import Body
    from ledger.keys import PublicKey, Signer

RECOVERY_FILE: Final = "recovery.key"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody who founds a ledger asks for."""

    directory: Path
    origin: str
    admins: tuple[str, ...]
    """As ``parse_founder`` reads them."""
    admins_required: int
    recovery: str | None
    """``new`` or the path of a private key file."""
    log_key: str | None
    """Fingerprint or ``.pub`` file of the key in the ssh-agent that signs checkpoints; None: a new file."""
    urls: tuple[str, str] | None
    """Databases of entries and checkpoints; None: files in the folder."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A key to sign with and the path of its file, or where else it is."""

    key: Signer
    path: str


def plan(settings: Settings, out: Output, wish: Wish) -> None:
    """Writes the plan that the founders sign, beside the new log key.

    Raises:
        LedgerError: the wish makes no ledger, or the folder is not empty.
    """
    founders = [parse_founder(text) for text in wish.admins]
    with new_folder(wish.directory, wish.urls, wish.log_key and IN_AGENT) as folder:
        drawn, held = _draw(settings, folder, wish, founders)
        write_new(folder / PLAN_FILE, write_plan(drawn))
    path = wish.directory / PLAN_FILE
    waiting = [item.principal for item in drawn.core.administrators if key_id(item.key) not in held]
    document = {"plan": str(path), "principals": [item.principal for item in drawn.core.administrators]}
    finish = f"evidence init {_quoted(wish.directory)} --finish"
    lines = [*_plan_words(drawn), "", f"Nothing is founded yet. Give {path} to the other founders; each runs:"]
    lines += [f"  evidence init --sign {PLAN_FILE}", "and returns the line that it prints. Then run:"]
    lines += [f"  {finish}" + ' --proof "LINE"' * len(waiting)]
    out.answer(document, lines)


def sign(settings: Settings, out: Output, plan_file: Path, *, asked: bool) -> None:
    """Prints a founder's signature under a plan, after the plan was shown.

    Raises:
        LedgerError: the file is no plan, or does not name the key.
    """
    drawn = parse_plan(plan_file.read_bytes())
    held = _key_of(settings, [key for _, key in drawn.signers()])
    line = sign_plan(drawn, held.key)
    for sentence in _plan_words(drawn):
        click.echo(sentence, err=True)
    if asked:
        ask_to_sign("Sign this as one of its founders?")
    out.answer({"proof": line}, [line])
    out.note("Return the line above to whoever made the plan. It founds this ledger and no other.")


def finish(settings: Settings, out: Output, directory: Path, proofs: Sequence[str]) -> None:
    """Founds the ledger of a plan; the first administrator's key is on this machine.

    Raises:
        LedgerError: a signature is missing or does not hold, or the ledger is founded already.
    """
    try:
        drawn = parse_plan((directory / PLAN_FILE).read_bytes())
    except FileNotFoundError:
        raise NotFoundError(
            "no-plan",
            "the folder holds no plan",
            details={"path": str(directory)},
            remedy="evidence init DIRECTORY --plan",
        ) from None
    signatures = dict(read_signatures([_line(text) for text in proofs]))
    first = _key_of(settings, [drawn.core.administrators[0].key])
    own: list[Signer] = [first.key]
    if (directory / RECOVERY_FILE).exists():
        own.append(read_key_file(directory / RECOVERY_FILE))
    for key in own:
        principal, _, _ = sign_plan(drawn, key).partition(" ")
        signatures.setdefault(principal, read_signatures([sign_plan(drawn, key)])[principal])
    _make(directory, drawn, signatures, first.key)
    _open(out, settings.config, directory, drawn, {key_id(first.key.public): first})


def found_alone(settings: Settings, out: Output, wish: Wish) -> None:
    """Founds a ledger at once; every founder's key is on this machine.

    Raises:
        LedgerError: the wish makes no ledger, or the folder is not empty.
    """
    founders = [parse_founder(text) for text in wish.admins]
    if any(founder.public is not None for founder in founders):
        raise FormatError(
            "founder-elsewhere",
            "a founder whose key is elsewhere signs a plan first",
            remedy="Write the plan: add --plan",
        )
    with new_folder(wish.directory, wish.urls, wish.log_key and IN_AGENT) as folder:
        drawn, held = _draw(settings, folder, wish, founders)
        lines = [sign_plan(drawn, item.key) for item in held.values()]
        first = held[key_id(drawn.core.administrators[0].key)]
        _make(folder, drawn, read_signatures(lines), first.key)
    _open(out, settings.config, wish.directory, drawn, held)


def _draw(
    settings: Settings, folder: Path, wish: Wish, founders: Sequence[Founder]
) -> tuple[GenesisPlan, dict[Digest, _Held]]:
    """The plan, and the keys on this machine by key id, the recovery key among them."""
    held: dict[Digest, _Held] = {}
    pairs: list[tuple[Founder, PublicKey]] = []
    for number, founder in enumerate(founders):
        if founder.public is not None:
            pairs.append((founder, founder.public))
            continue
        named = settings.key.text if settings.key is not None and number == 0 else None
        own = _own_key(settings, founder, named)
        held[key_id(own.key.public)] = own
        pairs.append((founder, own.key.public))
    if wish.log_key is None:
        log_key = write_key_file(folder / LOG_KEY_FILE, os.urandom(32)).public
    else:
        log_key = choose_log_key(wish.log_key, IN_AGENT, os.environ)
    recovery = _recovery_key(folder, wish.recovery)
    if recovery is not None:
        held[key_id(recovery.key.public)] = recovery
    drawn = make_plan(
        wish.origin,
        pairs,
        admins_required=wish.admins_required,
        log_key=log_key,
        recovery=None if recovery is None else recovery.key.public,
    )
    return drawn, held


def _own_key(settings: Settings, founder: Founder, named: str | None) -> _Held:
    """The founder's key on this machine: the one named, the one of their name, else a new one of their name."""
    if named is not None and names_ssh_key(named):
        held = signing_key(settings)
        return _Held(held.signing, held.source)
    name = re.sub(r"[^a-z0-9]+", "-", founder.name.casefold()).strip("-")[:48] or "administrator"
    path = locate(settings.config, named or name)
    if named is not None or path.exists():
        return _Held(read_key_file(path), str(path))
    key, path = make_key(settings.config, name)
    return _Held(key, str(path))


def _recovery_key(folder: Path, wanted: str | None) -> _Held | None:
    if wanted is None:
        return None
    path = folder / RECOVERY_FILE
    if wanted == "new":
        return _Held(write_key_file(path, os.urandom(32)), str(path))
    return _Held(read_key_file(Path(wanted)), wanted)


def _key_of(settings: Settings, wanted: Sequence[PublicKey]) -> _Held:
    """The key that was named, else the one of the user's keys that is wanted."""
    if settings.key is None:
        for path in list_keys(settings.config):
            key = read_key_file(path)
            if key.public in wanted:
                return _Held(key, str(path))
    held = signing_key(settings)
    return _Held(held.signing, held.source)


def _make(folder: Path, drawn: GenesisPlan, signatures: Mapping[str, bytes], first: Signer) -> None:
    """Databases with genesis in them, then ``ledger.pub``."""
    from ledger.store import create

    found = folder_settings(folder)
    log_key = open_log_key(found.log_key, folder, drawn.core.log_key, os.environ)
    envelope, contents = seal_genesis(drawn, signatures, first)
    made = create(
        found.database_url,
        found.checkpoint_url,
        envelope.data,
        [(content.salt, content.data) for content in contents],
        signer=signer_of(log_key),
    )
    anchor = Anchor(drawn.core.origin, log_key.public, made.ledger)
    write_new(folder / ANCHOR_FILE, format_anchor(anchor).encode("ascii"), mode=0o644)


def _open(out: Output, config: Path, directory: Path, drawn: GenesisPlan, held: Mapping[Digest, _Held]) -> None:
    """Sets the first policy and prints what there is now and what comes next."""
    from ledger.cli.ledgerfolder import folder_anchor

    anchor = folder_anchor(directory)
    waiting, certificate = _first_acts(directory, drawn, held, anchor.ledger)
    core = drawn.core
    rows = []
    for name, founder in zip(drawn.names(), core.administrators, strict=True):
        own = held.get(key_id(founder.key))
        rows.append((name, founder.principal, "elsewhere" if own is None else own.path))
    document = {
        "ledger": anchor.ledger,
        "origin": core.origin,
        "anchor": format_anchor(anchor).strip(),
        "folder": str(directory),
        "admins_required": core.admins_required,
        "administrators": [{"name": name, "principal": principal, "key_file": path} for name, principal, path in rows],
        "policy_waits": waiting,
        "certificate": certificate,
    }
    lines = [
        f"Founded the ledger {core.origin}",
        f"  ledger id  {anchor.ledger}",
        f"  folder     {directory.absolute()}",
    ]
    lines += ["  ledger.pub is its public line: give it to everyone who will verify, and keep a copy elsewhere."]
    lines += [f"  {SEAL_KEY_FILE} seals packs; its public key is enrolled as certificate {certificate[7:23]}.", ""]
    lines += table(("ADMINISTRATOR", "PRINCIPAL", "PRIVATE KEY"), rows)
    if core.recovery is not None and (directory / RECOVERY_FILE).exists():
        lines += ["", f"Move {directory / RECOVERY_FILE} to a place without a network now; every use of it is printed."]
    if core.admins_required == 2 and len(held) > 1:
        lines += [
            "",
            "Both keys lie on this machine, so one person can act as two. For real use: --plan, --sign, --finish.",
        ]
    lines += ["", "Next:"]
    named = _named(config, held[key_id(core.administrators[0].key)])
    serve, connect = f"evidence serve {_quoted(directory)}", f"--anchor {_quoted(directory / ANCHOR_FILE)}"
    lines += [f"  {serve}", f"  evidence connect http://127.0.0.1:8410 {connect} --key {shlex.quote(named)}"]
    if waiting:
        lines += ["  evidence acts approve --all        (the second administrator: policy and sealing key wait)"]
    lines += [
        "  evidence people suggest --repo . > people.toml   then edit it, and: evidence people import people.toml"
    ]
    out.answer(document, lines)


def _named(config: Path, held: _Held) -> str:
    """How ``--key`` names a key that is at hand."""
    if held.key.public.scheme == "sshsig":
        return fingerprint(parse_key(held.key.public.key))
    path = Path(held.path)
    return path.stem if path.parent == key_folder(config) else str(path)


def _first_acts(
    directory: Path, drawn: GenesisPlan, held: Mapping[Digest, _Held], ledger: Digest
) -> tuple[bool, Digest]:
    """Whether the first policy and the sealing key wait for a second administrator; and the key's certificate id."""
    from ledger.cli.ledgerfolder import open_store
    from ledger.cli.sealfiles import make_seal_key
    from ledger.policies.presets import preset

    administrators = drawn.core.administrators
    key = make_seal_key(directory, ledger, datetime.now(UTC))
    with open_store(directory, writing=True) as store:

        def append(number: int, body: Body) -> Digest:
            founder = administrators[number]
            context = new_context(Actor(principal=founder.principal), ledger=ledger)
            parcel = seal_event(context, body, (), held[key_id(founder.key)].key)
            store.append(parcel.envelope.data)
            return parcel.envelope.digest

        acts = [append(0, body) for body in (PolicySet(OpenObject(preset("startup"))), CertificateEnrol(key, "packs"))]
        second = next((n for n, item in enumerate(administrators) if n and key_id(item.key) in held), None)
        if drawn.core.admins_required == 2 and second is not None:
            for act in acts:
                append(second, Approval("person", Basis(act=act), "approve", "approval", "roster", Seen((), ())))
    return drawn.core.admins_required == 2 and second is None, certificate_id(key)


def _plan_words(drawn: GenesisPlan) -> list[str]:
    core = drawn.core
    lines = [f"A plan for the ledger {core.origin}", f"  log key        {format_public_key(core.log_key)}"]
    lines.append(f"  an act takes   {core.admins_required} of {len(core.administrators)} administrators")
    for name, founder in zip(drawn.names(), core.administrators, strict=True):
        lines.append(f"  administrator  {clean(name)}  {format_public_key(founder.key)}")
    if core.recovery is not None:
        lines.append(f"  recovery key   {format_public_key(core.recovery.key)}")
    return lines


def _line(text: str) -> str:
    """A founder's signature as given: the line itself, or the file that holds it."""
    return text if " " in text.strip() else Path(text).read_text(encoding="ascii", errors="replace").strip()


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))

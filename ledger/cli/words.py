"""Acts of administrators in words, as whoever signs or approves one must read them before."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ledger.canonical import parse
from ledger.cli.directory import short_id
from ledger.cli.output import clean
from ledger.digests import digest_bytes
from ledger.events.roster import (
    CertificateEnd,
    CertificateEnrol,
    Epoch,
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PolicySet,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    ProjectDeclare,
    ProjectDescribe,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
)
from ledger.keys import format_public_key, key_id
from ledger.sealkeys import certificate_id, parse_seal_key
from ledger.sshsig import fingerprint, parse_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.cli.directory import Directory
    from ledger.documents import Account, Card
    from ledger.events.roster import Act
    from ledger.keys import PublicKey


def in_words(act: Act, card: Card | None, known: Directory) -> list[str]:  # noqa: C901, PLR0911, PLR0912 -- one case an act
    """What ``act`` does, a line a fact, fit for a terminal; ``card`` is the name card that comes with it, if held."""
    match act:
        case ProjectDeclare():
            lines = [f"Declare the project {_named(card, act.project)}"]
            lines.append(f"protected refs: {', '.join(act.protected_refs)}; objects: {act.object_format}")
            start = (
                "everything in the repository counts" if act.start is None else f"what comes after {act.start} counts"
            )
            return [*lines, start, *_card(card)]
        case ProjectDescribe():
            lines = _card(card, known.card(known.roster.projects[act.project]))
            return [f"Describe the project {_project(known, act.project)} anew", *lines]
        case ProjectEnd():
            return [f"End the project {_project(known, act.project)}: it takes no more entries"]
        case PrincipalCreate():
            lines = [f"Make the {act.type} {_named(card, act.principal)} known"]
            if act.responsible is not None:
                lines.append(f"responsible: {_principal(known, act.responsible)}")
            return [*lines, *_card(card)]
        case PrincipalDescribe():
            lines = _card(card, known.card(known.roster.principals[act.principal]))
            return [f"Describe {_principal(known, act.principal)} anew", *lines]
        case PrincipalDisable():
            return [f"Disable {_principal(known, act.principal)}: keys and roles are no longer in force"]
        case PrincipalMerge():
            one, other = _principal(known, act.principal), _principal(known, act.into)
            return [f"Take {one} and {other} for one from now on, under the second name", "keys and roles stay"]
        case PrincipalSplit():
            return [f"Take {_principal(known, act.principal)} for one of its own again"]
        case KeyEnrol():
            return [f"Enrol a key for {_principal(known, act.principal)}", *_key(act.key), *_scope(act, known)]
        case KeyRotate():
            ends = f"the key {short_id(act.ends)} ends in its place"
            return [
                f"Enrol a new key for {_principal(known, act.principal)}",
                *_key(act.key),
                ends,
                *_scope(act, known),
            ]
        case KeyEnd():
            return [f"End the key {short_id(act.key_id)} of {_principal(known, act.principal)}: {act.reason}"]
        case KeyRevoke():
            return [
                f"Revoke the key {short_id(act.key_id)} of {_principal(known, act.principal)}: {act.reason}",
                f"its signatures from entry {act.compromised_since} on no longer count in later verdicts",
            ]
        case RoleGrant():
            lines = [f"Grant {_principal(known, act.principal)} the role {act.role} {_where(act.projects, known)}"]
            lines += [f"for the paths {', '.join(act.paths)}"] if act.paths else []
            return [*lines, *([f"for the risk classes {', '.join(act.risks)}"] if act.risks else [])]
        case RoleEnd():
            grant = next(
                (g for g in known.roster.grants if (g.envelope, g.principal) == (act.grant, act.principal)), None
            )
            role = "a role" if grant is None else f"the role {grant.role} {_where(grant.projects, known)}"
            return [f"End {role} of {_principal(known, act.principal)}: {act.reason}"]
        case PolicySet():
            value = parse(act.policy.data, max_bytes=len(act.policy.data))
            members = ", ".join(sorted(value)) if isinstance(value, dict) else ""
            return [
                f"Set the policy {_where(act.projects, known)}",
                f"policy digest {digest_bytes(act.policy.data)}",
                f"members: {clean(members)}",
            ]
        case Epoch():
            return [
                f"Begin epoch {act.number} after a lost checkpoint store: {act.reason}",
                f"last checkpoint known: size {act.last_size}, root {act.last_root}",
                f"entries known to be lost: {act.known_lost}; checkpoints go on as {act.origin}",
            ]
        case CertificateEnrol():
            return [
                f"Enrol a certificate that seals packs: {parse_seal_key(act.key).words}",
                f"certificate id {certificate_id(act.key)}",
            ]
        case CertificateEnd():
            return [f"End the certificate {short_id(act.certificate)}, which sealed packs: {act.reason}"]
        case _:
            assert_never(act)


def account_words(account: Account) -> str:
    """An account as people read it."""
    if account.system == "git":
        return f"git {account.mail}"
    login = f" {account.login}" if account.login else ""
    return f"{account.system}{login} (id {account.id})"


def _card(card: Card | None, before: Card | None = None) -> list[str]:
    """What a card says; beside the one ``before`` also what it changes."""
    if card is None:
        return ["its name card is not held here"]
    lines = [] if before is None or before.name == card.name else [f"name: {clean(card.name)}"]
    held = None if before is None else {account_words(account) for account in before.accounts}
    kept = [account_words(account) for account in card.accounts]
    lines += [f"account: {clean(words)}{'' if held is None or words in held else ' (new)'}" for words in kept]
    lines += [f"no longer: {clean(words)}" for words in sorted((held or set()) - set(kept))]
    if card.identity is not None:
        lines.append(f"identity: {clean(card.identity.subject)} at {clean(card.identity.issuer)}")
    return [*lines, *([f"address: {clean(card.url)}"] if card.url else [])]


def _named(card: Card | None, identifier: str) -> str:
    return identifier if card is None else f"{clean(card.name)} ({identifier})"


def _principal(known: Directory, identifier: str) -> str:
    return f"{clean(known.name(identifier))} ({short_id(identifier)})"


def _project(known: Directory, identifier: str) -> str:
    return f"{clean(known.project_name(identifier))} ({short_id(identifier)})"


def _key(key: PublicKey) -> list[str]:
    lines = [f"public key {format_public_key(key)}", f"key id {key_id(key)}"]
    if key.scheme == "ed25519":
        return lines
    ssh = parse_key(key.key)
    # Who has the key can compare this with what `ssh-add -l` shows.
    device = "" if ssh.application is None else ", for a security key"
    return [f"SSH key {fingerprint(ssh)}, {ssh.algorithm}{device}", *lines]


def _scope(act: KeyEnrol | KeyRotate, known: Directory) -> list[str]:
    held = [] if act.custody is None else [f"held in: {act.custody}, as declared"]
    if act.kinds is None:
        return held
    return [*held, f"for {', '.join(act.kinds)} {_where(act.projects, known)}"]


def _where(projects: Iterable[str] | None, known: Directory) -> str:
    return "everywhere" if projects is None else "in " + ", ".join(_project(known, project) for project in projects)

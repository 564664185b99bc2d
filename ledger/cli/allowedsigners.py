"""The roster's SSH keys as an ``allowed_signers`` file of OpenSSH: who could sign with which, from when until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.sshsig import NAMESPACE, format_line, parse_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.roster.state import Key, Roster

SCHEME: Final = "sshsig"


@dataclass(frozen=True, slots=True)
class AllowedSigners:
    """The file, in lines, and what it cannot say."""

    lines: tuple[str, ...]
    listed: int
    """Keys that stand in it."""
    left_out: int
    """Keys of the ledger's own scheme: what they sign has no form that OpenSSH checks."""


def allowed_signers(
    roster: Roster, position: int, received_at: Mapping[int, str], name: Callable[[str], str]
) -> AllowedSigners:
    """Every SSH key that was ever enrolled up to ``position``, with the ledger times of its beginning and end.

    ``received_at`` has the ledger time of each entry that is known, by index; of the ledger's own stream all are.
    ``name`` gives a principal's name, cleaned, for the comment behind the key; OpenSSH is told the id.
    """
    head = (
        f"# Signers of the ledger {roster.ledger}, as of position {position}, for: ssh-keygen -Y verify",
        f"# -n {NAMESPACE} -I PRINCIPAL -O verify-time=TIME, with the time at which the entry was received.",
    )
    keys = [key for key in roster.keys.values() if key.public.scheme == SCHEME]
    lines = [line for key in keys for line in _lines(roster, key, received_at, name)]
    return AllowedSigners((*head, *lines), len(keys), len(roster.keys) - len(keys))


def verify_time(received_at: str) -> str:
    """A ledger time as OpenSSH writes it, to the second: ``20261121093000Z``."""
    return received_at[:19].translate({ord(mark): None for mark in "-:T"}) + "Z"


def _lines(roster: Roster, key: Key, received_at: Mapping[int, str], name: Callable[[str], str]) -> tuple[str, ...]:
    compromised = key.compromised_since
    # Position n is after n entries: what holds from n on was completed by entry n - 1.
    since = verify_time(received_at[key.since - 1])
    options = [f'namespaces="{NAMESPACE}"', f'valid-after="{since}"']
    ends = [end for end in (key.until, roster.principals[key.principal].until, compromised) if end is not None]
    never = compromised is not None and compromised <= key.since
    if ends and not never:
        before = verify_time(received_at[max(index for index in received_at if index < min(ends))])
        options.append(f'valid-before="{before}"')
        # OpenSSH refuses a span that ends in the second in which it begins.
        never = before <= since
    line = (
        f"{key.principal} {','.join(options)} {format_line(parse_key(key.public.key))} {name(key.principal)}".rstrip()
    )
    told = [] if compromised is None else [f"# revoked: what it signed in entries from {compromised} on does not count"]
    return (*told, f"# never in force for a second: {line}" if never else line)

"""Accounts as people type them: a mail address of commits, or a forge with the immutable id it gave its holder."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from ledger.cli.output import clean
from ledger.documents import GIT, Account, account_key
from ledger.errors import FormatError
from ledger.roster.state import principal_in_force

if TYPE_CHECKING:
    from ledger.cli.directory import Directory

MAX_ACCOUNT: Final = 320
"""Longest account in characters."""

_HOST: Final = re.compile(
    r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.ASCII | re.IGNORECASE
)
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_IMMUTABLE: Final = re.compile(rf"\d+|[0-9a-f]{{24}}|(?:\d+:)?{_UUID}|\{{{_UUID}\}}", re.ASCII | re.IGNORECASE)
"""Ids as forges give them for good: numbers, UUIDs, and what Atlassian makes of both."""

HOW_TO_FIND: Final = (
    "Give the forge's immutable id, as in github.com:583231. GitHub: gh api users/LOGIN --jq .id; "
    'GitLab: glab api "users?username=LOGIN"; elsewhere the id that the forge\'s API gives for the user.'
)


def parse_account(text: str, login: str | None = None) -> Account:
    """The account that ``text`` spells: ``ada@acme.example``, ``git:NAME`` or ``github.com:583231``.

    Raises:
        FormatError: ``bad-account``, or ``login-alone``: a forge gives a login to somebody else once its holder leaves.
    """
    found = text.strip()
    if not found or len(found) > MAX_ACCOUNT or clean(found) != found:
        raise FormatError("bad-account", f"an account has 1 to {MAX_ACCOUNT} visible characters")
    system, colon, rest = found.partition(":")
    if colon and "@" not in system:
        if not rest or not _HOST.fullmatch(system):
            raise FormatError("bad-account", "an account is a mail address, or SYSTEM:ID", remedy=HOW_TO_FIND)
        if system.casefold() != GIT:
            if not _IMMUTABLE.fullmatch(rest):
                raise FormatError("login-alone", "this is a login, not an immutable id", remedy=HOW_TO_FIND)
            return Account(system.casefold(), id=rest, login=login)
        found = rest
    elif "@" not in found.lstrip("@"):
        raise FormatError("login-alone", "a login alone does not say whose account it is", remedy=HOW_TO_FIND)
    if login is not None:
        raise FormatError("bad-account", "a commit identity has no login; it is for an account at a forge")
    return Account(GIT, mail=found)


def format_account(account: Account) -> str | None:
    """What ``parse_account`` reads as ``account``, its login left out; None where nothing that can be typed does."""
    identifier = account.mail if account.system == GIT else account.id
    for text in (identifier or "", f"{account.system}:{identifier}"):
        try:
            found = parse_account(text)
        except FormatError:
            continue
        if key_of(found) == key_of(account):
            return text
    return None


def key_of(account: Account) -> tuple[str, str]:
    """What makes two accounts one."""
    return account_key(account.system, account.id, account.mail)


def holders(known: Directory, account: Account) -> tuple[str, ...]:
    """Principals in force whose latest card claims the account."""
    wanted = key_of(account)
    return tuple(
        one.id
        for one in known.roster.principals.values()
        if principal_in_force(known.roster, one.id, known.position)
        and (card := known.card(one)) is not None
        and any(key_of(item) == wanted for item in card.accounts)
    )


def quoted(*words: str) -> str:
    """Words as they are typed into a shell."""
    return shlex.join(words)

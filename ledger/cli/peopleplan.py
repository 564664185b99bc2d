"""From a people file and the roster in force to the acts that are still to be made. Values only.

Made in rounds: keys and roles of a principal can follow only once the act that makes it known holds, and where two
administrators are required that takes the second one. Planning again after each round, and after each import of the
same file, gives what is left; nothing left is the normal end. Nothing is ever ended or taken away by a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.cli.acting import Step
from ledger.documents import Account, account_key, encode_card
from ledger.errors import ConflictError, NotFoundError, SignatureError
from ledger.events.roster import (
    KeyEnrol,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalMerge,
    ProjectDeclare,
    ProjectDescribe,
    RoleGrant,
)
from ledger.keys import key_id, verify
from ledger.making import NewContent, new_content, new_principal_id, new_project_id
from ledger.roster.acts import is_published, key_preimage
from ledger.roster.state import in_force, principal_in_force

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.cli.directory import Directory
    from ledger.cli.peoplefile import KeyRequest, ListedKey, ListedPrincipal, ListedProject, ListedRole, PeopleFile
    from ledger.digests import Digest
    from ledger.documents import Card
    from ledger.roster.state import Pending


@dataclass(frozen=True, slots=True)
class Wait:
    """Something of the file that cannot be done now."""

    slug: str
    """``second-administrator``, ``needs-principal``, ``needs-proof``, ``published-key`` or ``needs-project``."""
    about: str
    """Name of the principal or project, as the file has it."""
    sentence: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file still asks for."""

    steps: tuple[Step, ...]
    waits: tuple[Wait, ...]


class _Planner:
    """One pass over a file; collects steps and waits."""

    def __init__(self, known: Directory) -> None:
        self.known = known
        self.steps: list[Step] = []
        self.waits: list[Wait] = []
        self.position = known.position
        self.pending: tuple[Pending, ...] = tuple(known.roster.pending.values())

    # Projects

    def project(self, item: ListedProject) -> None:
        found = self.project_id(item.id or item.name)
        if found is not None:
            card = self.known.card(self.known.roster.projects[found])
            if card is not None and (card.name, card.url) != (item.name, item.url or card.url):
                content = new_content("card", encode_card(item.name, url=item.url or card.url))
                self._describe(ProjectDescribe(found), content, item.name)
            return
        if any(isinstance(wait.act, ProjectDeclare) and self._pending_name(wait) == item.name for wait in self.pending):
            self._waits_for_second(item.name)
            return
        act = ProjectDeclare(item.object_format, item.id or new_project_id(), item.protected_refs, item.start)
        self.steps.append(Step(act, (new_content("card", encode_card(item.name, url=item.url)),)))

    def project_id(self, name: str) -> str | None:
        try:
            return self.known.project(name).id
        except NotFoundError as error:
            if error.slug != "unknown-project":
                raise
            return None

    # Principals

    def principal(self, item: ListedPrincipal, found: str | None) -> None:
        if found is None:
            self._create(item)
            return
        principal = self.known.roster.principals[found]
        if item.requested_id not in (None, found):
            raise ConflictError(
                "other-principal-id",
                "a key request of the file is for another principal id than the one this account already has",
                details={"known": found, "requested": str(item.requested_id)},
                remedy=f"Its holder makes another: evidence key request --principal {found}",
            )
        if principal.type != item.type:
            raise ConflictError(
                "other-type", "a principal of the file is known as another type", details={"principal": found}
            )
        card = self.known.card(principal)
        if card is not None:
            accounts = _merged(card.accounts, item.accounts)
            identity = item.identity or card.identity
            if (card.name, card.accounts, card.identity) != (item.name, accounts, identity):
                data = encode_card(item.name, accounts, identity=identity)
                self._describe(PrincipalDescribe(found), new_content("card", data), item.name)
        self._merge(item, found)
        for role in item.roles:
            self._role(item, found, role)
        for key in item.keys:
            self._key(item, found, key)

    def _create(self, item: ListedPrincipal) -> None:
        asked = item.requested_id
        for wait in self.pending:
            if isinstance(wait.act, PrincipalCreate) and (
                wait.act.principal == asked or (asked is None and self._pending_matches(wait, item))
            ):
                self._waits_for_second(item.name)
                return
        responsible = None
        if item.responsible is not None:
            try:
                responsible = self.known.principal(item.responsible).id
            except NotFoundError as error:
                if error.slug != "unknown-principal":
                    raise
                sentence = "the person who answers for it is not known yet"
                self.waits.append(Wait("needs-principal", item.name, sentence))
                return
        card = new_content("card", encode_card(item.name, item.accounts, identity=item.identity))
        act = PrincipalCreate(asked or new_principal_id(), item.type, responsible)
        self.steps.append(Step(act, (card,)))

    def _merge(self, item: ListedPrincipal, principal: str) -> None:
        if item.merged_into is None:
            return
        try:
            into = self.known.principal(item.merged_into).id
        except NotFoundError as error:
            if error.slug != "unknown-principal":
                raise
            self.waits.append(Wait("needs-principal", item.name, "the one it is merged into is not known yet"))
            return
        if self.known.person(principal) == self.known.person(into):
            return
        act = PrincipalMerge(into, principal)
        if any(wait.act == act for wait in self.pending):
            self._waits_for_second(item.name)
        else:
            self.steps.append(Step(act))

    def _role(self, item: ListedPrincipal, principal: str, role: ListedRole) -> None:
        projects = self._projects(item, role.projects)
        if role.projects is not None and projects is None:
            return
        act = RoleGrant(principal, role.role, projects, role.paths, role.risks)
        if is_covered(act, self.known):
            return
        if any(wait.act == act for wait in self.pending):
            self._waits_for_second(item.name)
        else:
            self.steps.append(Step(act))

    def _key(self, item: ListedPrincipal, principal: str, key: ListedKey) -> None:
        identifier = key_id(key.public)
        enrolled = self.known.roster.keys.get(identifier)
        if enrolled is not None:
            if enrolled.principal != principal:
                raise ConflictError(
                    "key-enrolled", "a key of the file belongs to another principal", details={"key_id": identifier}
                )
            return
        if is_published(key.public):
            sentence = "its key is the published sample key, which every ledger refuses"
            remedy = f"Its holder makes one: evidence key new && evidence key request --principal {principal}"
            self.waits.append(Wait("published-key", item.name, sentence, remedy))
            return
        if any(isinstance(wait.act, KeyEnrol) and wait.act.key == key.public for wait in self.pending):
            self._waits_for_second(item.name)
            return
        if key.request is None:
            sentence = "its key is not proved by its holder yet"
            remedy = f"Its holder runs: evidence key request --principal {principal}"
            self.waits.append(Wait("needs-proof", item.name, sentence, remedy))
            return
        projects = self._projects(item, key.projects)
        if key.projects is not None and projects is None:
            return
        check_request(key.request, self.known.roster.ledger)
        self.steps.append(Step(KeyEnrol(key.public, principal, key.request.proof, key.kinds, projects, key.custody)))

    # Both

    def _projects(self, item: ListedPrincipal, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Ids of projects; None where there is one that is not declared yet, which is then waited for."""
        if names is None:
            return None
        found = [self.project_id(name) for name in names]
        if None in found:
            self.waits.append(Wait("needs-project", item.name, "one of its projects is not declared yet"))
            return None
        return tuple(sorted(project for project in found if project is not None))

    def _describe(self, act: PrincipalDescribe | ProjectDescribe, card: NewContent, name: str) -> None:
        if any(wait.act == act for wait in self.pending):
            self._waits_for_second(name)
        else:
            self.steps.append(Step(act, (card,)))

    def _waits_for_second(self, name: str) -> None:
        wait = Wait("second-administrator", name, "an act waits for a second administrator", "evidence acts pending")
        if wait not in self.waits:
            self.waits.append(wait)

    def _pending_name(self, wait: Pending) -> str | None:
        card = None if wait.card is None else self.known.cards.get(wait.card.commitment)
        return None if card is None else card.name

    def _pending_matches(self, wait: Pending, item: ListedPrincipal) -> bool:
        card = None if wait.card is None else self.known.cards.get(wait.card.commitment)
        if card is None:
            return False
        return bool(_keys(card.accounts) & _keys(item.accounts)) or (
            card.name == item.name and not (card.accounts and item.accounts)
        )


def plan(file: PeopleFile, known: Directory) -> Plan:
    """What of ``file`` is still to be done in the roster of ``known``.

    Raises:
        ConflictError: the file contradicts the ledger, or itself.
        NotFoundError: ``ambiguous-name``.
    """
    planner = _Planner(known)
    for project in file.projects:
        planner.project(project)
    for principal in file.principals:
        planner.principal(principal, find_principal(principal, known))
    return Plan(tuple(planner.steps), tuple(planner.waits))


def is_covered(act: RoleGrant, known: Directory) -> bool:
    """Whether one grant in force gives its principal all that ``act`` would."""
    return any(
        grant.principal == act.principal
        and grant.role == act.role
        and in_force(grant.since, grant.until, known.position)
        and _within(act.projects, grant.projects)
        and _within(act.paths, grant.paths)
        and _within(act.risks, grant.risks)
        for grant in known.roster.grants
    )


def _within(asked: tuple[str, ...] | None, given: tuple[str, ...] | None) -> bool:
    """Whether a limit asked for lies within a limit given, by its words; None is no limit."""
    return given is None or (asked is not None and set(asked) <= set(given))


def find_principal(item: ListedPrincipal, known: Directory) -> str | None:
    """The id of the principal that ``item`` is in the ledger: by its id, else by an account, else by its name.

    Raises:
        ConflictError: ``account-shared`` where its accounts belong to several.
    """
    in_ledger = [
        one for one in known.roster.principals.values() if principal_in_force(known.roster, one.id, known.position)
    ]
    if any(one.id == item.requested_id for one in in_ledger):
        return item.requested_id
    cards: Mapping[str, Card] = {one.id: card for one in in_ledger if (card := known.card(one)) is not None}
    by_account = [one for one, card in cards.items() if _keys(card.accounts) & _keys(item.accounts)]
    if len(_persons(by_account, known)) > 1:
        raise ConflictError(
            "account-shared",
            "the accounts of one in the file belong to several principals of the ledger",
            details={f"principal_{number}": one for number, one in enumerate(by_account, start=1)},
            remedy="Give its id in the file, and take the account from the others.",
        )
    if by_account:
        return _chosen(by_account, known)
    # Two people may share a name; only where nothing but the name is known on one side is it the same.
    by_name = [
        one
        for one, card in cards.items()
        if card.name == item.name
        and known.roster.principals[one].type == item.type
        and not (card.accounts and item.accounts)
    ]
    return _chosen(by_name, known) if len(_persons(by_name, known)) == 1 else None


def _persons(principals: list[str], known: Directory) -> set[str]:
    return {known.person(one) for one in principals}


def _chosen(principals: list[str], known: Directory) -> str:
    """The one of ``principals``, all of one person, that is meant: the only one, or the one that stands for them."""
    person = known.person(principals[0])
    return person if len(principals) > 1 and person in principals else principals[0]


def check_request(request: KeyRequest, ledger: Digest) -> None:
    """Nothing, if the holder of the key means this ledger and this principal.

    Raises:
        SignatureError: ``bad-key-proof``.
    """
    try:
        verify(request.public, request.proof, key_preimage(ledger, request.principal, request.public))
    except SignatureError:
        raise SignatureError(
            "bad-key-proof",
            "a key request does not prove possession for this ledger and principal",
            details={"key_id": key_id(request.public), "principal": request.principal},
            remedy="Its holder makes another, with this ledger's anchor: evidence key request",
        ) from None


def _merged(held: tuple[Account, ...], listed: tuple[Account, ...]) -> tuple[Account, ...]:
    """The accounts of a card with those of the file: a file adds and renames, it never takes an account away."""
    newer = {account_key(item.system, item.id, item.mail): item for item in listed}
    kept = [newer.pop(account_key(item.system, item.id, item.mail), item) for item in held]
    return (*kept, *newer.values())


def _keys(accounts: tuple[Account, ...]) -> frozenset[tuple[str, str]]:
    return frozenset(account_key(item.system, item.id, item.mail) for item in accounts)

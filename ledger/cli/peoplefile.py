"""The file that ``evidence people import`` reads: who there is, with accounts, roles, keys and projects, in TOML.

It is what an organisation knows before it has a ledger, so it speaks in names; ids may stand in it and usually do not.
Sample: ``keys.example``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ledger.documents import GIT, Account, Identity
from ledger.errors import FormatError
from ledger.events.roster import ADMINISTRATOR, CUSTODIES, MACHINE_KINDS
from ledger.events.shape import label, object_id, principal_id, project_id, signature, token
from ledger.globs import parse_glob
from ledger.keys import PublicKey, parse_public_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.canonical import JSON

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
MAX_NAME: Final = 200

_TYPES: Final = ("person", "agent", "service")


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """What the holder of a key gives to an administrator: whose key it shall be, and the proof of both."""

    principal: str
    public: PublicKey
    proof: bytes
    """Signature by the key (format §4.4.1b)."""


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key of the file."""

    public: PublicKey
    request: KeyRequest | None
    """None: its holder has not proved possession yet, so it cannot be enrolled."""
    kinds: tuple[str, ...] | None
    projects: tuple[str, ...] | None
    """Names or ids."""
    custody: str | None
    """Where the private key is held, as its holder declares."""


@dataclass(frozen=True, slots=True)
class ListedRole:
    """A role of the file."""

    role: str
    projects: tuple[str, ...] | None
    """Names or ids; None: everywhere."""
    paths: tuple[str, ...] | None
    """Globs of the paths it is for; None: every path."""
    risks: tuple[str, ...] | None
    """Risk classes it is for; None: every one."""


@dataclass(frozen=True, slots=True)
class ListedPrincipal:
    """A person, agent or service of the file."""

    type: str
    name: str
    id: str | None
    accounts: tuple[Account, ...]
    responsible: str | None
    """Name, address or id of the person who answers for an agent or service."""
    identity: Identity | None
    """What an identity provider calls a person, once somebody verified it."""
    merged_into: str | None
    """Name, address or id of the one that stands for both."""
    roles: tuple[ListedRole, ...]
    keys: tuple[ListedKey, ...]

    @property
    def requested_id(self) -> str | None:
        """The id that the file or one of the key requests gives this principal."""
        return self.id or next((key.request.principal for key in self.keys if key.request is not None), None)


@dataclass(frozen=True, slots=True)
class ListedProject:
    """A project of the file."""

    name: str
    id: str | None
    url: str | None
    object_format: str
    protected_refs: tuple[str, ...]
    start: str | None


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """Everything a file says."""

    projects: tuple[ListedProject, ...]
    principals: tuple[ListedPrincipal, ...]
    """Persons first, then agents and services."""


def format_request(request: KeyRequest) -> str:
    """The one line that a key's holder hands to an administrator; nothing in it is secret."""
    from base64 import b64encode

    from ledger.keys import format_public_key

    return f"{request.principal} {format_public_key(request.public)} {b64encode(request.proof).decode('ascii')}"


def parse_request(text: str, where: str = "") -> KeyRequest:
    """The key request in one line.

    Raises:
        FormatError: ``bad-key-request`` or a fault of its parts.
    """
    words = text.split()
    if len(words) != 3:
        raise FormatError(
            "bad-key-request",
            "a key request is three words: a principal id, a public key and a proof",
            where=where,
            remedy="The key's holder makes one: evidence key request",
        )
    return KeyRequest(
        str(principal_id(words[0], where)), parse_public_key(words[1], where), bytes(signature(words[2], where))
    )


def read_people(data: bytes) -> PeopleFile:
    """What the bytes of a people file say.

    Raises:
        FormatError: ``bad-people-file`` or a fault of a part, at its place such as ``person[2].mail``.
    """
    if len(data) > MAX_FILE_BYTES:
        _refuse("longer than a people file may be", "")
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        _refuse("not UTF-8", "")
    except tomllib.TOMLDecodeError as error:
        # Its message names line and column at the end and may quote nothing but a character before that.
        _refuse(f"not TOML {str(error).rpartition('(')[2].rstrip(')')}", "")
    for name in table:
        if name not in ("project", *_TYPES):
            _refuse("tables are [[project]], [[person]], [[agent]] and [[service]]", name)
    projects = tuple(_project(item, where) for item, where in _tables(table, "project"))
    principals = tuple(_principal(kind, item, where) for kind in _TYPES for item, where in _tables(table, kind))
    names = [item.name for item in projects]
    if len(set(names)) != len(names):
        _refuse("two projects have one name", "project")
    return PeopleFile(projects, principals)


def _tables(table: dict[str, Any], name: str) -> list[tuple[dict[str, Any], str]]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        _refuse(f"written [[{name}]], once for each", name)
    return [(item, f"{name}[{number}]") for number, item in enumerate(found, start=1)]


def _project(item: dict[str, Any], where: str) -> ListedProject:
    _only(item, {"name", "id", "url", "object_format", "protected_refs", "start"}, where)
    object_format = _text(item, "object_format", where) or "sha1"
    if object_format not in ("sha1", "sha256"):
        _refuse("sha1 or sha256", f"{where}.object_format")
    refs = _texts(item, "protected_refs", where) or ("refs/heads/main",)
    for ref in refs:
        if not str(token(ref, f"{where}.protected_refs")).startswith("refs/"):
            _refuse("a ref is written in full, such as refs/heads/main", f"{where}.protected_refs")
    return ListedProject(
        name=_name(item, where),
        id=_shaped(item, "id", where, project_id),
        url=_text(item, "url", where),
        object_format=object_format,
        protected_refs=refs,
        start=_shaped(item, "start", where, object_id),
    )


def _principal(kind: str, item: dict[str, Any], where: str) -> ListedPrincipal:
    allowed = {"name", "id", "mail", "accounts", "roles", "keys", "merged_into"}
    _only(item, allowed | ({"identity"} if kind == "person" else {"responsible"}), where)
    accounts = [Account(GIT, mail=mail) for mail in _texts(item, "mail", where)]
    accounts += [
        _account(value, f"{where}.accounts[{at}]") for at, value in enumerate(_list(item, "accounts", where), 1)
    ]
    keys = [_key(kind, value, f"{where}.keys[{at}]") for at, value in enumerate(_list(item, "keys", where), 1)]
    listed = ListedPrincipal(
        type=kind,
        name=_name(item, where),
        id=_shaped(item, "id", where, principal_id),
        accounts=tuple(accounts),
        responsible=_text(item, "responsible", where),
        identity=_identity(item, where),
        merged_into=_text(item, "merged_into", where),
        roles=tuple(_role(value, f"{where}.roles[{at}]") for at, value in enumerate(_list(item, "roles", where), 1)),
        keys=tuple(keys),
    )
    asked = {listed.requested_id, *(key.request.principal for key in keys if key.request is not None)}
    if len(asked) > 1:
        _refuse("its keys and its id name different principals", where)
    return listed


def _account(value: object, where: str) -> Account:
    if not isinstance(value, dict):
        _refuse('an account is written { system = "forge.example", id = "4711", login = "ada" }', where)
    _only(value, {"system", "id", "login", "mail"}, where)
    system = _text(value, "system", where)
    if system is None:
        _refuse("an account names its system", where)
    account = Account(system, _text(value, "id", where), _text(value, "login", where), _text(value, "mail", where))
    if (account.mail if system == GIT else account.id) is None:
        # A login is given away again when its holder leaves; only the immutable id says whose an old review is.
        _refuse("a git account has its mail, a forge account its immutable id", where)
    return account


def _role(value: object, where: str) -> ListedRole:
    if isinstance(value, str):
        return ListedRole(str(label(value, where)), None, None, None)
    if not isinstance(value, dict):
        _refuse('a role is written "approver" or { role = "approver", projects = ["payments"] }', where)
    _only(value, {"role", "projects", "paths", "risks"}, where)
    role = ListedRole(
        str(label(value.get("role"), f"{where}.role")),
        _texts(value, "projects", where) or None,
        tuple(sorted(_texts(value, "paths", where))) or None,
        tuple(sorted(_texts(value, "risks", where))) or None,
    )
    for path in role.paths or ():
        parse_glob(path, f"{where}.paths")
    for risk in role.risks or ():
        label(risk, f"{where}.risks")
    if role.role == ADMINISTRATOR and (role.projects or role.paths or role.risks):
        _refuse("an administrator is one everywhere", where)
    return role


def _identity(item: dict[str, Any], where: str) -> Identity | None:
    value = item.get("identity")
    if value is None:
        return None
    where = f"{where}.identity"
    if not isinstance(value, dict):
        _refuse('an identity is written { issuer = "https://id.example", subject = "00u1" }', where)
    _only(value, {"issuer", "subject"}, where)
    issuer, subject = _text(value, "issuer", where), _text(value, "subject", where)
    if issuer is None or subject is None:
        _refuse("an identity has an issuer and a subject", where)
    return Identity(issuer, subject)


def _key(kind: str, value: object, where: str) -> ListedKey:
    if not isinstance(value, dict):
        _refuse('a key is written { request = "p_... ed25519:... ..." } or { public = "ed25519:..." }', where)
    _only(value, {"request", "public", "kinds", "projects", "custody"}, where)
    line, public = _text(value, "request", where), _text(value, "public", where)
    if (line is None) == (public is None):
        _refuse("a key has either its request or its public text", where)
    request = None if line is None else parse_request(line, f"{where}.request")
    kinds, projects = _texts(value, "kinds", where) or None, _texts(value, "projects", where) or None
    if (kind == "person") != (kinds is None) or (kind == "person") != (projects is None):
        _refuse("a key of an agent or service has kinds and projects, a person's neither", where)
    if kinds is not None and not set(kinds) <= set(MACHINE_KINDS):
        _refuse(f"kinds are {', '.join(MACHINE_KINDS)}", f"{where}.kinds")
    custody = _text(value, "custody", where)
    if custody is not None and custody not in CUSTODIES:
        _refuse(f"custody is {', '.join(CUSTODIES)}", f"{where}.custody")
    return ListedKey(
        request.public if request is not None else parse_public_key(public or "", f"{where}.public"),
        request,
        kinds,
        projects,
        custody,
    )


def _name(item: dict[str, Any], where: str) -> str:
    name = (_text(item, "name", where) or "").strip()
    if not name or len(name) > MAX_NAME:
        _refuse(f"a name of at most {MAX_NAME} characters is required", f"{where}.name")
    return name


def _shaped(item: dict[str, Any], name: str, where: str, reader: Callable[[JSON, str], Any]) -> str | None:
    text = _text(item, name, where)
    return None if text is None else str(reader(text, f"{where}.{name}"))


def _text(item: dict[str, Any], name: str, where: str) -> str | None:
    value = item.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        _refuse("a text is required", f"{where}.{name}")
    return value


def _texts(item: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = item.get(name, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(text, str) and text for text in values):
        _refuse("a text or an array of texts is required", f"{where}.{name}")
    return tuple(dict.fromkeys(values))


def _list(item: dict[str, Any], name: str, where: str) -> list[object]:
    value = item.get(name, [])
    if not isinstance(value, list):
        _refuse("an array is required", f"{where}.{name}")
    return value


def _only(item: dict[str, Any], allowed: set[str], where: str) -> None:
    for name in item:
        if name not in allowed:
            _refuse(f"what may stand here: {', '.join(sorted(allowed))}", f"{where}.{name}")


def _refuse(sentence: str, where: str) -> NoReturn:
    raise FormatError("bad-people-file", sentence, where=where)

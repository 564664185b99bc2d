"""What every event says in the same words: the block ``context`` (format §4.1 to §4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError
from ledger.events.shape import (
    array,
    claimed_time,
    count,
    digest,
    event_id,
    label,
    member,
    nested,
    object_id,
    one_of,
    principal_id,
    project_id,
    read_object,
    shaped,
    token,
    true,
)

if TYPE_CHECKING:
    from ledger.canonical import JSON
    from ledger.digests import Digest

MAX_CONTENT_BYTES: Final = 64 * 1024 * 1024
"""Largest content (format §4.3)."""

_RELEASE = re.compile(r"[^@]+@[A-Za-z0-9][^@]*", re.ASCII)


@shaped(type="string", maxLength=128, pattern="^[A-Za-z0-9][A-Za-z0-9._:/+-]*@[A-Za-z0-9][A-Za-z0-9._:/+-]*$")
def release_name(value: JSON, where: str) -> str:
    """Reads the name of a release: ``<product>@<version>``."""
    name: str = token(value, where)
    if _RELEASE.fullmatch(name) is None:
        raise FormatError("bad-about", "a release is written product@version", where=where)
    return name


@dataclass(frozen=True, slots=True)
class About:
    """What an event concerns; copied into the leaf (format §4.2)."""

    change: str | None = member(token, optional=True)
    """Pull request, merge request or push, as its forge numbers it."""
    release: str | None = member(release_name, optional=True)
    """``<product>@<version>``."""
    revision: int | None = member(count(least=1), optional=True)
    """Number of the change's state, from 1."""
    tree: str | None = member(object_id, optional=True)
    """Git tree that results from the change."""


NOTHING: Final = About()
"""What ledger-stream events are about: the ledger itself."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a principal, or an account that nobody has claimed."""

    principal: str | None = member(principal_id, optional=True)
    """Principal id."""
    account: str | None = member(label, optional=True)
    """Name of the content that holds the account."""
    on_behalf_of: str | None = member(principal_id, optional=True)
    """The principal for whom an agent or service acted."""


@dataclass(frozen=True, slots=True)
class Producer:
    """The program that made the event."""

    name: str = member(token)
    version: str = member(token)
    run: str | None = member(token, optional=True)
    """The run of a pipeline, as its system numbers it."""


@dataclass(frozen=True, slots=True)
class ContentRef:
    """A commitment to bytes kept beside the log (format §4.3)."""

    commitment: Digest = member(digest)
    """SHA-256 over prefix, salt and bytes."""
    media_type: str = member(token)
    name: str = member(label)
    """What it is to this event: ``manifest``, ``prompt``, ``card``."""
    size_bytes: int = member(count())
    state: str = member(one_of("stored", "withheld"))
    """``withheld`` when the signer keeps the bytes."""


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to an earlier event."""

    envelope: Digest = member(digest)
    rel: str = member(label)
    """In which relation it stands: ``derives-from``, ``caused-by``."""


@shaped(ref=Actor, oneOf=[{"required": ["principal"]}, {"required": ["account"]}])
def _actor(value: JSON, where: str) -> Actor:
    actor = read_object(Actor, value, where)
    if (actor.principal is None) == (actor.account is None):
        raise FormatError("bad-actor", "an actor has either a principal or an account", where=where)
    return actor


@shaped(ref=About, dependentRequired={"revision": ["change"]})
def _about(value: JSON, where: str) -> About:
    about = read_object(About, value, where)
    if about.revision is not None and about.change is None:
        raise FormatError("bad-about", "a revision needs its change", where=where)
    return about


@dataclass(frozen=True, slots=True)
class Context:
    """The block common to all kinds (format §4.1)."""

    event_id: str = member(event_id)
    """UUIDv7 chosen by the signer; for people and for repeat delivery only."""
    about: About = member(_about)
    occurred_at: str = member(claimed_time)
    """When, by the producer's clock; shown, never trusted."""
    actor: Actor = member(_actor)
    producer: Producer = member(nested(Producer))
    contents: tuple[ContentRef, ...] = member(array(nested(ContentRef), most=64))
    links: tuple[Link, ...] = member(array(nested(Link), most=256, distinct=True))
    ledger: Digest | None = member(digest, optional=True)
    """Ledger id; absent in genesis only."""
    late: bool | None = member(true, optional=True)
    """True when an importer brought it after the fact: its place in the log says nothing of when it happened."""
    project: str | None = member(project_id, optional=True)
    """The project whose stream this is; None: the ledger's own stream."""

    def content(self, name: str) -> ContentRef | None:
        """The content of that name, if the event has one."""
        return next((item for item in self.contents if item.name == name), None)


def read_context(value: JSON, where: str) -> Context:
    """``value`` as a context whose parts agree with each other.

    Raises:
        FormatError: at the place of the fault.
    """
    context = read_object(Context, value, where)
    names = [item.name for item in context.contents]
    if len(set(names)) != len(names):
        raise FormatError("repeated-content", "two contents have one name", where=f"{where}/contents")
    for number, item in enumerate(context.contents):
        if item.size_bytes > MAX_CONTENT_BYTES:
            raise FormatError(
                "content-too-large",
                "a content has at most 64 MiB",
                where=f"{where}/contents/{number}/size_bytes",
                details={"size_bytes": item.size_bytes},
            )
    if context.late is not None and context.project is None:
        raise FormatError("bad-late", "ledger-stream events are never late", where=f"{where}/late")
    if context.actor.account is not None and context.content(context.actor.account) is None:
        raise FormatError("missing-content", "the actor's account is not among the contents", where=f"{where}/actor")
    return context

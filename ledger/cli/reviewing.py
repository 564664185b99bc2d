"""What somebody is about to sign about an exception, or about who holds which role, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.cli.deciding import Matter, policy_for
from ledger.cli.directory import short_id
from ledger.cli.output import clean, table
from ledger.documents import ReviewedGrant, encode_access_list
from ledger.errors import NotFoundError
from ledger.events.context import NOTHING
from ledger.events.governance import DeclaredException
from ledger.events.work import Basis, Seen
from ledger.making import new_content
from ledger.roster.state import in_force, person_behind

if TYPE_CHECKING:
    from collections.abc import Collection

    from ledger.cli.directory import Directory
    from ledger.records import Record
    from ledger.roster.state import Key


def exception_matter(record: Record, known: Directory, me: Key, reason: str) -> Matter:
    """A declared exception, to be authorised or reviewed; ``reason`` is its text, or why it cannot be read.

    Raises:
        NotFoundError: ``no-such-exception``, ``no-policy``.
    """
    body, context = record.event.body, record.event.context
    if not isinstance(body, DeclaredException) or context.project is None:
        raise NotFoundError(
            "no-such-exception", "this entry is no exception", remedy="See them: evidence log --kind exception"
        )
    policy = policy_for(known, context.project)
    requester = record.key.principal
    incident = "" if body.incident is None else f", incident {clean(body.incident, 128)}"
    about = context.about
    what = f"release {clean(about.release, 200)}" if about.release is not None else f"change {clean(str(about.change))}"
    lines = (
        f"exception  entry {record.index}, {record.leaf.received_at}",
        f"asked by   {clean(known.name(requester))} ({short_id(requester)})",
        f"for        {what}" + ("" if body.environment is None else f", in {body.environment}"),
        f"content    {body.manifest or body.tree or body.release}",
        f"rules      {', '.join(body.rules)}",
        f"cause      {body.cause}{incident}",
        f"until      {body.expires_at}",
        f"reason     {clean(reason, 2_000)}",
        f"policy     {policy.digest}",
    )
    position = known.position
    same = person_behind(known.roster, me.principal, position) == person_behind(known.roster, requester, position)
    basis = Basis(exception=record.envelope, policy=policy.digest)
    return Matter(
        scope="exception",
        title=f"the exception of entry {record.index}",
        project=context.project,
        about=about,
        basis=basis,
        seen=Seen((), ()),
        lines=lines,
        document={"basis": {"exception": basis.exception, "policy": basis.policy}},
        own_exception=same,
    )


def access_matter(known: Directory, me: Key, project: str, ended: Collection[str]) -> Matter:
    """Every grant in force for a project now; those whose envelope digests begin with one of ``ended`` are to end.

    Raises:
        NotFoundError: ``unknown-grant``, ``no-policy``.
    """
    policy = policy_for(known, project)
    position = known.position
    grants = [
        grant
        for grant in known.roster.grants
        if in_force(grant.since, grant.until, position) and (grant.projects is None or project in grant.projects)
    ]
    for wanted in ended:
        if not any(_names(wanted, grant.envelope) for grant in grants):
            raise NotFoundError(
                "unknown-grant",
                "no grant in force here has an envelope digest that begins so",
                details={"grant": wanted},
                remedy="See them: evidence role list",
            )
    listed = tuple(
        ReviewedGrant(
            "end" if any(_names(wanted, grant.envelope) for wanted in ended) else "keep",
            grant.envelope,
            grant.principal,
            grant.role,
        )
        for grant in grants
    )
    rows = [
        (item.decision, item.role, known.name(item.principal), short_id(item.principal), item.grant[:19])
        for item in listed
    ]
    mine = {item.principal for item in listed}
    me_too = any(
        person_behind(known.roster, me.principal, position) == person_behind(known.roster, other, position)
        for other in mine
    )
    basis = Basis(policy=policy.digest, roster=position)
    return Matter(
        scope="access",
        title=f"who may do what in {clean(known.project_name(project), 120)}",
        project=project,
        about=NOTHING,
        basis=basis,
        seen=Seen((), ()),
        lines=(
            f"roster at position {position:,}, {len(listed)} grants",
            "",
            *table(("", "role", "who", "id", "grant"), rows),
        ),
        document={"basis": {"policy": basis.policy, "roster": basis.roster}, "grants": len(listed)},
        warnings=("you hold one of these roles: a rule may ask for a reviewer who holds none",) if me_too else (),
        contents=(new_content("access-list", encode_access_list(listed)),),
    )


def _names(text: str, envelope: str) -> bool:
    return len(text) >= 12 and envelope.startswith(text if text.startswith("sha256:") else f"sha256:{text}")

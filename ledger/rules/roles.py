"""Whether somebody who decided held a role for a content: for its project, its paths and its risk class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.rules.judged import paths_of
from ledger.rules.risk import covered, risk_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import ApprovalFact
    from ledger.dossier.people import Sameness
    from ledger.roster.state import Grant
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """Whether a role was held, when the decision entered the ledger, for what was decided about."""

    held: Sameness
    reasons: tuple[str, ...] = ()
    """Clauses that say why it is not known; none otherwise."""


def role_held(
    case: ChangeCase, fact: ApprovalFact, role: str, content: Judged, paths: Sequence[bytes] | None = None
) -> RoleHeld:
    """Whether the approver held ``role`` for ``paths`` of ``content``; None: for all of them.

    Grants for some paths hold together: each path has to be one of some grant's. A grant for some risk classes holds
    where the content is of one of them, ``default`` standing for none.
    """
    grants = [grant for grant in fact.grants if grant.role == role]
    if not grants:
        return RoleHeld("no")
    if any(grant.paths is None and grant.risks is None for grant in grants):
        return RoleHeld("yes")
    risk = risk_class(case, content)
    touched = paths_of(content)
    asked = touched.known if paths is None else paths
    unread = touched.unread if paths is None else ()
    found = {_held([grant for grant in grants if _of_class(grant, name)], asked, unread) for name in risk.possible}
    if len(found) == 1 and found != {"unknown"}:
        return RoleHeld(found.pop())
    return RoleHeld("unknown", tuple(dict.fromkeys((*risk.unread, *unread))))


def _of_class(grant: Grant, name: str) -> bool:
    return grant.risks is None or name in grant.risks


def _held(grants: Sequence[Grant], paths: Sequence[bytes], unread: Sequence[str]) -> Sameness:
    if not grants:
        return "no"
    if any(grant.paths is None for grant in grants):
        return "yes"
    if paths and not covered([text for grant in grants for text in grant.paths or ()], paths):
        # What cannot be read could only add paths.
        return "no"
    if unread:
        return "unknown"
    return "yes" if paths else "no"

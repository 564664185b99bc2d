"""Where a policy comes from that a command names: a file, a ready one, the one in force, or one the roster holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.cli.policyfile import read_policy_file
from ledger.errors import NotFoundError
from ledger.policies.presets import PRESETS, preset
from ledger.roster.state import policy_at
from ledger.rules.policy import parse_policy

if TYPE_CHECKING:
    import click

    from ledger.roster.state import Policy
    from ledger.rules.policy import PolicyRules

IN_FORCE: Final = "in-force"
"""The word for the policy in force, for --project or in general."""


@dataclass(frozen=True, slots=True)
class Named:
    """A policy and what it was called."""

    source: str
    data: bytes
    """Canonical JSON."""
    rules: PolicyRules
    held: Policy | None = None
    """As the roster holds it, if it comes from there."""


def named_policy(ctx: click.Context, name: str) -> Named:
    """The policy that ``name`` says: a path, the name of a ready policy, ``in-force`` or a digest of the roster.

    A file that is called like a ready policy is named by a path with a slash in it.

    Raises:
        NotFoundError: ``no-such-policy``, ``no-policy``. FormatError: it is no policy.
    """
    if name in PRESETS:
        data = preset(name)
        return Named(f"the ready policy {name}", data, parse_policy(data))
    if name == IN_FORCE or name.startswith("sha256:"):
        return _of_roster(ctx, name)
    path = Path(name)
    if not path.is_file():
        raise NotFoundError(
            "no-such-policy",
            "there is no such file, and no ready policy is called so",
            details={"name": name},
            remedy=f"Name a file, a ready policy ({', '.join(PRESETS)}), in-force, or a policy digest.",
        )
    read = read_policy_file(path)
    return Named(f"the file {name}", read.data, read.rules)


def _of_roster(ctx: click.Context, name: str) -> Named:
    from ledger.cli.options import settings
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        known = session.directory()
        policies = known.roster.policies
        found: Policy | None
        if name != IN_FORCE:
            found = next((item for item in reversed(policies) if item.digest == name), None)
            if found is None:
                raise NotFoundError("no-such-policy", "this ledger never had a policy of this digest in force")
        elif settings(ctx).project is not None:
            found = policy_at(known.roster, session.project_id(known), known.position)
        else:
            found = next((item for item in reversed(policies) if item.projects is None), None)
    if found is None:
        raise NotFoundError("no-policy", "no policy is in force there", remedy="evidence policy set --preset startup")
    called = "the policy in force" if name == IN_FORCE else "the policy of that digest"
    return Named(called, found.data, parse_policy(found.data), found)

"""How refs are protected, as the forges tell it: what their settings endpoints return.

GitHub, ``/repos/{owner}/{name}/branches/{branch}/protection``: one branch, with everything, also that it is not
protected. GitHub, ``/repos/{owner}/{name}/rules/branches/{branch}``: the rules in force for one branch, not who may
pass them over. GitLab, ``/projects/{id}/protected_branches``: every protected branch or pattern; approvals and checks
are settings of the project there, and not told.

What an endpoint does not tell is None. GitHub protects a branch by settings of either sort or both, and each document
tells its own: ``together`` joins them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit

from ledger.capture.foreign import Part, read_values, refuse, refuse_errors
from ledger.events.forge import Protection

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

ProtectionEndpoint: TypeAlias = Literal["github-protection", "github-rules", "gitlab-protected-branches"]
"""Whose answer a document is."""

_HEADS: Final = "refs/heads/"
_NOT_PROTECTED: Final = "Branch not protected"
_NOBODY: Final = 0


@dataclass(frozen=True, slots=True)
class ForgeProtections:
    """What one document tells."""

    endpoint: ProtectionEndpoint | None
    """None for an empty list, if nothing was told beforehand: it looks the same everywhere."""
    refs: tuple[Protection, ...]
    """In the order of the forge. GitLab's may be patterns, such as ``refs/heads/stable-*``."""


def parse_protection(
    data: bytes, *, endpoint: ProtectionEndpoint | None = None, branch: str | None = None
) -> ForgeProtections:
    """The protections that the answer of a settings endpoint tells of; pages may stand one behind the other.

    ``branch`` is the name that was asked for: GitHub's rules do not repeat it. With GitLab it picks the one of that
    name; a branch that no entry names may still match a pattern, which is for the reader to see.

    Raises:
        FormatError: ``foreign-document`` at the place of the fault, or as ``foreign.read_values``.
    """
    values = read_values(data)
    if _is_unprotected(values[0]):
        return ForgeProtections("github-protection", (_unprotected(_ref(branch, "")),))
    for value in values:
        refuse_errors(value)
    shape = _shape(values) or endpoint
    if endpoint is not None and shape != endpoint:
        refuse(f"this is the answer of {shape}, not of {endpoint}", "")
    match shape:
        case "github-protection":
            return ForgeProtections(shape, (_github(values[0], branch),))
        case "github-rules":
            rules = [rule for value in values for rule in _listed(value)]
            return ForgeProtections(shape, (_github_rules(rules, _ref(branch, values[0].where)),))
        case "gitlab-protected-branches":
            found = [_gitlab(entry) for value in values for entry in _listed(value)]
            if len({protection.ref for protection in found}) != len(found):
                refuse("a ref stands twice", "", "something happened between two pages: fetch again")
            kept = (each for each in found if branch is None or each.ref == _HEADS + branch)
            return ForgeProtections(shape, tuple(kept))
        case None:
            return ForgeProtections(None, ())


def together(one: Protection, other: Protection) -> Protection:
    """What two protections of one ref are together: the stricter of each setting, None where one could weaken it.

    Two different refs are a ValueError.
    """
    if one.ref != other.ref:
        raise ValueError("protections of two refs")
    if not (one.protected and other.protected):
        return one if one.protected else other
    return Protection(
        protected=True,
        ref=one.ref,
        admins_included=_agreed(one.admins_included, other.admins_included),
        approvals=_most(one.approvals, other.approvals),
        bypass_count=_agreed(one.bypass_count, other.bypass_count),
        checks=_most(one.checks, other.checks),
        deletion=_allowed(one.deletion, other.deletion),
        force_push=_allowed(one.force_push, other.force_push),
        stale_dismissed=_any(one.stale_dismissed, other.stale_dismissed),
    )


def _shape(values: tuple[Part, ...]) -> ProtectionEndpoint | None:
    """Whose answer the values are; None where they are empty lists."""
    first = values[0]
    if first.has("enforce_admins") or first.has("required_status_checks") or first.has("allow_force_pushes"):
        if len(values) > 1:
            refuse("the file holds the protection of several branches; give them one by one", values[1].where)
        return "github-protection"
    item = next((item for value in values for item in _listed(value)), None)
    if item is None:
        return None
    if item.has("name", "push_access_levels"):
        return "gitlab-protected-branches"
    if item.has("type") and (item.has("ruleset_id") or item.has("ruleset_source")):
        return "github-rules"
    if item.has("enforcement"):
        refuse(
            "these are rulesets, not the rules of a branch", item.where, "fetch repos/OWNER/NAME/rules/branches/NAME"
        )
    if item.has("protected") or item.has("protection"):
        refuse("these are branches, not their protection", item.where, "fetch .../branches/NAME/protection")
    return refuse("this is no answer about protection that is known here", item.where)


def _listed(value: Part) -> tuple[Part, ...]:
    """The entries of a page; a single entry, which GitLab gives for one branch, is a page of one."""
    return (value,) if isinstance(value.value, dict) else value.items()


def _is_unprotected(value: Part) -> bool:
    return value.has("message") and value.need("message").value == _NOT_PROTECTED


def _unprotected(ref: str) -> Protection:
    return Protection(protected=False, ref=ref)


def _github(part: Part, branch: str | None) -> Protection:
    """Sections that are absent are off: the endpoint answers with all settings or not at all."""
    reviews, checks = part.get("required_pull_request_reviews"), part.get("required_status_checks")
    administrators = part.get("enforce_admins")
    count = None if reviews is None else reviews.get("required_approving_review_count")
    stale = None if reviews is None else reviews.get("dismiss_stale_reviews")
    return Protection(
        protected=True,
        ref=_github_ref(part, branch),
        admins_included=administrators is not None and administrators.need("enabled").flag(),
        approvals=0 if count is None else count.count(),
        bypass_count=0 if reviews is None else _allowances(reviews.get("bypass_pull_request_allowances")),
        checks=0 if checks is None else _checks(checks),
        deletion=_enabled(part.get("allow_deletions")),
        force_push=_enabled(part.get("allow_force_pushes")),
        stale_dismissed=stale is not None and stale.flag(),
    )


def _github_ref(part: Part, branch: str | None) -> str:
    url = part.get("url")
    path = "" if url is None else urlsplit(url.text(limit=4096)).path
    _before, found, rest = path.partition("/branches/")
    named = unquote(rest.removesuffix("/protection")) if found and rest.endswith("/protection") else None
    if branch is not None and named is not None and named != branch:
        refuse("the document is about another branch than was told", part.where + "/url")
    return _ref(branch or named, part.where)


def _allowances(part: Part | None) -> int | None:
    """How many may pass the reviews over; None where a team is among them, whose size is not told."""
    if part is None:
        return 0
    people, teams, apps = (part.get(name) for name in ("users", "teams", "apps"))
    if teams is not None and teams.items():
        return None
    return sum(len(each.items()) for each in (people, apps) if each is not None)


def _checks(part: Part) -> int:
    """How many checks are required; older servers list names alone."""
    checks = part.get("checks")
    if checks is not None:
        return len({check.need("context").text() for check in checks.items()})
    contexts = part.get("contexts")
    return 0 if contexts is None else len({context.text() for context in contexts.items()})


def _enabled(part: Part | None) -> bool:
    return part is not None and part.need("enabled").flag()


def _github_rules(rules: Iterable[Part], ref: str) -> Protection:
    """All rules hold together, so of each setting the strictest counts. Who may pass them over is not told here."""
    kinds: set[str] = set()
    approvals, stale, checks = [0], False, set()
    for rule in rules:
        kind, parameters = rule.need("type").text(), rule.get("parameters")
        kinds.add(kind)
        if kind == "pull_request":
            told = rule.need("parameters")
            approvals.append(told.need("required_approving_review_count").count())
            stale |= told.need("dismiss_stale_reviews_on_push").flag()
        elif kind == "required_status_checks" and parameters is not None:
            checks |= {each.need("context").text() for each in parameters.need("required_status_checks").items()}
    return Protection(
        protected=bool(kinds),
        ref=ref,
        approvals=max(approvals),
        checks=len(checks),
        deletion="deletion" not in kinds,
        force_push="non_fast_forward" not in kinds,
        stale_dismissed=stale,
    )


def _gitlab(entry: Part) -> Protection:
    """Who may push directly passes the merge request and its approvals over."""
    force_push = entry.get("allow_force_push")
    return Protection(
        protected=True,
        ref=_HEADS + entry.need("name").text(),
        bypass_count=_pushers(entry.need("push_access_levels")),
        force_push=None if force_push is None else force_push.flag(),
    )


def _pushers(levels: Part) -> int | None:
    """How many accounts and keys may push; None where a role or group may, whose size is not told."""
    count = 0
    for level in levels.items():
        if level.get("user_id") is not None or level.get("deploy_key_id") is not None:
            count += 1
        elif level.get("group_id") is not None or level.need("access_level").count() != _NOBODY:
            return None
    return count


def _ref(branch: str | None, where: str) -> str:
    if not branch:
        refuse("the document does not say which branch it is about", where, "tell the name of the branch")
    return branch if branch.startswith("refs/") else _HEADS + branch


def _agreed(one: T | None, other: T | None) -> T | None:
    """What both tell alike; who may pass over one of two protections is not thereby past the other."""
    return one if one == other else None


def _most(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _allowed(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001  # a value, not an option
    """Whether both allow it; one that forbids is enough."""
    return False if False in (one, other) else _agreed(one, other)


def _any(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001  # a value, not an option
    return True if True in (one, other) else _agreed(one, other)

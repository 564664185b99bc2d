"""Protections of branches as GitHub and GitLab tell them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from ledger.capture.protection import ForgeProtections, ProtectionEndpoint, parse_protection, together
from ledger.errors import FormatError
from ledger.events.forge import Protection
from tests.capture.damage import damaged

CLASSIC: dict[str, Any] = {
    "url": "https://api.github.com/repos/harbour/crane/branches/release%2F4/protection",
    "required_status_checks": {
        "url": "https://api.github.com/x",
        "strict": True,
        "contexts": ["build", "scan"],
        "checks": [{"context": "build", "app_id": 15}, {"context": "scan", "app_id": None}],
    },
    "required_pull_request_reviews": {
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": False,
        "require_last_push_approval": True,
        "required_approving_review_count": 2,
        "bypass_pull_request_allowances": {"users": [{"id": 1}], "teams": [], "apps": [{"id": 9}]},
    },
    "required_signatures": {"enabled": False},
    "enforce_admins": {"url": "https://api.github.com/x", "enabled": True},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}

RULES: list[dict[str, Any]] = [
    {"type": "deletion", "ruleset_source_type": "Repository", "ruleset_source": "harbour/crane", "ruleset_id": 4},
    {"type": "non_fast_forward", "ruleset_source_type": "Organization", "ruleset_source": "harbour", "ruleset_id": 5},
    {
        "type": "pull_request",
        "parameters": {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": True},
        "ruleset_id": 4,
    },
    {
        "type": "pull_request",
        "parameters": {"required_approving_review_count": 2, "dismiss_stale_reviews_on_push": False},
        "ruleset_id": 5,
    },
    {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": True,
            "required_status_checks": [{"context": "build"}, {"context": "scan", "integration_id": 3}],
        },
        "ruleset_id": 4,
    },
    {
        "type": "required_status_checks",
        "parameters": {"required_status_checks": [{"context": "build"}]},
        "ruleset_id": 5,
    },
]


def level(access: int, **members: object) -> dict[str, object]:
    """Who may push, as GitLab writes it."""
    return {"id": 1, "access_level": access, "user_id": None, "group_id": None, "deploy_key_id": None, **members}


def gitlab(name: str, *levels: dict[str, object], **members: object) -> dict[str, object]:
    """One protected branch of a GitLab."""
    return {
        "id": 1,
        "name": name,
        "push_access_levels": list(levels),
        "merge_access_levels": [level(40)],
        "allow_force_push": False,
        "code_owner_approval_required": True,
        **members,
    }


def parse(value: object, endpoint: ProtectionEndpoint | None = None, branch: str | None = None) -> ForgeProtections:
    """What the reader makes of this value."""
    return parse_protection(json.dumps(value).encode(), endpoint=endpoint, branch=branch)


def test_github_protection() -> None:
    """Every setting of one branch is read, its name from the address."""
    found = parse(CLASSIC)
    assert found == ForgeProtections(
        "github-protection",
        (
            Protection(
                protected=True,
                ref="refs/heads/release/4",
                admins_included=True,
                approvals=2,
                bypass_count=2,
                checks=2,
                deletion=False,
                force_push=False,
                stale_dismissed=True,
            ),
        ),
    )


def test_sections_of_github_that_are_absent_are_off() -> None:
    """A protection without reviews and checks requires none; teams that may pass over cannot be counted."""
    bare = {"url": CLASSIC["url"], "enforce_admins": {"enabled": False}, "allow_force_pushes": {"enabled": True}}
    (found,) = parse(bare).refs
    assert (found.approvals, found.checks, found.stale_dismissed, found.admins_included) == (0, 0, False, False)
    assert (found.force_push, found.deletion, found.bypass_count) == (True, False, 0)
    reviews = CLASSIC["required_pull_request_reviews"] | {"bypass_pull_request_allowances": {"teams": [{"id": 3}]}}
    assert parse(CLASSIC | {"required_pull_request_reviews": reviews}).refs[0].bypass_count is None
    older = CLASSIC | {"required_status_checks": {"strict": False, "contexts": ["build", "scan", "lint"]}}
    assert parse(older).refs[0].checks == 3


def test_github_rules() -> None:
    """Of several rules the strictest counts; who may pass them over, and administrators, are not told."""
    assert parse(RULES, branch="main").refs == (
        Protection(
            protected=True,
            ref="refs/heads/main",
            approvals=2,
            checks=2,
            deletion=False,
            force_push=False,
            stale_dismissed=True,
        ),
    )
    behind = json.dumps(RULES[:3]) + json.dumps(RULES[3:])
    assert parse_protection(behind.encode(), branch="main") == parse(RULES, branch="main")


def test_branches_without_protection() -> None:
    """GitHub's word that a branch is not protected is an answer; so is an empty list of rules, if told what it is."""
    none = {"message": "Branch not protected", "documentation_url": "https://docs.example", "status": "404"}
    assert parse(none, branch="main").refs == (Protection(protected=False, ref="refs/heads/main"),)
    (found,) = parse([], "github-rules", "main").refs
    assert (found.protected, found.approvals, found.force_push, found.deletion) == (False, 0, True, True)
    assert parse([]) == ForgeProtections(None, ())
    assert parse([], "gitlab-protected-branches") == ForgeProtections("gitlab-protected-branches", ())


@pytest.mark.parametrize(
    ("levels", "count"),
    [
        ([], 0),
        ([level(0)], 0),
        ([level(40)], None),
        ([level(40, user_id=7), level(40, deploy_key_id=2), level(0)], 2),
        ([level(40, user_id=7), level(40, group_id=3)], None),
        ([level(30), level(40, user_id=7)], None),
    ],
)
def test_gitlab_counts_who_may_push_directly(levels: list[dict[str, object]], count: int | None) -> None:
    """People and keys are counted; of a role or group it is not told how many they are."""
    (found,) = parse([gitlab("main", *levels)]).refs
    assert found == Protection(protected=True, ref="refs/heads/main", bypass_count=count, force_push=False)


def test_gitlab_lists_branches_and_patterns() -> None:
    """Every entry is told, one alone too; a name that was asked for picks its own."""
    entries = [gitlab("main", level(0)), gitlab("stable-*", level(40), allow_force_push=True)]
    assert [each.ref for each in parse(entries).refs] == ["refs/heads/main", "refs/heads/stable-*"]
    assert parse(entries, branch="main").refs == parse(entries[0]).refs
    assert parse(entries, branch="stable-1").refs == ()
    assert parse([gitlab("main", allow_force_push=None)]).refs[0].force_push is None


def test_two_protections_of_one_branch() -> None:
    """Settings of both sorts hold together: the stricter counts, and what one does not tell is not told."""
    (classic,) = parse(CLASSIC | {"url": None, "allow_force_pushes": {"enabled": True}}, branch="main").refs
    (rules,) = parse(RULES[2:], branch="main").refs
    (none,) = parse([], "github-rules", "main").refs
    assert together(classic, rules) == together(rules, classic)
    assert together(classic, rules) == Protection(
        protected=True,
        ref="refs/heads/main",
        approvals=2,
        checks=2,
        deletion=False,
        force_push=True,
        stale_dismissed=True,
    )
    assert together(none, classic) == together(classic, none) == classic
    with pytest.raises(ValueError, match="two refs"):
        together(classic, parse(CLASSIC).refs[0])


@pytest.mark.parametrize(
    ("value", "branch", "where"),
    [
        ({"message": "Not Found", "documentation_url": "https://docs.example", "status": "404"}, "main", ""),
        ({"message": "Branch not protected"}, None, ""),
        (CLASSIC, "main", "/url"),
        (CLASSIC | {"url": None}, None, ""),
        (CLASSIC | {"enforce_admins": {}}, None, "/enforce_admins/enabled"),
        (CLASSIC | {"enforce_admins": True}, None, "/enforce_admins"),
        (RULES, None, ""),
        ([RULES[2] | {"parameters": None}], "main", "/0/parameters"),
        ([RULES[2] | {"parameters": {"required_approving_review_count": -1}}], "main", "/0/parameters/required"),
        ([{"id": 4, "name": "main", "enforcement": "active"}], "main", "/0"),
        ([{"name": "main", "commit": {}, "protected": True}], "main", "/0"),
        ({"name": "main"}, "main", ""),
        ([1], "main", "/0"),
        ("main", "main", ""),
        ([gitlab("main", level(0)), gitlab("main", level(0))], None, ""),
        ([gitlab("main", {"id": 1})], None, "/0/push_access_levels/0/access_level"),
        ([gitlab("main", push_access_levels=None)], None, "/0/push_access_levels"),
    ],
)
def test_what_is_no_answer_about_protection(value: object, branch: str | None, where: str) -> None:
    """What is no answer of a settings endpoint, or does not say of which branch, is refused at its place."""
    with pytest.raises(FormatError) as caught:
        parse(value, branch=branch)
    assert (caught.value.slug, caught.value.where[: len(where)]) == ("foreign-document", where)


def test_what_is_told_must_agree() -> None:
    """A document of another endpoint than was told, or of several branches, is refused."""
    with pytest.raises(FormatError):
        parse(RULES, "gitlab-protected-branches", "main")
    with pytest.raises(FormatError):
        parse_protection(json.dumps(CLASSIC).encode() * 2)


@given(damaged(CLASSIC, RULES, [gitlab("main", level(40), level(0))]))
def test_any_damage_gives_protections_or_a_format_error(value: object) -> None:
    """With any one value replaced by another, the reader returns or raises FormatError, never anything else."""
    try:
        parse(value, branch="main")
    except FormatError:
        return

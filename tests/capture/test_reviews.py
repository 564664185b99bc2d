"""Reviews as forges tell them: GitHub's list and GitLab's three answers, and what is none of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from ledger.capture.reviews import Endpoint, ForgeAccount, ForgeReview, ForgeReviews, parse_reviews
from ledger.errors import FormatError
from tests.capture.damage import damaged

HEAD, OLDER = "9c1d" * 10, "51aa" * 10


def github(number: int, login: str = "mira-koch", user_id: int = 7012, **changed: object) -> dict[str, object]:
    """One review as GitHub writes it."""
    return {
        "id": number,
        "node_id": "PRR_kwDOABCD",
        "user": {
            "login": login,
            "id": user_id,
            "node_id": "MDQ6VXNlcjcwMTI=",
            "avatar_url": f"https://avatars.example/u/{user_id}?v=4",
            "html_url": f"https://github.com/{login}",
            "type": "User",
            "site_admin": False,
        },
        "body": "",
        "state": "APPROVED",
        "html_url": f"https://github.com/harbour/crane/pull/41#pullrequestreview-{number}",
        "pull_request_url": "https://api.github.com/repos/harbour/crane/pulls/41",
        "author_association": "MEMBER",
        "_links": {"html": {"href": "https://github.com/harbour/crane/pull/41"}},
        "submitted_at": "2026-03-04T10:11:12Z",
        "commit_id": HEAD,
    } | changed


def gitlab(login: str, user_id: int) -> dict[str, object]:
    """A person as a self-managed GitLab writes them."""
    return {
        "id": user_id,
        "username": login,
        "public_email": "",
        "name": login.title(),
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"https://git.harbour.example:8443/{login}",
    }


APPROVALS = {
    "id": 900,
    "iid": 12,
    "project_id": 3,
    "title": "Crane limits",
    "state": "merged",
    "merge_status": "can_be_merged",
    "approved": True,
    "approvals_required": 2,
    "approvals_left": 0,
    "approved_by": [
        {"user": gitlab("mira", 31)},
        {"user": gitlab("jonas", 32), "approved_at": "2026-03-04T10:11:12.684Z"},
    ],
}

APPROVAL_STATE = {
    "approval_rules_overwritten": False,
    "rules": [
        {"id": 1, "name": "Security", "rule_type": "regular", "approvals_required": 1, "approved": True,
         "approved_by": [gitlab("mira", 31)]},
        {"id": 2, "name": "All", "rule_type": "any_approver", "approvals_required": 1, "approved": True,
         "approved_by": [gitlab("mira", 31), gitlab("jonas", 32)]},
        {"id": 3, "name": "License", "rule_type": "report_approver", "approvals_required": 0},
    ],
}  # fmt: skip

REVIEWERS = [
    {"user": gitlab(name, number), "state": state, "created_at": "2026-03-01T08:00:00.000Z"}
    for number, (name, state) in enumerate(
        [("a", "approved"), ("b", "requested_changes"), ("c", "reviewed"), ("d", "unapproved"), ("e", "unreviewed"),
         ("f", "review_started"), ("g", "something_new")], start=1
    )
]  # fmt: skip


def parse(value: object, endpoint: Endpoint | None = None, host: str | None = None) -> ForgeReviews:
    """What the reader makes of this value."""
    return parse_reviews(json.dumps(value).encode(), endpoint=endpoint, host=host)


def test_github_keeps_every_state() -> None:
    """Each review keeps its id, account, state, commit, time and text; drafts are kept apart."""
    rejected = github(1, state="CHANGES_REQUESTED", body="No limit switch?\r\n", commit_id=OLDER)
    told = [
        rejected,
        github(2, state="COMMENTED", login="jo", user_id=8),
        github(3, state="DISMISSED"),
        github(4),
        github(5, state="PENDING", submitted_at=None),
    ]
    found = parse(told)
    assert (found.endpoint, found.host, found.change) == ("github-reviews", "github.com", "41")
    assert found.reviews[0] == ForgeReview(
        id="1",
        account=ForgeAccount("github.com", "7012", "mira-koch", "User"),
        state="CHANGES_REQUESTED",
        meaning="reject",
        commit=OLDER,
        submitted_at="2026-03-04T10:11:12Z",
        body="No limit switch?\r\n",
    )
    assert [(review.state, review.meaning) for review in found.reviews[1:]] == [
        ("COMMENTED", "comment"),
        ("DISMISSED", "withdrawn"),
        ("APPROVED", "approve"),
    ]
    assert [(review.id, review.submitted_at) for review in found.pending] == [("5", None)]


def test_pages_of_github_are_one_list() -> None:
    """Pages one behind the other, pages in one array and one list give the same; a review on two pages is one."""
    first, second = [github(1), github(2)], [github(2), github(3)]
    whole = parse([github(1), github(2), github(3)])
    behind = json.dumps(first).encode() + b"\n" + json.dumps(second).encode() + b"[]"
    assert parse_reviews(behind) == parse([first, second, []]) == whole
    assert len(whole.reviews) == 3


def test_a_review_that_changed_between_pages_is_refused() -> None:
    """One review in two states tells that the pages do not fit each other."""
    with pytest.raises(FormatError) as caught:
        parse([[github(1)], [github(1, state="DISMISSED")]])
    assert "fetch again" in (caught.value.remedy or "")


def test_deleted_accounts_are_nobody() -> None:
    """The account that stands for all deleted ones, or none at all, is no account; the review stays."""
    found = parse([github(1, user=None), github(2, login="ghost", user_id=10137)])
    assert [review.account for review in found.reviews] == [None, None]
    assert found.host is None


def test_unknown_states_are_no_approvals() -> None:
    """A state that is not known, such as the other forge's word, is kept and means nothing."""
    found = parse([github(1, state="approved"), github(2, state="BLESSED")])
    assert [(review.state, review.meaning) for review in found.reviews] == [
        ("approved", "unknown"),
        ("BLESSED", "unknown"),
    ]


def test_what_github_has_forgotten_is_none() -> None:
    """A review without commit has none; bots keep their type; enterprise hosts are found in the addresses."""
    own = "https://code.harbour.example/api/v3/repos/harbour/crane/pulls/7"
    bot = {"login": "scan[bot]", "id": 5, "type": "Bot"}
    found = parse([github(1, commit_id=None, body=None, user=bot, html_url=None, pull_request_url=own)])
    (review,) = found.reviews
    assert (review.commit, review.body, found.change) == (None, "", "7")
    assert review.account == ForgeAccount("code.harbour.example", "5", "scan[bot]", "Bot")


def test_gitlab_approvals() -> None:
    """Who approves now, on a self-managed host; the commit and the time are unknown unless told."""
    found = parse(APPROVALS)
    assert (found.endpoint, found.host, found.change) == ("gitlab-approvals", "git.harbour.example", "12")
    mira = ForgeAccount("git.harbour.example", "31", "mira", None)
    assert found.reviews[0] == ForgeReview(None, mira, "approved", "approve", None, None, None)
    assert [review.submitted_at for review in found.reviews] == [None, "2026-03-04T10:11:12.684Z"]


def test_gitlab_approval_state() -> None:
    """Whoever approves for several rules stands once; rules without approvers tell of nobody."""
    found = parse(APPROVAL_STATE, "gitlab-approval-state")
    assert [review.account.login for review in found.reviews if review.account] == ["mira", "jonas"]


def test_gitlab_reviewers() -> None:
    """The state of each reviewer; when they were asked is not when they answered; who has not, is pending."""
    found = parse(REVIEWERS)
    assert found.endpoint == "gitlab-reviewers"
    assert [review.meaning for review in found.reviews] == ["approve", "reject", "comment", "withdrawn", "unknown"]
    assert [review.state for review in found.pending] == ["unreviewed", "review_started"]
    assert {review.submitted_at for review in (*found.reviews, *found.pending)} == {None}


def test_nobody_reviewed() -> None:
    """An empty list is an answer, of whichever endpoint it is told to be; so is an approval by nobody."""
    assert parse([]) == ForgeReviews(None, None, None, (), ())
    assert parse([[], []], "github-reviews", "GitHub.com") == ForgeReviews("github-reviews", "github.com", None, (), ())
    assert parse(APPROVALS | {"approved_by": []}, host="git.harbour.example").reviews == ()


@pytest.mark.parametrize(
    ("value", "where", "says"),
    [
        ({"message": "Not Found", "documentation_url": "https://docs.example", "status": "404"}, "", "error document"),
        ({"message": "401 Unauthorized"}, "", "error document"),
        ({"error": "invalid_token", "error_description": "expired"}, "", "error document"),
        (github(1), "", "one review, not a list"),
        ({"reviews": [{"author": {"login": "mira"}, "state": "APPROVED"}]}, "", "gh pr view"),
        ({"head": {}, "base": {}, "user": {}}, "", "not its reviews"),
        ({"data": {"repository": None}}, "", "GraphQL"),
        ({"total": 0}, "", "no answer of a review endpoint"),
        ([{"diff_hunk": "@@", "user": {}}], "/0", "comments"),
        ([{"user": {}, "body": "x", "created_at": "2026-01-01T00:00:00Z"}], "/0", "comments"),
        ([1], "/0", "no list of reviews"),
        (1, "", "an array is required"),
        ("APPROVED", "", "an array is required"),
        ([github(1, id="1")], "/0/id", "integer"),
        ([github(1, id=True)], "/0/id", "integer"),
        ([github(1, user={"login": "mira"})], "/0/user/id", "missing"),
        ([github(1, user={"id": 1})], "/0/user/login", "missing"),
        ([github(1, user="mira")], "/0/user", "object"),
        ([github(1, state=None)], "/0/state", "missing"),
        ([github(1, state="A" * 65)], "/0/state", "64"),
        ([github(1, commit_id="HEAD")], "/0/commit_id", None),
        ([github(1, submitted_at="yesterday")], "/0/submitted_at", None),
        ([github(1, submitted_at=None)], "/0/submitted_at", "says when"),
        ([github(1, body=["x"])], "/0/body", "string"),
        ([github(1), 2], "/1", "object"),
        ([github(1), github(2, pull_request_url="https://api.github.com/repos/harbour/crane/pulls/42")], "", "several"),
        ([github(1), github(2, html_url="https://evil.example/x")], "", "several forges"),
        ([github(1, html_url=None, pull_request_url=None)], "/0", "which forge"),
        (APPROVALS | {"approved_by": [{"user": None}]}, "/approved_by/0/user", "missing"),
        ([[github(1)], APPROVALS], "/1", "array"),
    ],
)
def test_what_is_no_list_of_reviews(value: object, where: str, says: str | None) -> None:
    """What is no answer of a review endpoint is refused at its place, by name where it is a known mistake."""
    with pytest.raises(FormatError) as caught:
        parse(value)
    assert caught.value.where.startswith(where)
    assert says is None or says in caught.value.message


def test_answers_about_several_changes_are_refused() -> None:
    """Two answers of GitLab one behind the other are two changes."""
    with pytest.raises(FormatError) as caught:
        parse_reviews(json.dumps(APPROVALS).encode() * 2)
    assert caught.value.where == "/1"


def test_what_is_told_must_agree() -> None:
    """A document of another endpoint or host than was told is refused; one that names no host takes the told one."""
    with pytest.raises(FormatError):
        parse(APPROVALS, "github-reviews")
    with pytest.raises(FormatError):
        parse(APPROVALS, host="gitlab.com")
    found = parse([github(1, html_url=None, pull_request_url=None)], host="Code.Harbour.example")
    assert found.host == "code.harbour.example"


@given(damaged([github(1)], APPROVALS, APPROVAL_STATE, REVIEWERS))
def test_any_damage_gives_reviews_or_a_format_error(value: object) -> None:
    """With any one value replaced by another, the reader returns or raises FormatError, never anything else."""
    try:
        parse(value)
    except FormatError:
        return

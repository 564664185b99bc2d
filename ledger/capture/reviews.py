"""Reviews as the forges tell them: what their review endpoints return, fetched by whoever may read there.

GitHub, ``/repos/{owner}/{name}/pulls/{number}/reviews``: every review with its commit and time; not who dismissed one.
GitLab, ``/projects/{id}/merge_requests/{number}/approvals``: who approves now; no commit, no rejection, nothing
withdrawn. ``/approval_state``: the same by rule, without those who are in no rule. ``/reviewers``: the state of
everybody who was asked; no commit and no time.

What an endpoint does not tell is None. All of it is the forge's word, brought by whoever fetched it; nothing here is
signed by the person it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ledger.capture.foreign import Part, host_of, read_values, refuse, refuse_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Endpoint: TypeAlias = Literal["github-reviews", "gitlab-approvals", "gitlab-approval-state", "gitlab-reviewers"]
"""Whose answer a document is."""

Meaning: TypeAlias = Literal["approve", "reject", "comment", "withdrawn", "pending", "unknown"]
"""What a state of a forge means. ``withdrawn``: an approval or rejection stands no more, by whomever; ``pending``: not
given yet; ``unknown``: a state that is not known here, which is no approval."""

_MEANINGS: Final[Mapping[str, Meaning]] = {
    "APPROVED": "approve",
    "CHANGES_REQUESTED": "reject",
    "COMMENTED": "comment",
    "DISMISSED": "withdrawn",
    "PENDING": "pending",
    "approved": "approve",
    "requested_changes": "reject",
    "reviewed": "comment",
    "unapproved": "withdrawn",
    "unreviewed": "pending",
    "review_started": "pending",
}

# The login that stands for everybody whose account was deleted: one name for many people is nobody's.
_GHOST: Final = "ghost"
_BODY_LIMIT: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ForgeAccount:
    """Who reviewed, as the forge knows them."""

    host: str
    """The forge's host name, in lower case."""
    id: str
    """Immutable id of the account there."""
    login: str
    """Its name at this moment; never used to find a principal."""
    type: str | None
    """``User``, ``Bot`` and so on, as GitHub says; None from GitLab."""


@dataclass(frozen=True, slots=True)
class ForgeReview:
    """One review as it stands now; forges overwrite what stood before."""

    id: str | None
    """The forge's id of the review; None from GitLab, which gives it none."""
    account: ForgeAccount | None
    """None where the account was deleted."""
    state: str
    """The forge's word, such as ``APPROVED`` or ``requested_changes``."""
    meaning: Meaning
    commit: str | None
    """The commit that was reviewed; None from GitLab, and where GitHub has forgotten it."""
    submitted_at: str | None
    """As the forge says, RFC 3339."""
    body: str | None
    """What the reviewer wrote; empty if nothing; None from GitLab."""


@dataclass(frozen=True, slots=True)
class ForgeReviews:
    """What one document tells of the reviews of one change."""

    endpoint: Endpoint | None
    """None for an empty list, if nothing was told beforehand: it looks the same everywhere."""
    host: str | None
    """The forge's host name; None where no account is left to tell it, and nothing was told."""
    change: str | None
    """Number of the pull or merge request, where the document says it."""
    reviews: tuple[ForgeReview, ...]
    """Everything that was submitted, in the order of the forge."""
    pending: tuple[ForgeReview, ...]
    """What was not: drafts, which only their author is shown, and reviewers who have not answered."""


def parse_reviews(data: bytes, *, endpoint: Endpoint | None = None, host: str | None = None) -> ForgeReviews:
    """The reviews that the answer of a review endpoint tells of.

    Several pages may stand one behind the other, or in one array.
    ``endpoint`` and ``host`` are found in the document if they are not told; if they are, the document must agree.

    Raises:
        FormatError: ``foreign-document``, ``bad-time`` or ``bad-text`` at the place of the fault, or as
            ``foreign.read_values``.
    """
    pages = _pages(read_values(data))
    for page in pages:
        refuse_errors(page)
    shape = _shape(pages)
    if endpoint is not None and shape is not None and endpoint != shape:
        refuse(f"this is the answer of {shape}, not of {endpoint}", "")
    told = host.lower() if host is not None else None
    change: str | None = None
    match shape:
        case "github-reviews":
            items = [item for page in pages for item in page.items()]
            found = [_github(item, _host(told, item, "html_url", "pull_request_url")) for item in items]
            change = _one_change(filter(None, map(_github_change, items)))
        case "gitlab-approvals":
            (page,) = pages
            people = page.need("approved_by").items()
            found = [_gitlab(each.need("user"), told, "approved", each.get("approved_at")) for each in people]
            number = page.get("iid")
            change = None if number is None else str(number.count())
        case "gitlab-approval-state":
            (page,) = pages
            approvers = [each for rule in page.need("rules").items() for each in _approvers(rule)]
            # Whoever counts for several rules stands in each.
            found = list(dict.fromkeys(_gitlab(each, told, "approved", None) for each in approvers))
        case "gitlab-reviewers":
            people = tuple(item for page in pages for item in page.items())
            # created_at there is when they were asked, not when they answered.
            found = [_gitlab(each.need("user"), told, each.need("state").text(limit=64), None) for each in people]
        case None:
            return ForgeReviews(endpoint, told, None, (), ())
    found = _distinct(found)
    return ForgeReviews(
        endpoint=shape,
        host=_one_host(found) or told,
        change=change,
        reviews=tuple(review for review in found if review.meaning != "pending"),
        pending=tuple(review for review in found if review.meaning == "pending"),
    )


def _pages(values: tuple[Part, ...]) -> tuple[Part, ...]:
    """Single answers: those of an array of arrays, which is how pages are printed into one, are taken out of it."""
    (first, *others) = values
    if not others and isinstance(first.value, list) and first.value and isinstance(first.value[0], list):
        return first.items()
    return values


def _shape(pages: tuple[Part, ...]) -> Endpoint | None:
    """Whose answer the pages are; None where they are empty lists."""
    page = pages[0]
    if isinstance(page.value, dict):
        found = _shape_of_object(page)
        if len(pages) > 1:
            refuse("the file holds the answers about several changes; give them one by one", pages[1].where)
        return found
    item = next((item for each in pages for item in each.items()), None)
    if item is None:
        return None
    if item.has("user", "state", "commit_id") or item.has("user", "state", "submitted_at"):
        return "github-reviews"
    if item.has("user", "state", "created_at") and not item.has("body"):
        return "gitlab-reviewers"
    if item.has("diff_hunk") or item.has("body"):
        refuse("this is a list of comments, not of reviews", item.where, "ask the endpoint .../pulls/NUMBER/reviews")
    return refuse("this is no list of reviews that is known here", item.where)


def _shape_of_object(page: Part) -> Endpoint:
    if page.has("approved_by") and not page.has("rules"):
        return "gitlab-approvals"
    if page.has("rules"):
        return "gitlab-approval-state"
    if page.has("state", "user", "commit_id") or page.has("state", "user", "submitted_at"):
        refuse(
            "this is one review, not a list", page.where, "fetch the list: gh api repos/OWNER/NAME/pulls/NUMBER/reviews"
        )
    if page.has("reviews"):
        refuse(
            "this is what gh pr view prints, without the ids of accounts",
            page.where,
            "fetch with: gh api --paginate repos/OWNER/NAME/pulls/NUMBER/reviews",
        )
    if page.has("head", "base") or page.has("source_branch"):
        refuse(
            "this is the pull or merge request, not its reviews",
            page.where,
            "add /reviews or /approvals to the address",
        )
    if page.has("data"):
        refuse("this is an answer of GraphQL", page.where, "ask the REST endpoint for the reviews")
    return refuse("this is no answer of a review endpoint that is known here", page.where)


def _github(item: Part, host: str) -> ForgeReview:
    user, state = item.get("user"), item.need("state").text(limit=64)
    commit, submitted, body = item.get("commit_id"), item.get("submitted_at"), item.get("body")
    meaning = _MEANINGS.get(state, "unknown") if state.isupper() else "unknown"
    if submitted is None and meaning != "pending":
        refuse("a review that was submitted says when", item.where + "/submitted_at")
    return ForgeReview(
        id=str(item.need("id").count()),
        account=None if user is None else _account(user, "login", host),
        state=state,
        meaning=meaning,
        commit=None if commit is None else commit.object_id(),
        submitted_at=None if submitted is None else submitted.time(),
        body="" if body is None else body.text(limit=_BODY_LIMIT),
    )


def _github_change(item: Part) -> str | None:
    url = item.get("pull_request_url")
    number = "" if url is None else url.text().rpartition("/pulls/")[2]
    return number if number.isascii() and number.isdigit() else None


def _gitlab(user: Part, told: str | None, state: str, at: Part | None) -> ForgeReview:
    meaning = _MEANINGS.get(state, "unknown") if state.islower() else "unknown"
    account = _account(user, "username", _host(told, user, "web_url"))
    return ForgeReview(None, account, state, meaning, None, None if at is None else at.time(), None)


def _approvers(rule: Part) -> tuple[Part, ...]:
    people = rule.get("approved_by")
    return () if people is None else people.items()


def _account(user: Part, name: str, host: str) -> ForgeAccount | None:
    login, kind = user.need(name).text(limit=255), user.get("type")
    identifier = str(user.need("id").count())
    if login == _GHOST:
        return None
    return ForgeAccount(host, identifier, login, None if kind is None else kind.text(limit=64))


def _host(told: str | None, part: Part, *names: str) -> str:
    """The host that the addresses in ``part`` name, which is the one that was told, if one was."""
    urls = [url.text(limit=4096) for name in names if (url := part.get(name)) is not None]
    found = next(filter(None, map(host_of, urls)), None)
    # The API of github.com answers on a host of its own; accounts are those of the forge.
    found = "github.com" if found == "api.github.com" else found
    if told is not None and found is not None and told != found:
        refuse("the document is of another forge than the host that was told", part.where)
    host = told or found
    if host is None:
        refuse("the document does not say which forge it is of", part.where, "tell the host name of the forge")
    return host


def _distinct(found: list[ForgeReview]) -> list[ForgeReview]:
    """``found`` without repetitions, which pages fetched one after the other may hold."""
    seen: dict[str, ForgeReview] = {}
    for review in found:
        if review.id is not None and seen.setdefault(review.id, review) != review:
            refuse("one review stands in two states here", "", "something happened between two pages: fetch again")
    return list(dict.fromkeys(found))


def _one_change(numbers: Iterable[str]) -> str | None:
    distinct = set(numbers)
    if len(distinct) > 1:
        refuse("the file holds the reviews of several changes", "", "give them one by one")
    return next(iter(distinct), None)


def _one_host(found: list[ForgeReview]) -> str | None:
    hosts = {review.account.host for review in found if review.account is not None}
    if len(hosts) > 1:
        refuse("the document names the accounts of several forges", "")
    return next(iter(hosts), None)

"""``evidence record reviews``: what a forge's review endpoint returned, as approvals that the forge attests."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import recording_options

if TYPE_CHECKING:
    from ledger.capture.reviews import ForgeReview
    from ledger.cli.recording.recorder import Recorder
    from ledger.events.statement import Event
    from ledger.parcel import Parcel

DECISIONS: Final = {
    "approve": "approve",
    "reject": "reject",
    "comment": "abstain",
    "withdrawn": "abstain",
    "unknown": "abstain",
}
"""What a forge's review is as a decision: what neither approves nor rejects abstains, and keeps the forge's word."""
MAX_BYTES: Final = 64 * 1024 * 1024
_ENDPOINTS: Final = ("github-reviews", "gitlab-approvals", "gitlab-approval-state", "gitlab-reviewers")


@click.command()
@click.argument("file", type=click.File("rb"), metavar="FILE|-")
@click.option(
    "--change", metavar="ID", help="Number of the pull or merge request; by default what the file or CI says."
)
@click.option("--head", metavar="COMMIT", help="The commit that was reviewed, where the forge does not say (GitLab).")
@click.option("--host", metavar="HOST", help="The forge's host name, where the file does not say.")
@click.option("--from", "endpoint", type=click.Choice(_ENDPOINTS), help="Whose answer FILE is, if it cannot be told.")
@click.option("--late", is_flag=True, help="Given long ago: when it is recorded says nothing of when it happened.")
@recording_options
@click.pass_context
def reviews(
    ctx: click.Context,
    *,
    file: BinaryIO,
    change: str | None,
    head: str | None,
    host: str | None,
    endpoint: str | None,
    late: bool,
    require_server: bool,
) -> None:
    """Record every review in FILE, in all states, as the forge shows it.

    \b
    GitHub:
      gh api --paginate repos/OWNER/NAME/pulls/7/reviews > reviews.json
      evidence record reviews reviews.json --change 7
    \b
    GitLab:
      glab api projects/ID/merge_requests/7/approvals > approvals.json
      evidence record reviews approvals.json --change 7 --head $(git rev-parse HEAD)

    These are the forge's word, brought by whoever imports them, and no signature of the reviewer; the policy says
    whether they count. Running it again records only what changed.
    """
    from ledger.capture.reviews import parse_reviews
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.earlier import earlier_approvals
    from ledger.cli.recording.named import exact_token
    from ledger.cli.recording.recorder import open_recorder

    found = parse_reviews(file.read(MAX_BYTES), endpoint=endpoint, host=host)  # type: ignore[arg-type]  # a choice of these
    with open_recorder(ctx) as recorder:
        number = change or found.change or recorder.ci.change
        if number is None:
            raise click.UsageError("--change is required: neither the file nor the environment says which it is")
        number = exact_token(number, "--change")
        if found.change not in (None, number):
            raise click.UsageError(f"the file is about {clean(str(found.change), 60)}, not about {number}")
        commit = None if head is None else _whole(head)
        known = {_key(item.event) for item in earlier_approvals(recorder, number)}
        out = recorder.session.output
        parcels: list[tuple[Parcel, str]] = []
        unplaced = again = 0
        for review in found.reviews:
            if (review.commit or commit) is None:
                unplaced += 1
                continue
            parcel = _seal(recorder, review, number, review.commit or str(commit), late=late)
            if _key(parcel.event) in known:
                again += 1
                continue
            parcels.append((parcel, f"{review.state.lower()} review of change {clean(number, 60)}"))
        if unplaced:
            out.warn(
                f"not recorded: {plural(unplaced, 'review')} of which the forge does not say which commit was "
                "reviewed; name it with --head"
            )
        if found.pending:
            out.note(f"not given yet, so not recorded: {plural(len(found.pending), 'review')}")
        further = {
            "recorded_before_count": again,
            "without_commit_count": unplaced,
            "pending_count": len(found.pending),
        }
        if not parcels:
            line = f"nothing new: {plural(again, 'review')} of change {clean(number, 60)} recorded before"
            out.answer({"events": [], **further}, [line])
            return
        hand_in(ctx, recorder, parcels, require_server=require_server, further=further)


def _whole(text: str) -> str:
    from ledger.errors import FormatError
    from ledger.events.shape import object_id

    try:
        return str(object_id(text.lower(), "--head"))
    except FormatError:
        raise click.UsageError("--head is a whole commit id: 40 or 64 hex digits") from None


def _seal(recorder: Recorder, review: ForgeReview, change: str, commit: str, *, late: bool) -> Parcel:
    from ledger.capture.ci import CiAccount
    from ledger.capture.secrets import mask_secrets
    from ledger.cli.recording.wording import as_label, as_token
    from ledger.events.context import About
    from ledger.events.work import Approval, Basis, Seen
    from ledger.events.work import ForgeReview as Review
    from ledger.making import new_content

    account = review.account
    # An account that was deleted is everybody's who left: it resolves to nobody, and says so.
    seen = (
        CiAccount("deleted.invalid", "0", None)
        if account is None
        else CiAccount(account.host, account.id, account.login)
    )
    actor, contents = recorder.actor(None, started=False, seen=seen)
    if review.body:
        masked = mask_secrets(review.body).text.encode("utf-8", "replace")
        contents = (*contents, new_content("comment", masked, "text/plain"))
    whose = as_token(review.id or (None if account is None else f"{account.host}:{account.id}")) or "unknown"
    body = Approval(
        attested_by="forge",
        basis=Basis(commit=commit.lower()),
        decision=DECISIONS[review.meaning],
        meaning="review",
        scope="change",
        seen=Seen((), ()),
        review=Review(whose, as_label(review.state) or "unknown"),
    )
    return recorder.seal(
        body, contents, actor, about=About(change=change), occurred_at=_time(review.submitted_at), late=late
    )


def _time(text: str | None) -> str | None:
    """The forge's time as a claimed time, or None: now."""
    from ledger.errors import FormatError
    from ledger.events.shape import claimed_time

    try:
        return None if text is None else str(claimed_time(text, ""))
    except FormatError:
        return None


def _key(event: Event) -> tuple[object, ...]:
    """What makes two reviews one: the forge's id, its state, the commit."""
    from ledger.events.work import Approval

    body = event.body
    return (body.review, body.basis.commit, body.decision) if isinstance(body, Approval) else ()

"""Situations that every engine of such rules must get right, each with the scenarios of the corpus that tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "an approval goes stale by a push": ("stale-approval", "stale-forge-approval"),
    "the same person approves again": ("given-again",),
    "only the base is brought up to date": ("base-only-update",),
    "self-approval by a second key": ("second-key",),
    "self-approval by a second account": ("second-account", "second-account-merged"),
    "self-approval by a service account": ("self-approval-by-a-service-account", "service-account-approves"),
    "a bot approves": ("bot-approval",),
    "the pipeline approves": ("approved-inside-a-run", "approval-key-in-a-pipeline"),
    "who prompted approves": ("prompter-approves",),
    "who prompted approves after a colleague asked for the last revision": (
        "prompter-approves-after-a-colleague-asked-last",
        "only-the-last-prompter",
    ),
    "two co-authors approve each other": ("two-co-authors-approve-each-other",),
    "a reviewer's suggestion is applied": ("reviewer-who-applied-a-suggestion",),
    "the author presses the merge button": ("merge-button-author",),
    "a squash changes the content": ("squash-with-changed-content",),
    "a service account rebases": ("rebase-by-a-service", "rebase-by-a-service-account"),
    "a conflict is resolved inside the merge": ("conflict-resolved-in-the-merge", "conflict-in-the-merge"),
    "a cherry-pick to a release branch": ("cherry-pick-to-a-release-branch", "cherry-pick-adapted"),
    "a revert of a revert": ("revert-of-a-revert", "revert-of-a-revert-unapproved"),
    "an emergency reviewed on time": ("emergency-with-review-on-time",),
    "an emergency reviewed late": ("emergency-with-review-late",),
    "an emergency never reviewed": ("emergency-with-review-never",),
    "an exception for another digest": ("exception-for-another-digest",),
    "a key revoked before": ("key-revoked-before",),
    "a key revoked after": ("key-revoked-after",),
    "a key that counts as compromised since before": ("key-compromised-before",),
    "the approver's role is granted later": ("approver-role-granted-later",),
    "a role is removed between approval and merge": ("role-removed-between-approval-and-merge",),
    "an approval of another digest": ("another-digest",),
    "tests on another commit with an equal tree": ("equal-tree",),
    "tests on another tree": ("other-tree",),
    "fail, fail, pass": ("fail-fail-pass",),
    "no test was executed": ("zero-tests",),
    "tests were deleted": ("tests-deleted",),
    "a generated file whose generator changed": ("generated-file-with-changed-generator",),
    "a bot's bump touches source": ("bot-bump-touching-source",),
    "a co-author whom nobody knows": ("unresolvable-co-author",),
    "a redacted prompt": ("redacted-prompt", "prompt-text-erased"),
    "an assistant's trailer without a prompt": ("missing-prompt",),
    "an agent under a human name": ("agent-under-a-human-name", "agent-pushes-under-a-human-name"),
    "a shallow clone": ("shallow-clone", "shallow-revision"),
    "a silent outage of webhooks": ("silent-webhook-outage",),
    "a late import": ("late-import", "late-import-of-a-whole-change"),
    "a duplicate event": ("duplicate",),
    "delivery in another order": ("reordered-revisions",),
    "a clock out of range": ("out-of-range-clock",),
}

"""What the routes of pages say themselves: titles, how things are called in lists, notes about what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.say import say, say_count, to_say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TITLES: Final[Mapping[str, str]] = {
    "failed": to_say("The pack could not be made"),
    "made": to_say("The pack is made"),
    "making": to_say("A pack is being made"),
    "packs": to_say("Packs made"),
    "problem": to_say("This cannot be shown"),
    "releases": to_say("Releases"),
    "sign-in": to_say("Sign in"),
    "trace": to_say("Trace"),
}
"""Titles of pages by name."""


def title(name: str) -> str:
    """The title of a page."""
    return say(TITLES[name])


def change_called(change: str) -> str:
    """A change in a list."""
    return say("change {change}", change=change)


def entry_called(index: int) -> str:
    """An entry in a list."""
    return say("entry {index}", index=index)


def exception_called(index: int, rules: Iterable[str]) -> str:
    """An exception in a list."""
    return say("entry {index}, from {rules}", index=index, rules=", ".join(rules))


def led_by(kind: str, index: int, name: str, target: str) -> str:
    """What an entry led to; ``name`` is that of a change or release, as ``target`` says; empty: to neither."""
    if target == "change":
        return say("the {kind} of entry {index}: change {name}", kind=kind, index=index, name=name)
    if target == "release":
        return say("the {kind} of entry {index}: release {name}", kind=kind, index=index, name=name)
    return say("the {kind} of entry {index}: it is about no change and no release", kind=kind, index=index)


def led_by_commit(commit: str, found: str) -> str:
    """What a commit inside a landing led to."""
    return say("commit {commit} landed with others; {found}", commit=commit[:12], found=found)


def looked_back(days: int) -> str:
    """That nothing was recorded lately, so earlier days were looked at."""
    return say_count(
        "Nothing was recorded of it in the six hours before. Looked at: the {count} day before.",
        "Nothing was recorded of it in the six hours before. Looked at: the {count} days before.",
        days,
    )


def changes_hidden() -> str:
    """That the changes of a release stand in contents."""
    return say("Which changes the release holds stands in contents, not shown with this token.")


def release_unread() -> str:
    """That the records of a release do not show it."""
    return say("The records of this release do not show it; open the release to see why.")


def listed_latest(shown: int, count: int) -> str:
    """That a list is not whole."""
    return say("Listed: the latest {shown} of {count} changes.", shown=shown, count=f"{count:,}")


def prompts_looked(count: int, *, whole: bool) -> str:
    """How many prompts were looked through for a session or a model."""
    if whole:
        return say_count(
            "The {count} prompt recorded was looked through.", "All {count} prompts were looked through.", count
        )
    return say_count(
        "The latest {count} prompt was looked through, earlier ones were not.",
        "The latest {count} prompts were looked through, earlier ones were not.",
        count,
    )


def change_of_kinds(change: str, kinds: Iterable[str]) -> str:
    """A change in a list of what somebody had a part in, with the kinds of those entries."""
    return say("change {change}: {kinds}", change=change, kinds=", ".join(kinds))


def entries_looked(count: int, *, whole: bool) -> str:
    """How many entries were looked through that name a person's id."""
    if whole:
        return say_count(
            "The {count} entry that names the id of this person was looked through.",
            "All {count} entries that name the id of this person were looked through.",
            count,
        )
    return say_count(
        "The latest {count} entry that names the id of this person was looked through, earlier ones were not.",
        "The latest {count} entries that name the id of this person were looked through, earlier ones were not.",
        count,
    )


def accounts_looked(count: int) -> str:
    """In how many entries an account of a person was looked for."""
    return say_count(
        "For accounts of this person, the latest {count} revision, landing or approval was looked through.",
        "For accounts of this person, the latest {count} revisions, landings and approvals were looked through.",
        count,
    )


def accounts_hidden() -> str:
    """That accounts were not looked through."""
    return say("What only an account of this person shows stands in contents, not shown with this token.")


def releases_looked(count: int) -> str:
    """That a landing is in none of the releases that were looked through, and more were recorded since."""
    return say_count(
        "The {count} release after the landing was looked through and does not list it, later ones were not.",
        "The {count} releases after the landing were looked through and do not list it, later ones were not.",
        count,
    )


def looked_through(count: int, unread: int) -> str:
    """How many manifests were looked through for a path, and how many could not be read or were too long."""
    said = say_count(
        "Looked through: the manifest of the latest {count} revision or landing.",
        "Looked through: the manifests of the latest {count} revisions and landings.",
        count,
    )
    if not unread:
        return said
    passed = say_count(
        "{count} of them could not be read here, or is too long.",
        "{count} of them could not be read here, or are too long.",
        unread,
    )
    return f"{said} {passed}"

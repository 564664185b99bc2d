"""What speaks against a tick, in the words that both packs use; an empty text where nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.records import Absent
from reports.say import say, say_count
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import PromptFact
    from ledger.records import Records


def compared(comparisons: int, apart: int) -> str:
    """Of so many comparisons with clones, in which so many refs differ."""
    if not comparisons:
        return say("nobody compared a clone with the ledger")
    said = say_count("a clone differs on {count} ref", "clones differ on {count} refs", apart)
    return said if apart else ""


def silent(many: int) -> str:
    """Of sources."""
    said = say_count("{count} source was silent too long", "{count} sources were silent too long", many)
    return said if many else ""


def unrequested(without: int, whole: int) -> str:
    """Of so many changes, so many without a request."""
    if not whole:
        return say("no change is recorded")
    said = say_count(
        "without a request: {without} of {count} change",
        "without a request: {without} of {count} changes",
        whole,
        without=number(without),
    )
    return said if without else ""


def unstated(without: int, whole: int) -> str:
    """Of so many changes, so many of which nothing is stated as a whole."""
    if not whole:
        return say("no change is recorded")
    said = say_count(
        "nothing is stated as a whole: {without} of {count} change",
        "nothing is stated as a whole: {without} of {count} changes",
        whole,
        without=number(without),
    )
    return said if without else ""


def pushed_past(many: int) -> str:
    """Of pushes that passed over a protection, were forced or deleted a ref."""
    said = say_count("{count} push went past a protection", "{count} pushes went past a protection", many)
    return said if many else ""


def despite(many: int) -> str:
    """Of what went on after a gate had answered Shut, declared or not."""
    said = say_count("{count} step was taken past a shut gate", "{count} steps were taken past a shut gate", many)
    return said if many else ""


def roster(reviews: int) -> str:
    """Of reviews of who may do what."""
    return "" if reviews else say("nobody reviewed who may do what")


def unreviewed(without: int) -> str:
    """Of exceptions: that they were declared in time is no answer to who looked."""
    said = say_count("{count} exception was not reviewed", "{count} exceptions were not reviewed", without)
    return said if without else ""


def unanswered(records: Records, prompts: Sequence[PromptFact]) -> str:
    """Of prompts whose answer, or whose text, cannot be read."""

    def gone(name: str) -> int:
        return sum(isinstance(records.content(item.record.event.context.content(name)), Absent) for item in prompts)

    asked, answered = gone("prompt"), gone("output")
    if answered:
        return say_count(
            "what came back is not at hand: {without} of {count} prompt",
            "what came back is not at hand: {without} of {count} prompts",
            len(prompts),
            without=number(answered),
        )
    said = say_count(
        "text not at hand: {without} of {count} prompt",
        "text not at hand: {without} of {count} prompts",
        len(prompts),
        without=number(asked),
    )
    return said if asked else ""


def gone(many: int) -> str:
    """Of contents."""
    said = say_count(
        "{count} content cannot be read, on no recorded ground",
        "{count} contents cannot be read, on no recorded ground",
        many,
    )
    return said if many else ""


def unclosed(many: int) -> str:
    """Of incidents."""
    return say_count("{count} incident is not closed", "{count} incidents are not closed", many) if many else ""


def kept() -> str:
    """Of retention: no policy and no event states a schedule in this version."""
    return say("how long contents are kept is not recorded")

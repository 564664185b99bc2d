"""How a ref was protected, in words, and what differs from the look before: told alike by both sorts of pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.say import say, say_count

if TYPE_CHECKING:
    from ledger.events.forge import Protection


def demanded(one: Protection) -> str:
    """What the forge demands before a change lands."""
    return "; ".join(
        (
            say("approvals not told")
            if one.approvals is None
            else say_count("{count} approval", "{count} approvals", one.approvals),
            say("checks not told") if one.checks is None else say_count("{count} check", "{count} checks", one.checks),
        )
    )


def refused(one: Protection) -> str:
    """What the forge makes of pushes by force and of deletion."""
    force = {
        None: say("force push not told"),
        False: say("force push refused"),
        True: say("force push allowed"),
    }
    deletion = {None: say("deletion not told"), False: say("deletion refused"), True: say("deletion allowed")}
    return f"{force[one.force_push]}; {deletion[one.deletion]}"


def passing(one: Protection) -> str:
    """Who may pass the protection over."""
    bound = {
        None: say("administrators not told"),
        False: say("administrators exempt"),
        True: say("administrators bound too"),
    }
    listed = (
        say("list of those who may pass it over not told")
        if one.bypass_count is None
        else say_count("{count} may pass it over", "{count} may pass it over", one.bypass_count)
    )
    return f"{bound[one.admins_included]}; {listed}"


def differences(before: Protection, one: Protection) -> tuple[str, ...]:
    """What differs between two looks at a ref."""
    pairs = (
        (say("protected"), before.protected, one.protected),
        (say("approvals"), before.approvals, one.approvals),
        (say("checks"), before.checks, one.checks),
        (say("administrators bound too"), before.admins_included, one.admins_included),
        (say("force push allowed"), before.force_push, one.force_push),
        (say("deletion allowed"), before.deletion, one.deletion),
        (say("stale approvals dismissed"), before.stale_dismissed, one.stale_dismissed),
        (say("may pass it over"), before.bypass_count, one.bypass_count),
    )
    return tuple(
        say("{what}: {now}, was {before}", what=what, now=_said(now), before=_said(then))
        for what, then, now in pairs
        if then != now
    )


def _said(value: bool | int | None) -> str:  # noqa: FBT001 -- as the event has it
    if value is None:
        return say("not told")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return f"{value:,}"

"""The five populations of a period, each with how it was drawn, what it counts to, and who counted independently."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.digests import Digest, from_raw
from reports.parts import Facts, Heading, Line, Paragraph, Row, Section, Table, line, say_count_line, say_line, words
from reports.period.reconciliations import GIT, compared
from reports.period.running import ANCHOR as RUNNING
from reports.period.span import span_said
from reports.period.system import grants_of
from reports.release.said import code, columns, digest_line, link, quiet, rows
from reports.say import say, say_count
from reports.wording import moment, moment_in, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.roster.state import Grant
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "populations"
QUERY_VERSION: Final = 2
"""Of the five queries below; it goes up when one of them begins to count something else."""


@dataclass(frozen=True, slots=True)
class Population:
    """A list of which it must be known that it is whole."""

    name: str
    query: str
    """What is counted, in words."""
    filter: str
    count: int
    items: tuple[Digest, ...]
    """Envelope digests of the events that the count rests on, ascending."""
    left_out: str
    """What the population does not hold, counted."""
    independent: Line
    """What else counted the same, or that nothing did."""
    register: str
    """The attached register that lists it."""

    @property
    def total(self) -> Digest:
        """The digest that stands for the whole list."""
        return total_digest(self.items)


def total_digest(items: Iterable[Digest]) -> Digest:
    """The digest over envelope digests: equal for equal lists, whatever their order."""
    # total digest = sha256(each envelope digest as printed, ascending, each followed by a line feed), docs/packs.md
    return from_raw(hashlib.sha256("".join(f"{item}\n" for item in sorted(items)).encode("ascii")).digest())


def populations(view: PeriodView) -> tuple[Population, ...]:
    """Changes, releases, deployments, exceptions, principals with roles."""
    dossier = view.dossier
    around = dossier.surroundings
    grants = grants_of(view)
    landings = [landing.record.envelope for change in dossier.changes for landing in change.landings]
    unplaced = [landing.record.envelope for landing in dossier.unplaced]
    known = [item.record.envelope for item in around.deployments]
    unnamed = sum(item.deploy.release is None for item in around.deployments)
    in_period = say(
        "entries {first} to {last} of the projects in scope",
        first=number(dossier.first),
        last=number(dossier.end - 1),
    )
    return (
        Population(
            say("Changes"),
            say("Changes of which a merge event of the period tells that content of them reached a protected ref."),
            in_period,
            len(dossier.changes),
            tuple(sorted(landings)),
            say_count(
                "{count} landing belongs to no recorded change; it is listed under Reconciliations",
                "{count} landings belong to no recorded change; they are listed under Reconciliations",
                len(unplaced),
            ),
            _counted_by_git(view),
            "changes",
        ),
        Population(
            say("Releases"),
            say("Release events."),
            in_period,
            len(dossier.releases),
            tuple(sorted(release.record.envelope for release in dossier.releases)),
            say("nothing: every release event of these projects is counted"),
            line(quiet(say("none recorded"))),
            "releases",
        ),
        Population(
            say("Deployments"),
            say("Deploy events of any environment and outcome."),
            in_period,
            len(known),
            tuple(sorted(known)),
            say_count("nothing; {count} of them names no release", "nothing; {count} of them name no release", unnamed),
            _counted_by_watching(view),
            "deployments",
        ),
        Population(
            say("Exceptions"),
            say("Exception events, whatever became of them."),
            in_period,
            len(around.exceptions),
            tuple(sorted(item.record.envelope for item in around.exceptions)),
            say("nothing; bypasses that nobody declared are listed beside them"),
            line(quiet(say("none recorded"))),
            "exceptions",
        ),
        Population(
            say("Grants of roles"),
            _granted_by(view, grants),
            say("the ledger's own stream, from entry 0 to the end of the period"),
            len(grants),
            # Genesis gives several: it is one event, and one line of the digest.
            tuple(sorted({grant.envelope for grant in grants})),
            say_count(
                "principals without a role; {count} principal was enrolled in all",
                "principals without a role; {count} principals were enrolled in all",
                _principals(view),
            ),
            _counted_by_review(view),
            "entries",
        ),
    )


def completeness(view: PeriodView) -> Section:
    """The section."""
    found = populations(view)
    return Section(
        ANCHOR,
        "5",
        words(say("Completeness of the populations")),
        words(say("How do you know that these lists hold everything, and who ran them, when and how?")),
        _lede(found),
        (
            _summary(found),
            Paragraph(
                line(
                    say(
                        "A total digest is the SHA-256 of a text: for each event counted one line, sha256: and the 64 "
                        "digits of its envelope digest, the lines sorted, every line, the last one too, ended by one "
                        "line feed (0x0A). Whoever lists the same events from the attached bundle comes to the same "
                        "digest."
                    )
                ),
                small=True,
            ),
            Heading(words(say("What is the same for all five"))),
            Facts(rows(*_common(view))),
            *(block for item in found for block in _sheet(item)),
        ),
    )


def _lede(found: tuple[Population, ...]) -> Line:
    changes, releases, deployments, exceptions, roles = found
    return line(
        say(
            "Five populations were drawn from the verified records, none by hand: {changes}, {releases}, "
            "{deployments}, {exceptions} and {roles}.",
            changes=say_count("{count} change", "{count} changes", changes.count),
            releases=say_count("{count} release", "{count} releases", releases.count),
            deployments=say_count("{count} deployment", "{count} deployments", deployments.count),
            exceptions=say_count("{count} exception", "{count} exceptions", exceptions.count),
            roles=say_count("{count} grant of a role", "{count} grants of roles", roles.count),
        )
    )


def _summary(found: tuple[Population, ...]) -> Table:
    return Table(
        columns((say("Population"), 24), (say("Count"), 10), (say("Total digest"), 66)),
        tuple(Row((line(item.name), line(number(item.count)), digest_line(item.total, full=True))) for item in found),
        words(say("No population.")),
        words(say("The five populations")),
        "small",
    )


def _common(view: PeriodView) -> list[tuple[str, Line]]:
    settings, found = view.settings, view.verification
    root = None if found.checkpoint_root is None else found.checkpoint_root.hex()
    period = span_said(view.days, view.dossier.first, view.dossier.end)
    if view.begins_at is not None and view.ends_at is not None:
        period = say(
            "{period}; first entry {begin}, last {last}",
            period=period,
            begin=moment(view.begins_at),
            last=moment(view.ends_at),
        )
    return [
        (say("Source"), line(say("the verified bundle attached to this pack"), ", ", code(view.carried.name))),
        (
            say("Queries"),
            line(say("as told below, list by list (version {version} of them)", version=QUERY_VERSION)),
        ),
        (say("Period"), line(period)),
        (say("Time zone"), line(say("UTC; the reader's zone is {zone}", zone=settings.zone_name))),
        (say("Run at"), line(moment_in(settings.generated_at, settings.zone, settings.zone_name))),
        (
            say("Run by"),
            line(settings.prepared_by) if settings.prepared_by else line(quiet(say("not stated"))),
        ),
        (
            say("Checkpoint"),
            line(say("none that verifies"))
            if root is None
            else say_count_line(
                "over {count} entry, root {root}",
                "over {count} entries, root {root}",
                found.checkpoint_size or 0,
                root=digest_line(root, full=True),
            ),
        ),
    ]


def _sheet(item: Population) -> tuple[Block, ...]:
    return (
        Heading(words(item.name)),
        Facts(
            rows(
                (say("Counts"), line(item.query)),
                (say("Filter"), line(item.filter)),
                (
                    say("Count"),
                    line(
                        number(item.count),
                        " ",
                        quiet(say_count("from {count} event", "from {count} events", len(item.items))),
                    ),
                ),
                (say("Left out"), line(item.left_out)),
                (say("Counted by others"), item.independent),
                (say("Listed in"), line(say("the attached register “{register}”", register=item.register))),
            )
        ),
    )


def _counted_by_git(view: PeriodView) -> Line:
    """What clones told of the protected refs, where somebody compared one within the period."""
    refs = compared(view)
    if not refs:
        return line(quiet(say("none recorded: nobody compared a clone with the ledger in the period")))
    commits = sum(item.ref.commit_count for item in refs)
    missing = sum(item.ref.missing_count for item in refs)
    return say_line(
        "git: {told} on {refs}; {missing} of them unknown to the ledger, see {section}",
        told=say_count("{count} commit", "{count} commits", commits),
        refs=say_count("{count} protected ref", "{count} protected refs", len(refs)),
        missing=number(missing),
        section=link(GIT, say("Reconciliations"), page=True),
    )


def _counted_by_watching(view: PeriodView) -> Line:
    seen = len(view.dossier.surroundings.observations)
    if not seen:
        return line(quiet(say("none recorded: nobody observed what runs")))
    return say_count_line(
        "{count} observation of what runs, compared under {section}",
        "{count} observations of what runs, compared under {section}",
        seen,
        section=link(RUNNING, say("Reconciliations"), page=True),
    )


def _counted_by_review(view: PeriodView) -> Line:
    reviews = len(view.dossier.surroundings.access_reviews)
    if not reviews:
        return line(quiet(say("none recorded: no access review in the period")))
    return say_count_line(
        "{count} access review looked at them, see {section}",
        "{count} access reviews looked at them, see {section}",
        reviews,
        section=link("access", say("Access, keys and leavers"), page=True),
    )


def _granted_by(view: PeriodView, grants: Sequence[Grant]) -> str:
    """What is counted, and how many of it no event of the kind role gave."""
    genesis = {record.envelope for record in view.dossier.records.entries if record.event.kind == "genesis"}
    first = sum(grant.envelope in genesis for grant in grants)
    return say(
        "Grants of roles in force at any time in the period that reach a project in scope. Given by genesis (entry 0), "
        "which is one event: {first}; by an event of the kind {kind} each: {others}.",
        first=number(first),
        kind="role",
        others=number(len(grants) - first),
    )


def _principals(view: PeriodView) -> int:
    """Principals in force at any time in the period."""
    dossier = view.dossier
    return sum(
        known.since < dossier.end and (known.until is None or known.until > dossier.first)
        for known in dossier.records.roster.principals.values()
    )

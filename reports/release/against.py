"""Facts of a release that no verdict carries, and that speak against taking a question for answered with a tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.excepting import AUTHORISATION
from ledger.rules.reviewed import stands
from reports import clauses
from reports.duties import key
from reports.release.assistants import prompts_of
from reports.release.bypasses import passed_over
from reports.release.excepted import listed_exceptions, looked_at, used_under
from reports.release.gates import despite
from reports.release.held import conflicts, held_duties
from reports.release.incidents import open_incidents
from reports.release.population import not_listed, population, unreconciled
from reports.release.running import differing
from reports.release.scans import looked_through
from reports.release.sheet import comparisons, differs, silent
from reports.release.stated import requests_of, state_of
from reports.release.withheld import gone
from reports.say import say, say_count
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.dossier.facts import CommitPlace
    from reports.release.view import View


def against(view: View, question: int) -> tuple[str, ...]:
    """What the page named for a question shows that its rules do not carry, a clause each."""
    return tuple(filter(None, (tell(view) for tell in _AGAINST.get(question, ()))))


def unplaced_heads(view: View) -> tuple[CommitPlace, ...]:
    """Released commits themselves that no recorded change landed: what was released is then what nobody asked for."""
    heads = {(place, source.source.commit) for place, source in enumerate(view.dossier.sources)}
    return tuple(one for one in view.dossier.places if one.change is None and (one.source, one.commit.id) in heads)


def failed_runs(view: View) -> int:
    """Test runs on the released commit or its tree that belong to no change, and failed: no rule judges them."""
    return sum(item.run.result == "FAILED" for item in view.dossier.runs)


def _compared(view: View) -> str:
    found = comparisons(view)
    return clauses.compared(len(found), sum(differs(ref) for _, ref in found))


def _silent(view: View) -> str:
    return clauses.silent(silent(view))


def _unlisted(view: View) -> str:
    many = len(not_listed(view))
    said = say_count(
        "{count} landing in the ledger is on no list", "{count} landings in the ledger are on no list", many
    )
    return said if many else ""


def _unread(view: View) -> str:
    many = len(unreconciled(view))
    said = say_count("{count} point could not be compared", "{count} points could not be compared", many)
    return said if many else ""


def _unplaced(view: View) -> str:
    found = population(view)
    many = len(found.loose) + len(found.strange)
    return say_count("{count} commit has no change", "{count} commits have no change", many) if many else ""


def _undeployed(view: View) -> str:
    done = any(item.deploy.status == "succeeded" for item in view.dossier.deployments)
    return "" if done else say("no deployment that succeeded is recorded")


def _unrequested(view: View) -> str:
    without = sum(not requests_of(change) for change in view.changes)
    return clauses.unrequested(without, len(view.changes))


def _running(view: View) -> str:
    many = differing(view)
    said = say_count("{count} observation saw something else run", "{count} observations saw something else run", many)
    return said if many else ""


def _unobserved(view: View) -> str:
    return "" if view.dossier.observations else say("nobody recorded what ran afterwards")


def _failed(view: View) -> str:
    many = failed_runs(view)
    said = say_count(
        "{count} run on the released commit or its tree failed",
        "{count} runs on the released commit or its tree failed",
        many,
    )
    return said if many else ""


def _unstated(view: View) -> str:
    without = sum(state_of(change) is None for change in view.changes)
    return clauses.unstated(without, len(view.changes))


def _unreviewed(view: View) -> str:
    return clauses.unreviewed(sum(not looked_at(item) for _, item in listed_exceptions(view)))


def _belated(view: View) -> str:
    """Exceptions that were authorised, and only once what they are for had landed or gone out."""
    many = 0
    for change, item in listed_exceptions(view):
        agreed = [
            fact.record.index
            for fact in item.decisions
            if fact.approval.meaning == AUTHORISATION and fact.approval.decision == "approve" and stands(fact)
        ]
        used = [record.index for record in used_under(view, change, item)]
        many += bool(agreed and used) and min(agreed) > min(used)
    said = say_count(
        "{count} exception was authorised only after its use",
        "{count} exceptions were authorised only after their use",
        many,
    )
    return said if many else ""


def _groundless(view: View) -> str:
    """Incidents that exceptions give as their ground, of which no event is recorded."""
    recorded = {item.body.incident for item in (*view.dossier.incidents, *view.dossier.surroundings.incidents)}
    named = {item.exception.incident for _, item in listed_exceptions(view)} - {None}
    many = len(named - recorded)
    said = say_count(
        "{count} incident named as ground is not recorded", "{count} incidents named as ground are not recorded", many
    )
    return said if many else ""


def _unasked(view: View) -> str:
    return "" if view.settings.prepared_by else say("who asked for the lists is not recorded")


def _unbuilt(view: View) -> str:
    builds = view.dossier.builds
    if not builds:
        return say("no build is recorded")
    artifacts = view.dossier.release.artifacts
    made = {artifact.sha256 for one in builds for artifact in one.body.artifacts}
    without = sum(artifact.sha256 not in made for artifact in artifacts)
    said = say_count(
        "without a recorded build: {without} of {count} artifact",
        "without a recorded build: {without} of {count} artifacts",
        len(artifacts),
        without=number(without),
    )
    return said if without else ""


def _undecided(view: View) -> str:
    decided = view.dossier.approvals or any(change.facts.approvals for change in view.changes)
    return "" if decided else say("no decision on a change or on the release is recorded")


def _roster(view: View) -> str:
    return clauses.roster(len(view.dossier.surroundings.access_reviews))


def _bypassed(view: View) -> str:
    return clauses.pushed_past(len(passed_over(view)))


def _despite(view: View) -> str:
    """What went on after a gate had answered Shut, declared or not."""
    return clauses.despite(len(despite(view)))


def _unanswered(view: View) -> str:
    return clauses.unanswered(view.dossier.records, prompts_of(view))


def _open(view: View) -> str:
    return clauses.unclosed(open_incidents(view))


def _own_release(view: View) -> str:
    """Who approved the release and had a part in what is in it: SOD-06 speaks of that only where it is on."""
    held = held_duties(view)
    makers = {key(item.party) for item in held if item.duty in ("Prompt", "Code")}
    many = len({key(item.party) for item in held if item.duty == "Release approval" and key(item.party) in makers})
    said = say_count(
        "{count} approver of the release had a part in its changes",
        "{count} approvers of the release had a part in its changes",
        many,
    )
    return said if many else ""


def _conflicts(view: View) -> str:
    many = len(conflicts(view))
    said = say_count(
        "{count} approval by somebody who took part, or perhaps did",
        "{count} approvals by somebody who took part, or perhaps did",
        many,
    )
    return said if many else ""


def _unscanned(view: View) -> str:
    found = prompts_of(view)
    without = len(found) - len(looked_through(view, found))
    said = say_count(
        "not looked through: {without} of {count} prompt",
        "not looked through: {without} of {count} prompts",
        len(found),
        without=number(without),
    )
    return said if without else ""


def _gone(view: View) -> str:
    return clauses.gone(len(gone(view)))


def _kept(_: View) -> str:
    return clauses.kept()


_AGAINST: Final[Mapping[int, tuple[Callable[[View], str], ...]]] = {
    2: (_compared, _silent, _unlisted, _unread, _unplaced),
    3: (_unasked,),
    4: (_undeployed, _unrequested),
    5: (_undeployed, _unrequested),
    6: (_own_release, _conflicts),
    9: (_running, _unobserved, _unbuilt),
    10: (_undecided,),
    11: (_undecided,),
    12: (_failed,),
    13: (_unstated,),
    14: (_belated, _unreviewed, _groundless),
    15: (_unplaced, _bypassed, _despite),
    17: (_roster,),
    18: (_unanswered,),
    19: (_conflicts,),
    20: (_unscanned,),
    22: (_gone,),
    25: (_open,),
    26: (_kept,),
}
"""What is looked at beside the rules of a question, by its number."""

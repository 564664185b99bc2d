"""The play: the company founds its ledger, works for a while, releases, and deploys."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.cli.demonstration.company import (
    AGENT,
    COMPANY,
    MARA,
    ORIGIN,
    PEOPLE,
    PIPELINE,
    PRODUCT,
    PROJECT,
    SAMIR,
    STORIES,
    VERSION,
    Decided,
    Excepted,
    Landed,
    Prompted,
    Pushed,
    Tested,
    Ticked,
)
from ledger.cli.demonstration.scenery import MAIN, Scenery, write_report

if TYPE_CHECKING:
    from ledger.cli.demonstration.company import Somebody, Story
    from ledger.cli.demonstration.stage import Stage

RELEASE: Final = f"{PRODUCT}@{VERSION}"

FORGE: Final = "github.com"

SERVICE: Final = "tariff-api"

STRANGER: Final = 5_899_999
"""Immutable id at the forge of an account that nobody has claimed."""

_PIPELINE_KINDS: Final = (
    *("prompt", "diff", "test", "approval", "merge", "push", "decision"),
    *("build", "release", "deploy", "observation", "reconciliation"),
)


OFFICER: Final = "mara-lindqvist"
"""Whose key signs that a pack was made: a small company's administrator is its compliance officer too."""


def found_ledger(stage: Stage) -> None:
    """A ledger with one administrator."""
    stage.evidence("init", str(stage.ledger), "--origin", ORIGIN, "--admin", f"{MARA.name} <{MARA.mail}>", show=True)


def enrol_everybody(stage: Stage, start: str) -> None:
    """People, agent and pipeline become known, with roles and keys; the project is declared."""
    listing = stage.folder / "people.toml"
    listing.write_text(_people_file(start), encoding="utf-8")
    admin = ("--key", OFFICER)
    stage.evidence("people", "import", str(listing), *admin, show=True)
    for somebody in PEOPLE:
        if somebody is not MARA:
            stage.evidence("key", "new", "--name", somebody.handle)
            stage.evidence(
                *("key", "enrol", "--from-key", str(stage.key_file(somebody.handle)), "--principal", somebody.mail),
                *("--custody", "device", *admin),
            )
    stage.evidence("key", "new", "--name", "pipeline")
    kinds = [word for kind in _PIPELINE_KINDS for word in ("--kind", kind)]
    stage.evidence(
        *("key", "enrol", "--from-key", str(stage.key_file("pipeline")), "--principal", PIPELINE),
        *kinds,
        *("--in", PROJECT, *admin),
    )


def tell(stage: Stage, scenery: Scenery, story: Story) -> None:
    """One change, from its first prompt or push to main."""
    branch = f"change-{story.number}"
    scenery.branch(branch)
    repository = ("--repo", str(scenery.folder))
    about = ("--change", story.number, "--project", PROJECT)
    pipeline = ("--key", "pipeline")
    revision = attempt = turn = 0
    head = ""
    for step in story.steps:
        match step:
            case Prompted():
                turn += 1
                asked, answered = stage.folder / "prompt.txt", stage.folder / "output.txt"
                asked.write_text(step.text, encoding="utf-8")
                answered.write_text(step.output, encoding="utf-8")
                stage.evidence(
                    *("record", "prompt", "--text", str(asked), "--output", str(answered)),
                    *("--session", f"s-{story.number}", "--turn", str(turn), "--tool", "quill@2.1"),
                    *("--model", "example/quill-large", "--initiator", step.by.mail, "--trigger", "human"),
                    *(*about, *pipeline),
                )
            case Pushed():
                revision, attempt = revision + 1, 0
                head = scenery.push(story.author, step)
                declared = () if step.ai is None else ("--ai", step.ai)
                stage.evidence(
                    *("record", "diff", "--base", "main", "--head", head, "--revision", str(revision)),
                    *("--by", story.author.mail, "--target", MAIN, *declared, *about, *repository, *pipeline),
                )
            case Tested():
                attempt += 1
                _run_suite(stage, scenery, story, step, head, attempt)
            case Decided():
                comment = () if step.comment is None else ("--comment", step.comment)
                stage.evidence(
                    *(step.decision, story.number, "--project", PROJECT, "--yes", *comment),
                    *("--key", step.by.handle),
                )
            case Ticked():
                reviews = stage.folder / "reviews.json"
                shown = [_review(step.by, story.number, head)]
                shown += [_remark(story.number, head)] if step.stranger else []
                reviews.write_text(json.dumps(shown), encoding="utf-8")
                stage.evidence("record", "reviews", str(reviews), *about, *pipeline)
            case Excepted():
                _gate(stage, scenery, story, head)
                stage.evidence(
                    *("exception", "--incident", step.incident, "--reason", step.reason, "--yes"),
                    *("--repo", str(scenery.folder), "--project", PROJECT, "--key", step.by.handle),
                    show=True,
                )
            case Landed():
                _gate(stage, scenery, story, head)
                before, after = scenery.land(story, step, branch)
                stage.evidence(
                    *("record", "push", "--ref", MAIN, "--before", before, "--after", after),
                    *("--by", step.by.mail, *about, *repository, *pipeline),
                )
                stage.evidence(
                    *("record", "merge", "--ref", MAIN, "--before", before, "--after", after),
                    *("--by", step.by.mail, "--project", PROJECT, *repository, *pipeline),
                )
                if step.slipped_in:
                    # The branch's own pipeline tests what landed, which nobody had seen before.
                    _run_suite(stage, scenery, story, Tested(33), after, 1)


def _run_suite(stage: Stage, scenery: Scenery, story: Story, ran: Tested, commit: str, attempt: int) -> None:
    report = stage.folder / "report.xml"
    write_report(report, ran.passed, ran.failed)
    stage.evidence(
        *("record", "test", str(report), "--suite", "unit", "--attempt", str(attempt), "--environment", "ci"),
        *("--commit", commit, "--change", story.number, "--project", PROJECT),
        *("--repo", str(scenery.folder), "--key", "pipeline"),
    )


def _gate(stage: Stage, scenery: Scenery, story: Story, head: str) -> None:
    """The pipeline asks the merge gate. This company observes at first: what is blocked lands all the same."""
    stage.evidence(
        *("gate", story.number, "--at", "merge", "--mode", "observe", "--head", head),
        *("--repo", str(scenery.folder), "--project", PROJECT, "--key", "pipeline"),
    )


def _review(by: Somebody, number: str, head: str) -> dict[str, Any]:
    """A review as GitHub's endpoint returns it."""
    return {
        "id": 3_000_000 + int(number),
        "user": {"login": by.handle, "id": _account(by), "type": "User", "html_url": f"https://{FORGE}/{by.handle}"},
        "body": "",
        "state": "APPROVED",
        "commit_id": head,
        "submitted_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "html_url": f"https://{FORGE}/larkspur/{PROJECT}/pull/{number}#pullrequestreview-1",
        "pull_request_url": f"https://api.github.com/repos/larkspur/{PROJECT}/pulls/{number}",
    }


def _remark(number: str, head: str) -> dict[str, Any]:
    """A remark by an account that is on nobody's card: ``evidence people list`` asks whose it is."""
    told = _review(PEOPLE[0], number, head)
    login = "freight-contractor"
    user = {"login": login, "id": STRANGER, "type": "User", "html_url": f"https://{FORGE}/{login}"}
    return told | {"id": 3_100_000 + int(number), "user": user, "body": "Is this agreed?", "state": "COMMENTED"}


def _account(somebody: Somebody) -> int:
    """Their immutable id at the forge."""
    return 5_800_100 + PEOPLE.index(somebody)


def release_and_deploy(stage: Stage, scenery: Scenery) -> None:
    """The release of everything told, approved by the release manager, deployed by the pipeline."""
    artifact = stage.folder / f"{PRODUCT}-{VERSION}.tar.gz"
    artifact.write_bytes(f"{COMPANY} {PRODUCT} {VERSION}\n".encode())
    repository = ("--repo", str(scenery.folder), "--project", PROJECT)
    pipeline = ("--key", "pipeline")
    stage.evidence("record", "build", "--artifact", str(artifact), "--builder", "pipeline", *repository, *pipeline)
    stage.evidence(
        *("record", "release", "--product", PRODUCT, "--version", VERSION, "--commit", scenery.head()),
        *("--first", "--artifact", str(artifact), *repository, *pipeline),
        show=True,
    )
    stage.evidence("gate", RELEASE, "--at", "deploy", "--mode", "observe", "--project", PROJECT, *pipeline, show=True)
    stage.evidence("approve", "--release", RELEASE, "--project", PROJECT, "--yes", "--key", SAMIR.handle, show=True)
    stage.evidence(
        *("record", "deploy", "--environment", "production", "--service", SERVICE, "--release", RELEASE),
        *("--artifact", str(artifact), "--status", "succeeded", "--project", PROJECT, *pipeline),
        show=True,
    )
    stage.evidence(
        *("record", "observation", "--environment", "production", "--service", SERVICE, "--release", RELEASE),
        *("--running", str(artifact), "--verification", "passed", "--project", PROJECT, *pipeline),
    )
    stage.evidence("reconcile", *repository, *pipeline, show=True)


def perform(stage: Stage, scenery: Scenery) -> None:
    """The whole play."""
    found_ledger(stage)
    stage.start()
    start = scenery.begin(MARA)
    enrol_everybody(stage, start)
    for story in STORIES:
        tell(stage, scenery, story)
    release_and_deploy(stage, scenery)


def _people_file(start: str) -> str:
    lines = [
        "[[project]]",
        f'name = "{PROJECT}"',
        'object_format = "sha1"',
        f'protected_refs = ["{MAIN}"]',
        f'start = "{start}"',
        "",
    ]
    for somebody in PEOPLE:
        if somebody is not MARA:
            roles = ", ".join(f'"{role}"' for role in somebody.roles)
            lines += [
                "[[person]]",
                f'name = "{somebody.name}"',
                f'mail = ["{somebody.mail}"]',
                f'accounts = [{{ system = "{FORGE}", id = "{_account(somebody)}", login = "{somebody.handle}" }}]',
                f"roles = [{roles}]",
                "",
            ]
    lines += ["[[agent]]", f'name = "{AGENT}"', f'responsible = "{MARA.mail}"', ""]
    lines += ["[[service]]", f'name = "{PIPELINE}"', f'responsible = "{MARA.mail}"', ""]
    return "\n".join(lines)

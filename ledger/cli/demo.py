"""``evidence demo``: the main job on an invented company, from founding a ledger to a tampered copy caught."""

from __future__ import annotations

import shlex
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger import exitcodes
from ledger.cli.output import clean, paint, plural
from ledger.errors import ConflictError

if TYPE_CHECKING:
    from ledger.cli.demonstration.page import Finding
    from ledger.cli.demonstration.stage import Stage

MARKER: Final = ".evidence-demo"
"""Names a folder as one that the demonstration made and may make anew."""

SHELL: Final = "environment.sh"
PORT: Final = 8410
"""Where the server listens that the reader starts."""
_FORGED: Final = (b"Checked the rounding against the price list.", b"Approved this unread because I was asked to.")
_NOTICE: Final = "Sample data: company, people and changes are invented; keys, signatures and digests are real."
_WORDS: Final = {"fail": "FAIL", "not-evaluable": "cannot tell"}


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-out"),
    show_default=True,
    help="Folder.",
)
def demo(out: Path) -> None:
    """See the whole road on an invented company: eight people, one agent, ten changes, planted faults.

    Makes a git repository, founds a ledger, records and approves through its server, releases, prints the findings, a
    trace, an evidence pack and what verification says of a tampered copy. Needs no network; changes nothing of yours.
    """
    from ledger.cli.demonstration.company import COMPANY, STORIES
    from ledger.cli.demonstration.page import Shown, render
    from ledger.cli.demonstration.play import RELEASE, perform
    from ledger.cli.demonstration.scenery import Scenery
    from ledger.cli.demonstration.stage import Stage

    began = time.monotonic()
    folder = _fresh(out)
    stage = Stage(folder, lambda line: click.echo(f"$ {line}"))
    click.echo(f"{COMPANY} is invented, with faults planted in its changes; keys, signatures and digests are real.\n")
    try:
        perform(stage, Scenery(folder / "repository"))
        click.echo(f"\nRecorded {plural(len(STORIES), 'change')} of {RELEASE}.")
        findings = _findings(stage)
        sections = [_trace(stage), _pack(stage), *_verifications(stage)]
    finally:
        stage.stop()
    page = render(
        Shown(
            title=f"{COMPANY}: evidence of {RELEASE}",
            intro="An invented company with planted faults. Its evidence was recorded as a team's would be; keys, "
            "signatures and digests are real and can be checked. Each part stands under the command that made it.",
            files=_files(folder),
            findings=tuple(findings),
            sections=tuple(sections),
        )
    )
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / SHELL).write_text(stage.shell(PORT), encoding="utf-8")
    click.echo(f"\nOpen {out / 'index.html'}  ({time.monotonic() - began:.0f} s)")
    for line in _going_on(out):
        click.echo(line)


def _going_on(out: Path) -> tuple[str, ...]:
    """What to type to go on with this ledger by oneself."""
    from ledger.cli.demonstration.company import PEOPLE, PROJECT
    from ledger.cli.demonstration.play import OFFICER, RELEASE

    names = ", ".join([OFFICER, "pipeline", *(one.handle for one in PEOPLE if one.handle not in OFFICER)])
    return (
        "\nTo go on with it by yourself, in a shell of its own:",
        f"  cd {shlex.quote(str(out))} && . ./{SHELL}       # where its keys, anchor and server are",
        f"  evidence serve ledger --port {PORT} &",
        "  evidence people list                        # one account is nobody's yet",
        f"  evidence gate {RELEASE} --at deploy --project {PROJECT} --key pipeline",
        f"Keys: {names}.",
    )


def _fresh(out: Path) -> Path:
    folder = out.resolve()
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise ConflictError(
                "folder-not-empty",
                "the folder holds something that the demonstration did not make",
                details={"folder": str(folder)},
                remedy="Name another with --out",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("Made by evidence demo, which may make it anew.\n", encoding="utf-8")
    return folder


def _findings(stage: Stage) -> list[Finding]:
    from ledger.cli.demonstration.company import PROJECT, STORIES
    from ledger.cli.demonstration.page import Finding
    from ledger.cli.demonstration.play import RELEASE

    click.echo(f"\n$ evidence check {RELEASE}")
    document = stage.answer("check", RELEASE, expect=(exitcodes.NEGATIVE,))
    titles = {story.number: story.title for story in STORIES}
    findings = [
        Finding(_WORDS[verdict["outcome"]], verdict["rule"], _subject(verdict, titles), _sentence(verdict))
        for verdict in document["verdicts"]
        if verdict["outcome"] in _WORDS
    ]
    for finding in findings:
        mark = paint(f"{finding.word:<11}", "red" if finding.word == "FAIL" else "yellow")
        click.echo(f"  {mark} {finding.rule}  {clean(finding.subject)}: {clean(finding.sentence, 2_000)}")
    passed = sum(verdict["outcome"] == "pass" for verdict in document["verdicts"])
    click.echo(f"  and {plural(passed, 'verdict')} passed, in project {PROJECT}")
    return findings


def _sentence(verdict: dict[str, Any]) -> str:
    """What was found, and which exceptions stand beside it."""
    entries = ", ".join(f"entry {item['index']}" for item in verdict["excepted_by"])
    return f"{verdict['sentence']} Excepted by {entries}." if entries else str(verdict["sentence"])


def _subject(verdict: dict[str, Any], titles: dict[str, str]) -> str:
    number = verdict["subject"].rpartition("/")[2]
    return f"#{number} {titles[number]}" if number in titles else str(verdict["subject"])


def _trace(stage: Stage) -> tuple[str, str, str]:
    from ledger.cli.demonstration.company import QUESTION

    line = f"{QUESTION[0]}:{QUESTION[1]}"
    click.echo(f"\nAn on-call engineer asks about one line:\n$ evidence trace {line}")
    printed = stage.evidence("trace", line, "--repo", str(stage.folder / "repository"))
    click.echo(printed.rstrip())
    return "From a failing line to its approver", f"evidence trace {line}", printed


def _pack(stage: Stage) -> tuple[str, str, str]:
    from ledger.cli.demonstration.company import COMPANY
    from ledger.cli.demonstration.play import OFFICER, RELEASE

    click.echo("\nA compliance officer makes the pack:")
    words = ("pack", RELEASE, "--seal", str(stage.ledger), "--out", str(stage.folder / "pack"), "--key", OFFICER)
    printed = stage.evidence(*words, "--organisation", COMPANY, "--notice", _NOTICE)
    shown = printed.replace(f"{stage.folder}/", "")
    click.echo(shown.rstrip())
    return "The evidence pack", f"evidence pack {RELEASE} --seal ledger --out pack", shown


def _verifications(stage: Stage) -> list[tuple[str, str, str]]:
    from ledger.cli.demonstration.tampering import tampered_copy

    pack = next((stage.folder / "pack").glob("*.evidence.pdf"), None)
    bundle = next((stage.folder / "pack").glob("*.evidence.zip"))
    anchor = str(stage.ledger / "ledger.pub")
    copy = stage.folder / "tampered.zip"
    copy.write_bytes(tampered_copy(bundle.read_bytes(), *_FORGED))
    shown = []
    for title, file, status in (
        ("An auditor verifies it, offline", pack or bundle, exitcodes.DONE),
        ("A copy in which a reviewer's comment was changed and every digest made to fit", copy, exitcodes.NEGATIVE),
    ):
        name = str(file.relative_to(stage.folder))
        command = f"evidence verify {name} --anchor ledger/ledger.pub"
        printed = stage.evidence("verify", str(file), "--anchor", anchor, expect=(status,))
        click.echo(f"\n{title}:\n$ {command}\n{printed.rstrip()}")
        shown.append((title, command, printed))
    return shown


def _files(folder: Path) -> tuple[tuple[str, str], ...]:
    kinds = {
        ".evidence.pdf": "the pack, sealed, its bundle attached",
        ".evidence.html": "the pack for a browser",
        ".evidence.zip": "the bundle, with verify.py",
        ".evidence.dsse.json": "the recorded event of the pack: the ledger's own signature over its files",
        ".registers.xlsx": "every register as a workbook",
        ".registers.csv.zip": "every register as CSV",
        ".assessment-results.json": "the verdicts as OSCAL",
        "verify.html": "a page that verifies packs and bundles in a browser, offline",
    }
    packs = [
        (str(path.relative_to(folder)), next(words for ending, words in kinds.items() if path.name.endswith(ending)))
        for path in sorted((folder / "pack").iterdir())
    ]
    return (
        *packs,
        ("ledger/ledger.pub", "the public anchor: the one line that a verifier takes from elsewhere"),
        ("tampered.zip", "a copy with one comment changed"),
        ("repository/", "the company's git repository"),
    )

"""The demonstration finds what was planted, and everything it makes can be asked and verified afterwards."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ledger import exitcodes
from ledger.cli.demonstration.company import PROJECT, STORIES
from ledger.cli.demonstration.play import RELEASE
from ledger.cli.demonstration.stage import Stage
from ledger.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


class Demo(NamedTuple):
    """What the demonstration left behind, its server running again."""

    folder: Path
    printed: str
    stage: Stage


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demonstration, once for all tests of this module."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    told: list[str] = []
    first = Stage(folder.parent / "first", told.append)
    first.folder.mkdir()
    printed = first.evidence("demo", "--out", str(folder))
    stage = Stage(folder, told.append)
    stage.start()
    try:
        yield Demo(folder, printed, stage)
    finally:
        stage.stop()


def _about(demo: Demo, number: str) -> str:
    return "\n".join(line for line in demo.printed.splitlines() if f"#{number} " in line)


def test_one_can_go_on_with_it(demo: Demo) -> None:
    """What it prints at the end finds the ledger, and one account is left whose owner is to be told."""
    lines = (demo.folder / "environment.sh").read_text("utf-8").splitlines()
    assert f"export EVIDENCE_LEDGER_ANCHOR={demo.folder}/ledger/ledger.pub" in lines
    assert "evidence serve ledger --port 8410" in demo.printed
    assert "Keys: mara-lindqvist, pipeline, " in demo.printed
    assert "freight-contractor" in demo.stage.evidence("people", "list")


def test_commits_are_dated_within_the_day_before(demo: Demo) -> None:
    """Nothing that the play records took months, and no commit is dated after it was recorded."""
    repository = demo.folder / "repository"
    told = subprocess.run(
        ["git", "-C", str(repository), "log", "--all", "--format=%at"], check=True, capture_output=True, text=True
    )
    dated = [int(word) for word in told.stdout.split()]
    assert len(dated) > len(STORIES)
    assert max(dated) < time.time()
    assert min(dated) > time.time() - 2 * 86_400


def test_every_planted_fault_is_found_and_no_clean_change_is_blamed(demo: Demo) -> None:
    """Each fault has its line; changes without one have none."""
    assert "prompted the assistant" in _about(demo, "202")
    assert "The forge shows a tick; the approved revision was 2, merged was 3." in _about(demo, "203")
    assert "after two failed runs" in _about(demo, "204")
    assert "A rejection stands: Priya Nair" in _about(demo, "206")
    assert "APP-05" in _about(demo, "207")
    assert "Excepted by entry" in _about(demo, "207")
    assert "merged was content of no recorded revision" in _about(demo, "210")
    assert "declared to be made without an assistant" in _about(demo, "209")
    blamed = {story.number for story in STORIES if "FAIL" in _about(demo, story.number)}
    assert blamed == {story.number for story in STORIES if story.planted is not None}


def test_it_ends_with_a_trace_a_pack_and_a_tampered_copy_caught(demo: Demo) -> None:
    """The trace leads to the approver; the good copy is intact, the other is not."""
    assert "Jonas Weber approved revision 2" in demo.printed
    assert "records: intact" in demo.printed
    assert "V16 contents" in demo.printed
    assert (demo.folder / "index.html").is_file()
    names = {path.name for path in (demo.folder / "pack").iterdir()}
    assert {name.removeprefix("tariffs-4.2.0.") for name in names} == {
        *("evidence.pdf", "evidence.html", "evidence.zip", "evidence.dsse.json", "verify.html"),
        *("registers.xlsx", "registers.csv.zip", "assessment-results.json"),
    }
    page = (demo.folder / "index.html").read_text("utf-8")
    assert all(f"pack/{name}" in page for name in names)


def test_it_makes_its_folder_anew_and_nobody_elses(demo: Demo, tmp_path: Path) -> None:
    """A folder that the demonstration did not make is left alone."""
    (tmp_path / "mine.txt").write_text("mine")
    assert run(["demo", "--out", str(tmp_path)]) == exitcodes.ERROR
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert demo.folder.is_dir()


def test_a_pack_says_records_and_printed_pages_apart(demo: Demo, tmp_path: Path) -> None:
    """The sealed pack holds as both; pages without a seal end with exit 3 unless only records were asked for."""
    anchor = ("--anchor", str(demo.folder / "ledger" / "ledger.pub"))
    sealed = demo.stage.answer("verify", str(next((demo.folder / "pack").glob("*.pdf"))), *anchor)
    assert (sealed["records"], sealed["printed_pages"], sealed["failures"]) == ("intact", "sealed", [])
    demo.stage.evidence("pack", RELEASE, "--format", "pdf", "--no-record", "--out", str(tmp_path))
    pdf = str(next(tmp_path.glob("*.pdf")))
    printed = demo.stage.evidence("verify", pdf, *anchor, expect=(exitcodes.NEGATIVE,))
    assert "records: intact" in printed
    assert "printed pages: not sealed: the pages carry no seal" in printed
    assert "records: intact" in demo.stage.evidence("verify", pdf, *anchor, "--records-only")
    document = demo.stage.answer("verify", pdf, *anchor, expect=(exitcodes.NEGATIVE,))
    assert (document["records"], document["printed_pages"], document["failures"]) == ("intact", "not sealed", [])
    assert document["verifier_is_published"]


def test_verify_refuses_what_is_no_bundle(demo: Demo, tmp_path: Path) -> None:
    """Rubbish is not judged, a cut bundle is not intact, and another ledger's anchor fails by its check."""
    rubbish, cut = tmp_path / "rubbish.zip", tmp_path / "cut.zip"
    rubbish.write_bytes(b"PK nothing")
    anchor = ("--anchor", str(demo.folder / "ledger" / "ledger.pub"))
    demo.stage.evidence("verify", str(rubbish), *anchor, expect=(exitcodes.USAGE,))
    cut.write_bytes(next((demo.folder / "pack").glob("*.evidence.zip")).read_bytes()[:-1])
    assert "NOT intact" in demo.stage.evidence("verify", str(cut), *anchor, expect=(exitcodes.NEGATIVE,))
    other = (demo.folder / "ledger" / "ledger.pub").read_text("utf-8").rpartition(" ")[0] + " sha256:" + "0" * 64
    bundle = str(next((demo.folder / "pack").glob("*.evidence.zip")))
    assert "V02" in demo.stage.evidence("verify", bundle, "--anchor", other, expect=(exitcodes.NEGATIVE,))


def test_one_change_is_checked_and_traced_by_itself(demo: Demo) -> None:
    """What the bundle of the release says of a change, its own records say too."""
    alone = demo.stage.answer("check", "203", "--project", PROJECT, expect=(exitcodes.NEGATIVE,))
    whole = demo.stage.answer("check", RELEASE, expect=(exitcodes.NEGATIVE,))
    bundle = str(next((demo.folder / "pack").glob("*.evidence.zip")))
    offline = demo.stage.answer("check", bundle, expect=(exitcodes.NEGATIVE,))

    def of(document: dict[str, object]) -> list[tuple[object, object, object]]:
        verdicts = document["verdicts"]
        assert isinstance(verdicts, list)
        return [
            (item["rule"], item["outcome"], item["sentence"]) for item in verdicts if item["subject"].endswith("/203")
        ]

    assert of(alone) == of(whole) == of(offline)
    assert of(alone)
    assert demo.stage.evidence("check", "201", "--project", PROJECT).count("FAIL") == 0


@pytest.mark.parametrize(
    "target",
    [("203",), (RELEASE,), ("src/discount.py:1", "--repo", "repository"), ("--env", "production", "--since", "1h")],
)
def test_every_way_into_a_trace_leads_to_the_approver(demo: Demo, target: tuple[str, ...]) -> None:
    """A change, a release, a line and an incident show the same decision."""
    words = [word if word != "repository" else str(demo.folder / "repository") for word in target]
    document = demo.stage.answer("trace", *words, "--project", PROJECT)
    if "--repo" in words:
        assert {trace["change"] for trace in document["traces"]} == {"203"}
    steps = [step for trace in document["traces"] for step in trace["steps"] if step["change"] == "203"]
    kinds = [step["kind"] for step in steps]
    # The second review is by an account that nobody claims.
    assert kinds == ["diff", "diff", "test", "approval", "approval", "diff", "test", "decision", "push", "merge"]
    named = [step["name"] for step in steps if step["kind"] == "approval"]
    assert named[0] == "Jonas Weber"
    assert named[1].endswith("(unresolved)")


def test_commits_trees_and_digests_lead_into_a_trace(demo: Demo) -> None:
    """The same change is found by head, landed commit, tree, manifest and, for the release, by artifact."""
    listed = demo.stage.answer("log", "--change", "203", "--kind", "merge", "--project", PROJECT)
    index = listed["entries"][0]["leaf"]["index"]
    shown = demo.stage.answer("show", str(index))
    predicate = shown["statement"]["predicate"]
    for target in (predicate["commit"], predicate["tree"], predicate["manifest"]):
        found = demo.stage.answer("trace", target, "--repo", str(demo.folder / "repository"))["traces"]
        assert any(trace["change"] == "203" for trace in found), target
    # The next change began on this commit, and is not what it came with.
    by_commit = demo.stage.answer("trace", predicate["commit"], "--repo", str(demo.folder / "repository"))["traces"]
    assert {trace["change"] for trace in by_commit} == {"203"}
    by_event = demo.stage.answer("show", shown["leaf"]["envelope"])
    assert by_event == shown
    release = demo.stage.answer("log", "--kind", "release")["entries"][0]["leaf"]["index"]
    artifact = demo.stage.answer("show", str(release))["statement"]["predicate"]["artifacts"][0]["sha256"]
    found = demo.stage.answer("trace", artifact)["traces"]
    assert {trace["release"] for trace in found} == {RELEASE}


def test_what_is_not_there_is_said_with_a_remedy(demo: Demo) -> None:
    """Unknown targets exit 1 and name what to do."""
    for words in (
        ("trace", "0" * 40),
        ("trace", "nowhere@9"),
        ("check", "999", "--project", PROJECT),
        ("show", "99999"),
    ):
        demo.stage.evidence(*words, expect=(exitcodes.ERROR,))
    demo.stage.evidence("trace", expect=(exitcodes.USAGE,))


def test_the_page_reads_well_in_a_browser(demo: Demo, chromium: Browser) -> None:
    """The page opens without errors and names every finding."""
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto((demo.folder / "index.html").as_uri())
    text = page.inner_text("main")
    assert "The forge shows a tick" in text
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    assert messages == []
    document = json.loads(json.dumps({"title": page.title()}))
    assert RELEASE in document["title"]
    page.close()

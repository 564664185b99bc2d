"""Recording what forges, operations and people tell beside the main road, each kind against a real server."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.client import Client
from ledger.events.forge import ChangeState, ControlSnapshot, Protection, Push, ReviewNote
from ledger.events.governance import Correction
from ledger.events.operation import Build, Findings, Heartbeat, Incident, Observation, Scan, Suppressed
from ledger.events.work import Diff, Merge, Prompt, SuiteRun
from ledger.verify.run import verify_bundle
from tests.cli.shop import clone, only, open_shop, report, within
from tests.cli.test_record import SYSTEMS, WORKSPACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.capture.conftest import Sandbox
    from tests.cli.shop import Shop

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_ACTOR": "ray",
    "GITHUB_ACTOR_ID": "202",
    "GITHUB_REPOSITORY_ID": "42",
}
IMAGE = "sha256:" + "ab" * 32


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for the module, whose whole log is verified at the end."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found
        bundle = bytearray()
        with Client(found.house.url, found.anchor) as client:
            client.bundle("period", bundle.extend, {"from": 0, "to": client.checkpoint().size})
        verification = verify_bundle(bytes(bundle), found.anchor)
        assert verification.intact, verification


@pytest.fixture(autouse=True)
def _no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs this suite is not what is recorded."""
    for name in (*SYSTEMS, *WORKSPACES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repo(tmp_path: Path) -> Sandbox:
    """A clone on a branch with one commit more than main."""
    sandbox = clone(tmp_path / "repo")
    sandbox.branch("feature")
    sandbox.commit({b"a.txt": b"2\n"}, f"Feature of {tmp_path.name}")
    return sandbox


def body_of(shop: Shop, said: Any, kind: type[Any], at: int = 0) -> Any:  # noqa: ANN401 -- an event's body of that kind
    """The body of an event that a command recorded."""
    body = shop.event(said, at).body
    assert isinstance(body, kind)
    return body


def texts(shop: Shop, said: Any) -> dict[str, str]:  # noqa: ANN401 -- what a command said
    """The texts that go with the one event that a command recorded."""
    event = shop.event(said)
    return {
        item.name: shop.content(event, item.name).data.decode()
        for item in event.context.contents
        if item.media_type == "text/plain"
    }


def github(monkeypatch: pytest.MonkeyPatch, folder: Path, payload: Any, **variables: str) -> None:  # noqa: ANN401 -- JSON
    """Stands in a run of GitHub Actions that this event set off."""
    path = folder / "event.json"
    path.write_text(json.dumps(payload))
    for name, text in {**GITHUB, "GITHUB_EVENT_PATH": str(path), **variables}.items():
        monkeypatch.setenv(name, text)


def test_a_statement_of_a_change_holds_until_the_next(shop: Shop, tmp_path: Path) -> None:
    """What is not said again is taken over, texts with their commitment; the same again records nothing."""
    runbook = report(tmp_path, "1. stop\n2. copy\n", "runbook.md")
    stops = report(tmp_path, "errors above 1 %", "stops.md")
    words = ("record", "change", "--change", "held", "--json")
    first = shop.ivy.ok(*words, "--title", "Rounding", "--reason", "Twice rounded", "--request", "jira:PAY-12:open")
    assert texts(shop, first) == {"title": "Rounding", "reason": "Twice rounded"}
    body = body_of(shop, first, ChangeState)
    assert (body.state, body.type, body.cutover) == ("opened", "normal", None)
    assert [(item.system, item.id, item.state) for item in body.requests] == [("jira", "PAY-12", "open")]
    assert shop.event(first).context.actor.principal == shop.principal("Ivy Author")
    second = shop.ivy.ok(
        *words,
        *(
            "--impact",
            "Totals change by a cent",
            "--security-impact",
            "None",
            "--fallback",
            "Deploy 4.1",
            "--risk",
            "High",
        ),
        *("--returns-to", "shop@4.1", "--target", "main", "--type", "standard"),
        *("--cutover-owner", "Ray Reviewer", "--runbook", runbook, "--stop-conditions", stops),
    )
    assert set(texts(shop, second)) == {
        *("title", "reason", "impact", "security-impact", "fallback", "runbook", "stop-conditions")
    }
    whole = body_of(shop, second, ChangeState)
    assert (whole.state, whole.type, whole.risk, whole.returns_to) == ("updated", "standard", "high", "shop@4.1")
    assert (whole.target, whole.requests) == ("refs/heads/main", body.requests)
    assert whole.cutover.owner == shop.principal("Ray Reviewer")
    kept = [shop.event(said).context.content("reason") for said in (first, second)]
    assert kept[0] == kept[1]
    again = only(shop.ivy.ok(*words, "--risk", "high"))
    assert (again["state"], again["index"]) == ("recorded-before", only(second)["index"])
    anew = shop.ivy.ok(*words, "--anew", "--state", "closed")
    assert texts(shop, anew) == {}
    assert body_of(shop, anew, ChangeState).requests == ()


@pytest.mark.parametrize(
    "words",
    [
        ("--request", "PAY-12"),
        ("--request", "jira:"),
        ("--request", "Jira:PAY-12"),
        ("--request", "jira:PAY 12"),
        ("--cutover-owner", "Ray Reviewer"),
        ("--runbook", "-"),
        ("--reason", "a", "--reason-file", "-"),
    ],
)
def test_what_cannot_be_stated_is_refused(shop: Shop, words: tuple[str, ...]) -> None:
    """A request without a system, a cut-over without its texts, a text told twice: wrong usage, nothing recorded."""
    said = shop.ivy.evidence("record", "change", "--change", "refused", *words, "--json")
    assert said.status == exitcodes.USAGE


def test_a_pipeline_states_its_change_without_flags(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On GitHub title, target, state and author come from the event; secrets are masked; a rerun is silent."""
    pull = {"number": 812, "title": "Rates, key AKIAABCDEFGHIJKLMNOP", "user": {"id": 101, "login": "ivy"}}
    payload = {"action": "synchronize", "pull_request": pull, "sender": {"id": 202, "login": "ray"}}
    variables = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/812/merge", "GITHUB_BASE_REF": "main"}
    github(monkeypatch, tmp_path, payload, **variables)
    opened = shop.ci.ok("record", "change", "--json")
    body = body_of(shop, opened, ChangeState)
    assert (body.state, body.target) == ("opened", "refs/heads/main")
    assert shop.event(opened).context.about.change == "812"
    assert shop.event(opened).context.actor.principal == shop.principal("Ivy Author")
    assert texts(shop, opened) == {"title": "Rates, key [REDACTED:aws-key]"}
    assert only(shop.ci.ok("record", "change", "--json"))["state"] == "recorded-before"
    github(monkeypatch, tmp_path, {**payload, "action": "closed"}, **variables)
    closed = shop.ci.ok("record", "change", "--json")
    assert body_of(shop, closed, ChangeState).state == "closed"
    # Of the account that closed it the ledger knows nobody: the account itself stands there.
    assert shop.event(closed).context.actor.account == "account"


def test_gitlab_names_the_change_and_its_title(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The title of a merge request comes from its pipeline's variables; of another change it says nothing."""
    variables = {
        "GITLAB_CI": "true",
        "CI_MERGE_REQUEST_IID": "31",
        "CI_MERGE_REQUEST_TITLE": "Faster",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    }
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    said = shop.ci.ok("record", "change", "--json")
    assert (texts(shop, said), body_of(shop, said, ChangeState).target) == ({"title": "Faster"}, "refs/heads/main")
    other = shop.ci.ok("record", "change", "--change", "32", "--json")
    assert (texts(shop, other), body_of(shop, other, ChangeState).target) == ({}, None)


def test_a_statement_waits_while_the_server_is_down(shop: Shop) -> None:
    """It is spooled with the warning that it stands alone, and what waits is taken over by the next."""
    shop.ivy.ok("record", "change", "--change", "away", "--reason", "Known")
    down: dict[str, str] = {"server": shop.closed, "project": shop.project}
    said = shop.ivy.ok("record", "change", "--change", "away", "--impact", "None", "--json", **down)
    assert (only(said)["state"], said.document["stated"]) == ("spooled", ["impact"])
    assert "stands alone" in said.err
    more = shop.ivy.ok("record", "change", "--change", "away", "--fallback", "Back", "--json", **down)
    assert more.document["stated"] == ["impact", "fallback"]
    assert len(shop.ivy.ok("outbox", "flush", "--json").document["delivered"]) == 2


def test_a_token_that_opens_no_contents_takes_nothing_back(tmp_path: Path) -> None:
    """What people stated stays in force: such a pipeline records nothing, says so, and leaves with 0."""
    with open_shop(tmp_path) as shop:
        shop.ivy.ok("record", "change", "--change", "7", "--title", "Rounding", "--reason", "Known")
        words = ("token", "create", str(shop.house.folder), "--name", "pipeline", "--scope", "ingest")
        token = shop.house.ada.ok(*words, "--scope", "read", "--json").document["token"]
        while shop.ray.evidence("log").status != exitcodes.NOT_ALLOWED:
            time.sleep(0.1)  # The server reads its list of tokens again within a second.
        said = shop.ci.ok("record", "change", "--change", "7", "--title", "Other", "--json", token=token)
        assert said.document == {"events": []}
        assert "(reason)" in said.err
        assert only(shop.ci.ok("record", "change", "--change", "8", "--title", "New", "--json", token=token))["index"]


def test_a_push_is_recorded_once(shop: Shop, repo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the event without flags and without a clone; the same move again records nothing."""
    before, after = repo.head("main"), repo.head()
    github(
        monkeypatch,
        tmp_path,
        {"ref": "refs/heads/feature", "before": before, "after": after, "forced": True, "sender": {"id": 202}},
        GITHUB_EVENT_NAME="push",
        GITHUB_REF="refs/heads/feature",
        GITHUB_ACTOR_ID="101",
    )
    said = shop.ci.ok("record", "push", "--bypass", "Required reviews", "--json")
    body = body_of(shop, said, Push)
    assert body == Push("sha1", "refs/heads/feature", after, before, "required-reviews", forced=True)
    assert shop.event(said).context.actor.principal == shop.principal("Ivy Author")
    again = only(shop.ci.ok("record", "push", "--bypass", "Required reviews", "--json"))
    assert (again["state"], again["index"]) == ("recorded-before", only(said)["index"])
    github(
        monkeypatch,
        tmp_path,
        {"ref": "refs/heads/new", "before": "0" * 40, "after": after, "forced": False},
        GITHUB_EVENT_NAME="push",
    )
    created = body_of(shop, shop.ci.ok("record", "push", "--json"), Push)
    assert (created.ref, created.before, created.after, created.forced) == ("refs/heads/new", None, after, None)


def test_a_push_by_hand_looks_into_the_clone(shop: Shop, repo: Sandbox) -> None:
    """Names are resolved there, and a dropped commit shows as forced; what is missing is asked for."""
    ray = within(shop.ray, repo)
    words = ("record", "push", "--ref", "refs/heads/main", "--json")
    forward = body_of(shop, ray.ok(*words, "--before", "main", "--after", "feature"), Push)
    assert (forward.before, forward.after, forward.forced) == (repo.head("main"), repo.head("feature"), None)
    back = body_of(shop, ray.ok(*words, "--before", "feature", "--after", "main"), Push)
    assert back.forced is True
    gone = ray.ok(*words, "--before", "feature", "--deleted", "--by", "github.com:999")
    assert body_of(shop, gone, Push).after is None
    assert shop.event(gone).context.actor.account == "account"
    for wrong in ((), ("--before", "main"), ("--before", "main", "--after", "main"), ("--created", "--deleted")):
        assert ray.evidence(*words, *wrong).status == exitcodes.USAGE


def test_notes_say_who_said_what_where(shop: Shop, repo: Sandbox) -> None:
    """A question on a line, an applied suggestion of an account, an assistant's review with its session and asker."""
    ray = within(shop.ray, repo)
    words = ("record", "note", "--change", "noted", "--json")
    asked = ray.ok(
        *words, "--note", "question", "--body", "Why?", "--path", "src/a b.py", "--line", "7", "--commit", "HEAD"
    )
    assert body_of(shop, asked, ReviewNote) == ReviewNote("question", commit=repo.head(), line=7, path="src/a b.py")
    assert texts(shop, asked) == {"body": "Why?"}
    assert shop.event(asked).context.actor.principal == shop.principal("Ray Reviewer")
    applied = ray.ok(
        *words, "--applied", "feature", "--body-file", "-", "--by", "github.com:101", stdin="api_key=abcd1234efgh"
    )
    assert body_of(shop, applied, ReviewNote) == ReviewNote("suggestion", applied=repo.head())
    assert texts(shop, applied) == {"body": "api_key=[REDACTED:password]"}
    assert shop.event(applied).context.actor.principal == shop.principal("Ivy Author")
    robot = ray.ok(
        *words,
        *("--agent", "Quill", "--session", "r-1", "--initiator", "Ray Reviewer", "--advisory", "--body", "Looks fine"),
    )
    note = body_of(shop, robot, ReviewNote)
    assert (note.advisory, note.session, note.initiator) == (True, "r-1", shop.principal("Ray Reviewer"))
    assert shop.event(robot).context.actor.principal == shop.principal("Quill")
    for wrong in ((), ("--body", "x", "--line", "3"), ("--body", "x", "--applied", "HEAD", "--note", "question")):
        assert ray.evidence(*words, *wrong).status == exitcodes.USAGE


def released(shop: Shop, repo: Sandbox, version: str) -> str:
    """Envelope digest of a recorded release of that version."""
    words = ("record", "release", "--product", "shop", "--version", version, "--first", "--commit", "main", "--json")
    return str(only(within(shop.ci, repo).ok(*words))["envelope"])


def test_what_was_seen_running(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Artifacts by digest or file, the release by name, what the observer read; a verification needs its release."""
    envelope = released(shop, repo, "7.0")
    binary = report(tmp_path, "built", "shop.bin")
    listing = report(tmp_path, '{"pods": []}', "pods.json")
    words = ("record", "observation", "--environment", "Production", "--service", "web", "--json")
    said = shop.ci.ok(
        *words,
        *("--running", f"web={IMAGE}", "--running", f"tool={binary}", "--release", "shop@7.0"),
        *("--verification", "passed", "--failed", "2", "--report", listing),
    )
    body = body_of(shop, said, Observation)
    assert [(item.name, item.sha256) for item in body.running] == [
        ("web", IMAGE),
        ("tool", "sha256:" + hashlib.sha256(b"built").hexdigest()),
    ]
    assert (body.environment, body.release, body.verification, body.failed) == ("production", envelope, "passed", 2)
    assert shop.event(said).context.about.release == "shop@7.0"
    assert shop.content(shop.event(said), "report").data == b'{"pods": []}'
    assert shop.ci.evidence(*words, "--verification", "passed").status == exitcodes.USAGE
    assert shop.ci.evidence(*words, "--running", "nowhere").status == exitcodes.USAGE


def test_an_incident_from_opening_to_review(shop: Shop, repo: Sandbox) -> None:
    """What is not said again is taken over; a cause names its change; it is found by its id, and by its suspects."""
    envelope = released(shop, repo, "8.0")
    opened = shop.ray.ok(
        *("record", "incident", "INC-12", "--severity", "High", "--environment", "production", "--service", "web"),
        *("--release", "shop@8.0", "--started-at", "2026-11-21T03:10:00Z", "--summary", "Totals wrong", "--json"),
    )
    body = body_of(shop, opened, Incident)
    assert (body.state, body.severity, body.cause, body.started_at) == (
        "opened",
        "high",
        "unknown",
        "2026-11-21T03:10:00Z",
    )
    assert [(item.release, item.change) for item in body.suspects] == [(envelope, None)]
    closed = shop.ray.ok(
        *("record", "incident", "INC-12", "--state", "closed", "--cause", "change", "--change", "117"),
        *("--corrective", "118", "--review", "Round once", "--json"),
    )
    body = body_of(shop, closed, Incident)
    assert (body.state, body.severity, body.service, body.corrective) == ("closed", "high", "web", "118")
    assert [(item.release, item.change) for item in body.suspects] == [(envelope, None), (None, "117")]
    assert texts(shop, closed) == {"review": "Round once"}
    for words in (("INC-13",), ("INC-13", "--severity", "low", "--cause", "change"), ("I N", "--severity", "low")):
        assert shop.ray.evidence("record", "incident", *words).status == exitcodes.USAGE


def test_a_heartbeat_counts_from_the_last(shop: Shop) -> None:
    """Its span in seconds, and since when it counts: by default since the source spoke before."""
    words = ("record", "heartbeat", "--source", "collector", "--json")
    first = shop.ci.ok(*words, "--count", "12", "--interval", "2h", "--cursor", "4711")
    assert body_of(shop, first, Heartbeat) == Heartbeat(12, 7200, "collector", "4711")
    second = body_of(shop, shop.ci.ok(*words, "--count", "0"), Heartbeat)
    assert (second.interval_seconds, second.since) == (86400, shop.event(first).context.occurred_at)
    assert shop.ci.evidence(*words, "--count", "0", "--interval", "soon").status == exitcodes.USAGE


def test_a_correction_stands_beside_what_it_corrects(shop: Shop, repo: Sandbox) -> None:
    """It is about what the earlier event is about, by number or digest; the ledger's own acts are not corrected."""
    ci = within(shop.ci, repo)
    wrong = only(ci.ok("record", "diff", "--base", "main", "--change", "wrong", "--json"))
    values = '{"risk": "high"}'
    said = shop.ray.ok(
        *("record", "correction", str(wrong["index"]), "--reason", "Wrong risk", "--values", "-"),
        *("--comment", "It touches money", "--json"),
        stdin=values,
    )
    event = shop.event(said)
    assert event.body == Correction(wrong["envelope"], "wrong-risk")
    assert event.context.about == shop.entry(wrong["index"]).context.about
    assert shop.content(event, "values").data == values.encode()
    shown = shop.ray.ok("show", str(only(said)["index"])).out
    assert f"  | {values}" in shown
    assert "  | It touches money" in shown
    again = shop.ray.ok(
        "record", "correction", wrong["envelope"], "--reason", "r", "--values", "-", "--json", stdin="{}"
    )
    assert shop.event(again).context.about.change == "wrong"
    for stdin, entry in (("[]", wrong["envelope"]), ('{"riks": "high"}', wrong["envelope"]), (values, "0")):
        said = shop.ray.evidence("record", "correction", entry, "--reason", "r", "--values", "-", stdin=stdin)
        assert said.status == exitcodes.USAGE
    down: dict[str, str] = {"server": shop.closed, "project": shop.project}
    words = ("record", "correction", "--reason", "r", "--values", "-", "--json")
    lost = shop.ray.evidence(*words, "3", stdin="{}", **down)
    assert (lost.status, lost.problem["slug"]) == (exitcodes.UNREACHABLE, "server-needed")
    assert only(shop.ray.ok(*words, wrong["envelope"], stdin="{}", **down))["state"] == "spooled"
    shop.ray.ok("outbox", "flush")


def test_prompts_say_what_was_masked_and_under_which_settings(shop: Shop, tmp_path: Path) -> None:
    """The look for secrets is part of the event, with the digest of the assistant's configuration."""
    text, settings = report(tmp_path, "use api_key=abcd1234efgh", "p.txt"), report(tmp_path, "{}", "settings.json")
    words = ("record", "prompt", "--text", text, "--tool", "quill", "--json")
    prompt = body_of(shop, shop.ivy.ok(*words, "--configuration", settings), Prompt)
    assert prompt.configuration == "sha256:" + hashlib.sha256(b"{}").hexdigest()
    assert prompt.scan is not None
    assert (prompt.scan.findings, prompt.scan.masked, prompt.scan.tool) == (0, 1, "evidence")
    missing = shop.ivy.evidence(*words, "--configuration", str(tmp_path / "nowhere"))
    assert (missing.status, "nowhere" in missing.err) == (exitcodes.ERROR, True)


def test_revisions_runs_and_landings_say_more(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """A diff its target, a run its sort and contract, a merge what git makes of it again, and that it is late."""
    ci = within(shop.ci, repo)
    words = ("record", "diff", "--base", "main", "--change", "more", "--target", "main", "--risk", "High", "--json")
    diff = body_of(shop, ci.ok(*words), Diff)
    assert (diff.target, diff.risk) == ("refs/heads/main", "high")
    schema = report(tmp_path, "openapi: 3.1.0", "shop.yaml")
    tested = ci.ok(
        *("record", "test", report(tmp_path), "--suite", "api", "--class", "contract"),
        *("--contract", f"shop-api={schema}", "--json"),
    )
    run = body_of(shop, tested, SuiteRun).run
    assert (run.class_, run.contract.name) == ("contract", "shop-api")
    assert run.contract.sha256 == "sha256:" + hashlib.sha256(b"openapi: 3.1.0").hexdigest()
    before = repo.head("main")
    repo.switch("main")
    repo.commit({b"other.txt": b"1\n"}, "Beside")
    repo.git("merge", "--quiet", "--no-ff", "feature", "-m", "Merge")
    said = ci.ok(
        "record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "HEAD", "--late", "--json"
    )
    beside, merged = (body_of(shop, said, Merge, at) for at in (0, 1))
    assert beside.recomputed is None
    assert (merged.recomputed.outcome, merged.recomputed.tree) == ("clean", repo.tree())
    assert shop.event(said, 1).context.late is True


def sarif(*levels: str, tool: str = "linter", ended: bool | None = True, **run: Any) -> Any:  # noqa: ANN401 -- JSON
    """A run of a SARIF file with a finding of each level."""
    invocations = {} if ended is None else {"invocations": [{"executionSuccessful": ended}]}
    results = [{"message": {"text": "x"}, "level": level} for level in levels]
    return {"tool": {"driver": {"name": tool, "version": "1.2"}}, "results": results, **invocations, **run}


def sarif_file(folder: Path, *runs: Any) -> str:  # noqa: ANN401 -- JSON
    """Path of a SARIF file."""
    return report(folder, json.dumps({"version": "2.1.0", "runs": runs}), "scan.sarif")


def test_scans_are_counted_from_their_report(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """By level and per tool, what was set aside apart; on the commit of the clone; the report byte for byte."""
    ci, aside = within(shop.ci, repo), {"message": {"text": "x"}, "suppressions": [{"kind": "external"}]}
    first = sarif("error", "warning", "note", results=[{"message": {"text": "x"}, "level": "error"}, aside])
    path = sarif_file(tmp_path, first, sarif("warning"), sarif(tool="Other tool", ended=None))
    said = ci.ok("record", "scan", path, "--target", "code", "--change", "scanned", "--json")
    scan, other = (body_of(shop, said, Scan, at) for at in (0, 1))
    assert (scan.counts, scan.suppressed) == (Findings(1, 0, 0, 1), Suppressed(0, 1))
    assert (scan.tool.name, scan.tool.version, scan.complete, scan.commit) == ("linter", "1.2", "yes", repo.head())
    assert (other.tool.name, other.complete) == ("Other-tool", "unknown")
    event = shop.event(said)
    assert (event.context.about.change, event.context.about.tree) == ("scanned", repo.tree())
    assert shop.content(event, "report").data == Path(path).read_bytes()
    reports = [shop.event(said, at).context.content("report") for at in (0, 1)]
    assert reports[0] == reports[1]


def test_a_scan_that_found_nothing_for_lack_of_looking(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """No run is refused; a run without results, of another commit, or with secrets in its report is told."""
    ci = within(shop.ci, repo)
    refused = ci.evidence("record", "scan", sarif_file(tmp_path), "--target", "code", "--json")
    assert (refused.status, refused.problem["slug"]) == (exitcodes.ERROR, "foreign-document")
    elsewhere = [{"repositoryUri": "https://git.example/shop", "revisionId": "f" * 40}]
    run = sarif(results=None, versionControlProvenance=elsewhere, properties={"found": "AKIAABCDEFGHIJKLMNOP"})
    path = sarif_file(tmp_path, run)
    said = ci.ok("record", "scan", path, "--target", "secrets", "--withhold", "--json")
    assert body_of(shop, said, Scan).complete == "no"
    assert "no results at all" in said.err
    assert "f" * 40 in said.err
    reference = shop.event(said).context.content("report")
    assert reference is not None
    assert reference.state == "withheld"
    assert "seems to hold 1 secret" in ci.ok("record", "scan", path, "--target", "secrets").err


def test_prompts_are_scanned_by_session_or_digest(shop: Shop, tmp_path: Path) -> None:
    """A scan of prompts names them; of anything else it names none."""
    text, path = report(tmp_path, "Go", "p.txt"), sarif_file(tmp_path, sarif())
    words = ("record", "prompt", "--text", text, "--tool", "quill", "--session", "scanned", "--json")
    made = [only(shop.ivy.ok(*words))["envelope"] for _ in range(2)]
    other = only(shop.ivy.ok(*words[:-2], "elsewhere", "--json"))["envelope"]
    command = ("record", "scan", path, "--target", "prompts", "--json")
    scan = body_of(shop, shop.ci.ok(*command, "--session", "scanned", "--prompt", other), Scan)
    assert set(scan.prompts) == {*made, other}
    assert (scan.commit, scan.tree) == (None, None)
    for wrong in (command, ("record", "scan", path, "--target", "code", "--session", "s")):
        assert shop.ci.evidence(*wrong).status == exitcodes.USAGE
    missing = shop.ci.evidence(*command, "--session", "nobody")
    assert (missing.status, missing.problem["slug"]) == (exitcodes.ERROR, "no-such-entry")


def provenance(commit: str | None) -> Any:  # noqa: ANN401 -- JSON
    """A statement of a builder about one artifact."""
    source = {"uri": "git+https://git.example/shop@refs/heads/main"} | (
        {} if commit is None else {"digest": {"gitCommit": commit}}
    )
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "shop.tar.gz", "digest": {"sha256": "cd" * 32}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://build.example/v1",
                "externalParameters": {},
                "resolvedDependencies": [source],
            },
            "runDetails": {"builder": {"id": "https://build.example/builder"}},
        },
    }


def test_builds_are_observed_or_stated(
    shop: Shop, repo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pipeline saw, or what provenance says of artifact, commit and builder, kept byte for byte."""
    ci, binary = within(shop.ci, repo), report(tmp_path, "built", "shop.bin")
    words = ("record", "build", "--json")
    assert ci.evidence(*words, "--artifact", binary).status == exitcodes.USAGE
    github(monkeypatch, tmp_path, {})
    seen = ci.ok(*words, "--artifact", f"shop={binary}", "--artifact", f"image={IMAGE}")
    body = body_of(shop, seen, Build)
    assert [item.name for item in body.artifacts] == ["shop", "image"]
    assert (body.builder, body.commit, body.source) == ("github-actions", repo.head(), "observed")
    assert shop.event(seen).context.about.tree == repo.tree()
    path = report(tmp_path, json.dumps(provenance("e" * 40)), "shop.intoto.json")
    stated = ci.ok(*words, "--provenance", path)
    body = body_of(shop, stated, Build)
    assert [(item.name, item.sha256) for item in body.artifacts] == [("shop.tar.gz", "sha256:" + "cd" * 32)]
    assert (body.builder, body.commit, body.source) == ("https://build.example/builder", "e" * 40, "provenance")
    assert shop.content(shop.event(stated), "provenance").data == Path(path).read_bytes()
    bare = report(tmp_path, json.dumps(provenance(None)), "bare.json")
    assert body_of(shop, ci.ok(*words, "--provenance", bare, "--commit", "main"), Build).commit == repo.head("main")
    for wrong in (
        ("--provenance", bare),
        ("--provenance", path, "--commit", "main"),
        ("--provenance", path, "--artifact", binary),
        ("--provenance", path, "--builder", "me"),
    ):
        assert ci.evidence(*words, *wrong).status == exitcodes.USAGE


def test_protection_is_recorded_as_the_forge_shows_it(shop: Shop, tmp_path: Path) -> None:
    """A branch that GitLab's list leaves out is unprotected, unless a pattern covers it; an empty file is nothing."""
    listed = [{"name": "stable", "push_access_levels": [], "allow_force_push": False, "merge_access_levels": []}]
    path = report(tmp_path, json.dumps(listed), "g.json")
    words = ("record", "snapshot", path, "--json")
    said = shop.ci.ok(*words, "--branch", "main", "--changed-by", "Ray Reviewer")
    body = body_of(shop, said, ControlSnapshot)
    assert [(item.ref, item.protected) for item in body.refs] == [
        ("refs/heads/stable", True),
        ("refs/heads/main", False),
    ]
    assert body.changed_by == shop.principal("Ray Reviewer")
    assert shop.content(shop.event(said), "settings").data == Path(path).read_bytes()
    Path(path).write_text(json.dumps([{**listed[0], "name": "m*", "allow_force_push": True}]))
    covered = body_of(shop, shop.ci.ok(*words, "--branch", "main"), ControlSnapshot)
    assert [(item.ref, item.protected, item.force_push) for item in covered.refs] == [("refs/heads/main", True, True)]
    Path(path).write_text(json.dumps([*listed, {**listed[0], "name": "m*"}, {**listed[0], "name": "*n"}]))
    several = shop.ci.ok(*words, "--branch", "main")
    assert [item.ref for item in body_of(shop, several, ControlSnapshot).refs] == ["refs/heads/stable"]
    assert "several patterns" in several.err
    Path(path).write_text("[]")
    assert shop.ci.evidence(*words, "--branch", "main").status == exitcodes.USAGE
    bare = shop.ci.ok(*words, "--branch", "main", "--endpoint", "gitlab-protected-branches")
    assert body_of(shop, bare, ControlSnapshot).refs == (Protection(protected=False, ref="refs/heads/main"),)


def test_every_kind_is_shown_in_words(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """People read names, members, texts and accounts, escaped; programs the statement as it was signed."""
    ray = within(shop.ray, repo)
    words = (
        "record",
        "change",
        "--change",
        "shown",
        "--title",
        "Rates\x1b[2J",
        "--request",
        "jira:PAY-12:open",
        "--json",
    )
    index = str(only(ray.ok(*words, "--by", "github.com:999"))["index"])
    shown = ray.ok("show", index).out
    for line in (
        "who                the account github.com:999, of nobody who was known then",
        "about              change shown",
        "requests           id PAY-12, state open, system jira",
        "  | Rates\\x1b[2J",
    ):
        assert line in shown
    assert f"change in stream shop ({shop.project})" in shown
    assert json.loads(ray.ok("show", index, "--json").out)["statement"]["predicate"]["state"] == "opened"
    cutover = report(tmp_path, "1. go", "runbook.md")
    owned = ray.ok(
        *("record", "change", "--change", "shown", "--fallback", "Back", "--cutover-owner", "Ivy Author", "--json"),
        *("--runbook", cutover, "--stop-conditions", cutover),
    )
    shown = ray.ok("show", str(only(owned)["index"])).out
    assert f"cutover            owner Ivy Author ({shop.principal('Ivy Author')})" in shown
    assert shown.count("  | 1. go") == 2


def test_acts_are_shown_too(shop: Shop) -> None:
    """Genesis, and whatever follows in the ledger's own stream."""
    count = shop.ray.ok("status", "--json").document
    assert count
    for index in range(12):
        assert f"entry {index}: " in shop.ray.ok("show", str(index)).out


def test_the_log_is_filtered_by_kind_and_incident(shop: Shop) -> None:
    """A kind finds its events alone, an incident what tells of it."""
    opened = only(shop.ray.ok("record", "incident", "INC-L", "--severity", "low", "--json"))["index"]
    beat = only(shop.ci.ok("record", "heartbeat", "--source", "log", "--count", "0", "--json"))["index"]
    listed = shop.ray.ok("log", "--kind", "heartbeat", "--limit", "1000", "--json").document["entries"]
    assert {item["leaf"]["kind"] for item in listed} == {"heartbeat"}
    assert beat in {item["leaf"]["index"] for item in listed}
    found = shop.ray.ok("log", "--incident", "INC-L", "--json").document["entries"]
    assert [item["leaf"]["index"] for item in found] == [opened]


def test_an_incident_leads_to_what_it_may_have_come_from(shop: Shop, repo: Sandbox) -> None:
    """By its id and by service and time: the incident, what was seen and deployed, and each suspect's own trace."""
    ci = within(shop.ci, repo)
    ci.ok("record", "diff", "--base", "main", "--change", "traced")
    released(shop, repo, "9.0")
    place = ("--environment", "production", "--service", "traced-web")
    ci.ok("record", "deploy", *place, "--release", "shop@9.0")
    ci.ok("record", "observation", *place, "--running", f"web={IMAGE}")
    shop.ray.ok(
        *("record", "incident", "INC-T", "--severity", "high", *place, "--release", "shop@9.0", "--change", "traced"),
        *("--corrective", "never-recorded"),
    )
    for target in (("INC-T",), ("--incident", "INC-T")):
        traces = shop.ray.ok("trace", *target, "--json").document["traces"]
        assert [step["kind"] for step in traces[0]["steps"]] == ["incident"]
        assert {trace["release"] or trace["change"] for trace in traces[1:]} == {"shop@9.0", "traced", None}
        change = next(trace for trace in traces if trace["change"] == "traced")
        assert "diff" in {step["kind"] for step in change["steps"]}
    around = shop.ray.ok("trace", "--service", "traced-web", "--env", "Production", "--json").document["traces"]
    assert [step["kind"] for step in around[0]["steps"]] == ["deploy", "observation", "incident"]
    assert around[1]["release"] == "shop@9.0"
    printed = shop.ray.ok("trace", "--service", "traced-web").out
    assert "change never-recorded, of which nothing is recorded: said to mend it (entry " in printed
    for words in (("--incident", "INC-0"), ("--service", "traced-web", "--env", "staging"), ("--service", "nowhere")):
        assert shop.ray.evidence("trace", *words).status == exitcodes.ERROR
    assert shop.ray.evidence("trace", "INC-T", "--incident", "INC-T").status == exitcodes.USAGE


def test_an_entry_stands_once_in_the_trace_of_an_incident(shop: Shop, repo: Sandbox) -> None:
    """Told three times of three suspects, each entry is listed once; each part says why, changes before releases."""
    ci = within(shop.ci, repo)
    ci.ok("record", "diff", "--base", "main", "--change", "once-a")
    ci.ok("record", "diff", "--base", "main", "--change", "once-b")
    released(shop, repo, "9.1")
    told = ("record", "incident", "INC-ONCE", "--severity", "high", "--change", "once-a", "--change", "once-b")
    shop.ray.ok(*told, "--release", "shop@9.1")
    shop.ray.ok(*told, "--release", "shop@9.1")
    last = only(shop.ray.ok(*told, "--release", "shop@9.1", "--corrective", "once-b", "--json"))["index"]
    traces = shop.ray.ok("trace", "--incident", "INC-ONCE", "--json").document["traces"]
    listed = [step["index"] for trace in traces for step in trace["steps"]]
    assert len(listed) == len(set(listed))
    assert [trace["found"] for trace in traces] == [
        "incident INC-ONCE",
        f"change once-a: suspected by the incident (entry {last})",
        f"change once-b: suspected by the incident (entry {last}); said to mend it (entry {last})",
        f"release shop@9.1: suspected by the incident (entry {last})",
    ]
    own = [step["index"] for step in traces[0]["steps"]]
    assert len(own) == 3
    assert all(set(own) <= set(trace["shown_above"]) for trace in traces[1:3])
    assert all(set(trace["shown_above"]) <= set(listed) for trace in traces)
    printed = shop.ray.ok("trace", "--incident", "INC-ONCE").out
    assert f"and shown above: entries {own[0]} to {own[-1]}\n" in printed

"""Recording as pipelines and people do it, against a real server and real repositories."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.digests import commitment
from ledger.documents import parse_commits
from ledger.events.work import Deploy, Diff, Merge, Prompt, Release, SuiteRun
from tests.cli.shop import clone, only, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.capture.conftest import Sandbox
    from tests.cli.shop import Shop

SYSTEMS = ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "CIRCLECI", "BUILDKITE", "BITBUCKET_BUILD_NUMBER", "JENKINS_URL")
WORKSPACES = ("CI_PROJECT_DIR", "GITHUB_WORKSPACE", "BITBUCKET_CLONE_DIR", "BUILD_SOURCESDIRECTORY")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for the module; every test takes a change of its own."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


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
    sandbox.commit({b"a.txt": b"2\n", b"run.sh": b"#!/bin/sh\n"}, f"Feature of {tmp_path.name}")
    return sandbox


def body_of(shop: Shop, said: Any, kind: type[Any]) -> Any:  # noqa: ANN401 -- an event's body of that kind
    """The body of the one event that a command recorded."""
    body = shop.event(said).body
    assert isinstance(body, kind)
    return body


def test_revisions_are_counted_and_none_twice(shop: Shop, repo: Sandbox) -> None:
    """The same state again records nothing; a new state, or another declaration, is the next revision."""
    ci = within(shop.ci, repo)
    words = ("record", "diff", "--base", "main", "--change", "counted", "--json")
    first = ci.ok(*words)
    assert only(first)["about"]["revision"] == 1
    again = only(ci.ok(*words))
    assert (again["state"], again["index"]) == ("recorded-before", only(first)["index"])
    declared = body_of(shop, ci.ok(*words, "--ai", "none"), Diff)
    assert (declared.head, declared.ai.involvement) == (repo.head(), "none")
    again = only(ci.ok(*words, "--ai", "none"))
    assert (again["state"], again["about"]["revision"]) == ("recorded-before", 2)
    assert only(ci.ok(*words))["state"] == "recorded-before"
    repo.commit({b"a.txt": b"3\n"})
    second = ci.ok(*words)
    assert only(second)["about"]["revision"] == 3
    diff = body_of(shop, second, Diff)
    assert (diff.files_changed, diff.commit_count, diff.head) == (2, 2, repo.head())
    listed = parse_commits(shop.content(shop.event(second), "commits").data)
    assert [commit.id for commit in listed] == [repo.head("HEAD~1"), repo.head()]


def test_involvement_is_declared_or_shown_or_undeclared(shop: Shop, repo: Sandbox) -> None:
    """Nothing said and no trace is undeclared, never none; a trailer shows assistance; --ai declares."""
    ci = within(shop.ci, repo)
    words = ("record", "diff", "--base", "main", "--json")
    plain = body_of(shop, ci.ok(*words, "--change", "ai-1"), Diff)
    assert (plain.ai.involvement, plain.ai.source, plain.ai.traces) == ("undeclared", "none", ())
    told = body_of(shop, ci.ok(*words, "--change", "ai-2", "--ai", "none"), Diff)
    assert (told.ai.involvement, told.ai.source) == ("none", "declared")
    repo.commit({b"b.txt": b"1\n"}, "More\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n")
    traced = body_of(shop, ci.ok(*words, "--change", "ai-3"), Diff)
    assert (traced.ai.involvement, traced.ai.source, traced.ai.traces) == ("assisted", "trailers", ("claude",))


def test_a_prompt_is_masked_bound_and_its_asker_known(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """No secret reaches the server; a session named in a commit binds as observed, the change alone as declared."""
    text = tmp_path / "prompt.txt"
    text.write_text("Write it. password=hunter2222 and go on")
    ivy, ci = within(shop.ivy, repo), within(shop.ci, repo)
    words = ("record", "prompt", "--text", str(text), "--tool", "quill@2.1", "--json")
    observed = ivy.ok(*words, "--session", "s-observed", "--model", "example/m-1")
    declared = ivy.ok(*words, "--session", "s-declared", "--change", "bound")
    assert observed.document["masked_count"] == 1
    event = shop.event(observed)
    assert shop.content(event, "prompt").data == b"Write it. password=[REDACTED:password] and go on"
    prompt = event.body
    assert isinstance(prompt, Prompt)
    assert prompt.initiator == event.context.actor.principal == shop.principal("Ivy Author")
    assert (prompt.trigger, prompt.turn, prompt.base) == ("human", 1, repo.head())
    assert (prompt.tool.name, prompt.tool.version) == ("quill", "2.1")
    repo.commit({b"c.txt": b"1\n"}, "Made\n\nClaude-Session: s-observed\n")
    diff = body_of(shop, ci.ok("record", "diff", "--base", "main", "--change", "bound", "--json"), Diff)
    strengths = {item.prompt: item.strength for item in diff.prompts}
    assert strengths == {only(observed)["envelope"]: "observed", only(declared)["envelope"]: "declared"}


def test_an_agents_key_makes_the_agent_the_actor(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Who acted is the agent, who asked is who was named."""
    text = tmp_path / "prompt.txt"
    text.write_text("Go")
    words = ("record", "prompt", "--text", str(text), "--tool", "quill", "--initiator", "Ivy Author", "--json")
    event = shop.event(within(shop.quill, repo).ok(*words))
    assert isinstance(event.body, Prompt)
    assert event.context.actor.principal == shop.principal("Quill")
    assert event.body.initiator == shop.principal("Ivy Author")


def test_a_withheld_prompt_stays_with_its_signer(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """The server has the commitment alone; the file left with the signer opens it."""
    text = tmp_path / "prompt.txt"
    text.write_text("Confidential")
    said = within(shop.ivy, repo).ok("record", "prompt", "--text", str(text), "--tool", "quill", "--withhold", "--json")
    (path,) = said.document["withheld"]
    kept = Path(path).read_bytes()
    event = shop.event(said)
    reference = event.context.content("prompt")
    assert reference is not None
    assert reference.state == "withheld"
    assert commitment(kept[:32], kept[32:]) == reference.commitment
    assert kept[32:] == b"Confidential"
    assert isinstance(event.body, Prompt)
    assert event.body.capture.quality == "text-withheld"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('<testsuite><testcase name="a"/></testsuite>', "PASSED"),
        ('<testsuite><testcase name="a"><failure/></testcase></testsuite>', "FAILED"),
        ("<testsuite/>", "FAILED"),
        ('<testsuite><testcase name="a"><skipped/></testcase></testsuite>', "FAILED"),
        ('<testsuite><testcase name="a"><flakyFailure/></testcase></testsuite>', "WARNED"),
    ],
)
def test_no_test_is_no_pass(shop: Shop, repo: Sandbox, tmp_path: Path, text: str, result: str) -> None:
    """A run passes only if a case ran and none failed; the report is kept byte for byte."""
    path = report(tmp_path, text)
    said = within(shop.ci, repo).ok("record", "test", path, "--suite", "unit", "--json")
    event = shop.event(said)
    assert isinstance(event.body, SuiteRun)
    assert event.body.result == said.document["result"] == result
    assert (event.body.run.commit, event.body.run.tree) == (repo.head(), repo.tree())
    assert event.body.run.environment == "local"
    assert shop.content(event, "report").data == text.encode()


def test_several_reports_are_kept_as_one_tar(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Two reports of one name both stay, and the cases of both count."""
    paths = [report(tmp_path / folder) for folder in ("one", "two")]
    said = within(shop.ci, repo).ok("record", "test", *paths, "--suite", "unit", "--attempt", "3", "--json")
    run = body_of(shop, said, SuiteRun).run
    assert (run.totals.tests, run.attempt) == (4, 3)
    with tarfile.open(fileobj=io.BytesIO(shop.content(shop.event(said), "report").data)) as archive:
        assert archive.getnames() == ["0001-junit.xml", "0002-junit.xml"]


def test_a_missing_report_is_an_error(shop: Shop, repo: Sandbox) -> None:
    """No report is not the same as no tests: nothing is recorded."""
    said = within(shop.ci, repo).evidence("record", "test", "nowhere.xml", "--suite", "unit", "--json")
    assert (said.status, said.problem["slug"]) == (exitcodes.ERROR, "report-missing")


def test_every_new_commit_is_accounted_for_once(shop: Shop, repo: Sandbox) -> None:
    """A squash is bound to its change by content, a direct push to none, and a second run records nothing."""
    ci = within(shop.ci, repo)
    diff = ci.ok("record", "diff", "--base", "main", "--change", "landed", "--json")
    before = repo.head("main")
    repo.switch("main")
    repo.git("merge", "--quiet", "--squash", "feature")
    squash = repo.commit(message="Something else (#999)")
    direct = repo.commit({b"direct.txt": b"1\n"}, "Fixes #landed, it says")
    words = ("record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "HEAD", "--json")
    said = ci.ok(*words)
    landed, pushed = (shop.event(said, at) for at in (0, 1))
    assert isinstance(landed.body, Merge)
    assert isinstance(pushed.body, Merge)
    assert (landed.body.commit, landed.body.binding, landed.body.method) == (squash, "manifest", "squash")
    assert landed.body.diff == only(diff)["envelope"]
    assert (landed.context.about.change, landed.context.about.revision) == ("landed", 1)
    assert (pushed.body.commit, pushed.body.binding, pushed.body.method) == (direct, "none", "push")
    assert pushed.context.about.change is None
    assert ci.ok(*words).document == {"events": [], "ref": "refs/heads/main", "recorded_before_count": 2}


def test_a_branch_that_is_not_protected_records_nothing(shop: Shop, repo: Sandbox) -> None:
    """And says so."""
    said = within(shop.ci, repo).ok(
        "record", "merge", "--ref", "refs/heads/feature", "--before", "main", "--after", "feature", "--json"
    )
    assert said.document == {"events": []}
    assert "no protected ref" in said.err


def test_a_second_run_without_the_server_records_nothing_twice(shop: Shop, repo: Sandbox) -> None:
    """What was handed in from this machine is known here, delivered or not."""
    ci = within(shop.ci, repo)
    before = repo.head("main")
    words = ("record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "feature", "--json")
    options: dict[str, str] = {"server": shop.closed, "project": shop.project}
    assert len(ci.ok(*words, **options).document["events"]) == 1
    ci.ok("outbox", "flush")
    assert ci.ok(*words, **options).document["events"] == []


def test_a_release_has_exactly_its_commits(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """From the release before to its commit; its first from the declared start; a second repository beside its own."""
    ci = within(shop.ci, repo)
    repo.git("tag", "v1")
    tip = repo.commit({b"d.txt": b"1\n"})
    other = clone(tmp_path / "other")
    artifact = report(tmp_path, "built", "shop.tar.gz")
    words = ("record", "release", "--product", "shop", "--json")
    source = f"project=shop,repo={other.path},first"
    said = ci.ok(*words, "--version", "2.0", "--previous", "v1", "--artifact", artifact, "--source", source)
    event = shop.event(said)
    assert isinstance(event.body, Release)
    own, second = event.body.sources
    assert (own.commit, own.previous, own.commit_count, own.start) == (tip, repo.head("v1"), 1, None)
    assert (second.commit, second.previous, second.commit_count, second.start) == (other.head(), None, 1, True)
    assert [item.id for item in parse_commits(shop.content(event, own.commits).data)] == [tip]
    assert event.body.artifacts[0].name == "shop.tar.gz"
    deployed = ci.ok(
        "record", "deploy", "--environment", "Production", "--service", "web", "--release", "shop@2.0", "--json"
    )
    deploy = body_of(shop, deployed, Deploy)
    assert (deploy.release, deploy.environment, deploy.status) == (only(said)["envelope"], "production", "succeeded")
    missing = ci.evidence("record", "deploy", "--environment", "p", "--service", "web", "--release", "shop@9", "--json")
    assert (missing.status, missing.problem["slug"]) == (exitcodes.ERROR, "no-such-release")


def test_the_release_before_may_be_named_as_the_ledger_names_it(shop: Shop, repo: Sandbox) -> None:
    """Its commit is the recorded one, whatever a tag of its name says by now; what is neither is told."""
    ci = within(shop.ci, repo)
    words = ("record", "release", "--product", "named", "--json")
    ci.ok(*words, "--version", "1.0", "--first")
    before = repo.head()
    tips = [repo.commit({b"named.txt": str(number).encode()}) for number in range(2)]
    repo.git("tag", "named@1.0")
    repo.git("tag", "named@0.9", tips[0])
    event = shop.event(ci.ok(*words, "--version", "2.0", "--previous", "named@1.0"))
    assert isinstance(event.body, Release)
    (source,) = event.body.sources
    assert (source.previous, source.commit, source.commit_count) == (before, tips[-1], 2)
    tagged = shop.event(ci.ok(*words, "--version", "2.1", "--previous", "named@0.9"))
    assert isinstance(tagged.body, Release)
    assert tagged.body.sources[0].previous == tips[0]
    unknown = ci.evidence(*words, "--version", "3.0", "--previous", "named@9.9")
    assert (unknown.status, unknown.problem["slug"]) == (exitcodes.ERROR, "no-such-release")
    assert unknown.problem["details"]["previous"] == "named@9.9"
    assert "evidence log --kind release" in unknown.problem["remedy"]
    wrong = ci.evidence(*words, "--version", "3.0", "--previous", "v-none")
    assert wrong.problem["slug"] != "no-such-release"
    away = ci.evidence(*words, "--version", "3.0", "--previous", "named@9.9", "--server", "http://127.0.0.1:9")
    assert (away.status, away.problem["slug"]) == (exitcodes.UNREACHABLE, "server-needed")


def test_a_pipeline_needs_no_flags(shop: Shop, repo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On GitHub the change, its commits, the run and who pushed come from the environment, for change and push."""
    ci = within(shop.ci, repo)
    head, base = repo.head(), repo.head("main")
    payload = tmp_path / "event.json"
    payload.write_text(
        json.dumps(
            {"pull_request": {"number": 4711, "head": {"sha": head}, "base": {"sha": base}}, "sender": {"id": 101}}
        )
    )
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_REF": "refs/pull/4711/merge",
        "GITHUB_RUN_ID": "77",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_ACTOR": "ivy",
        "GITHUB_ACTOR_ID": "101",
        "GITHUB_REPOSITORY_ID": "42",
    }
    for name, text in github.items():
        monkeypatch.setenv(name, text)
    event = shop.event(ci.ok("record", "diff", "--json"))
    assert isinstance(event.body, Diff)
    assert (event.context.about.change, event.body.head, event.body.base) == ("4711", head, base)
    assert event.context.actor.principal == shop.principal("Ivy Author")
    assert event.context.producer.run == "github-actions/77"
    refused = ci.evidence("record", "merge", "--json")
    assert refused.status == exitcodes.USAGE
    tested = shop.event(ci.ok("record", "test", report(tmp_path), "--suite", "unit", "--json"))
    assert (tested.context.about.change, tested.body.run.environment) == ("4711", "ci")  # type: ignore[union-attr]
    repo.switch("main")
    repo.git("merge", "--quiet", "--no-ff", "feature", "-m", "Merge")
    payload.write_text(json.dumps({"before": base}))
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("GITHUB_SHA", repo.head())
    merged = body_of(shop, ci.ok("record", "merge", "--json"), Merge)
    assert (merged.method, merged.binding) == ("merge", "manifest")


def test_a_synthetic_merge_is_never_taken_for_the_head(
    shop: Shop, repo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the environment does not name the change's last commit, the command must be told."""
    monkeypatch.setenv("JENKINS_URL", "https://ci.example.org")
    monkeypatch.setenv("CHANGE_ID", "12")
    said = within(shop.ci, repo).evidence("record", "diff", "--base", "main", "--json")
    assert said.status == exitcodes.USAGE
    assert "--head" in said.err


def test_a_server_that_is_down_loses_nothing(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Signed, spooled, exit 0; exit 5 where the server is required; delivered later, in order."""
    ci, path = within(shop.ci, repo), report(tmp_path)
    ci.ok("record", "test", path, "--suite", "unit")
    down: dict[str, str] = {"server": shop.closed, "project": "shop"}
    words = ("record", "test", path, "--suite", "unit", "--change", "down", "--json")
    spooled = ci.ok(*words, **down)
    assert only(spooled)["state"] == "spooled"
    required = ci.evidence(*words, "--require-server", **down)
    assert (required.status, only(required)["state"]) == (exitcodes.UNREACHABLE, "spooled")
    text = ci.ok("record", "test", path, "--suite", "unit", **down)
    assert "spooled, not delivered" in text.err
    unnumbered = ci.evidence("record", "diff", "--base", "main", "--change", "down", "--json", **down)
    assert (unnumbered.status, unnumbered.problem["slug"]) == (exitcodes.UNREACHABLE, "revision-unknown")
    ci.ok("record", "diff", "--base", "main", "--change", "down", "--revision", "1", **down)
    delivered = ci.ok("outbox", "flush", "--json").document
    assert len(delivered["delivered"]) == 4
    assert delivered["waiting_count"] == 0
    assert only(spooled)["event_id"] == delivered["delivered"][0]["event_id"]


def test_a_new_machine_records_without_ever_reaching_the_server(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Two ids in the environment are enough; without them the refusal names them."""
    fresh = type(shop.ci)(tmp_path / "fresh", repo.path)
    key = (shop.ci.config / "keys" / "default.key").read_text().strip()
    settings = {"server": shop.closed, "anchor": shop.anchor.strip(), "key": key}
    words = ("record", "test", report(tmp_path), "--suite", "unit", "--json")
    ids = {"project": shop.project, "principal": shop.principal("Pipeline")}
    for missing, named in ((ids | {"principal": ""}, "EVIDENCE_LEDGER_PRINCIPAL"), (ids | {"project": "shop"}, "prj_")):
        lost = fresh.evidence(*words, **settings, **missing)
        assert (lost.status, lost.problem["slug"]) == (exitcodes.UNREACHABLE, "server-needed")
        assert named in lost.problem["remedy"]
    assert only(fresh.ok(*words, **settings, **ids))["state"] == "spooled"
    flushed = fresh.ok("outbox", "flush", "--json", **{**settings, "server": shop.house.url}).document
    assert len(flushed["delivered"]) == 1


def test_a_key_that_may_not_is_told_so(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """A kind that the key is not enrolled for is refused by the server, with the status for that."""
    said = within(shop.quill, repo).evidence("record", "test", report(tmp_path), "--suite", "unit", "--json")
    assert (said.status, said.problem["slug"]) == (exitcodes.NOT_ALLOWED, "kind-not-allowed")

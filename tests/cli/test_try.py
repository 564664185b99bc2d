"""A trial reads any history, invents nothing, and says what it left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.bundle import VERIFIER_NAME
from ledger.capture.git import open_repository, resolve_commit
from ledger.capture.hints import request_number
from ledger.cli.main import run
from ledger.cli.trying.choosing import MOST_LANDINGS, choose
from ledger.cli.trying.reading import count, read_history
from ledger.cli.trying.throwaway import COLLECTOR, Report, Trial, record
from ledger.dossier.build import build_release
from ledger.errors import LedgerError, NotFoundError
from ledger.events.work import Merge, Release, SuiteRun
from ledger.junit import parse_junit
from ledger.policies.presets import preset
from ledger.rules.policy import parse_policy, policy_in_force
from ledger.verify.run import verify_bundle
from tests.capture.conftest import Sandbox

if TYPE_CHECKING:
    from ledger.cli.trying.choosing import Chosen
    from ledger.cli.trying.reading import History
    from ledger.dossier.facts import ReleaseDossier

VERIFIER = Path(__file__).parents[2] / "ledger" / "standalone" / "verify.py"
JUNIT = b'<testsuite name="unit"><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite>'


@pytest.fixture
def repo(tmp_path: Path) -> Sandbox:
    """An empty repository on the branch main."""
    return make(tmp_path / "payments")


def make(path: Path, object_format: str = "sha1") -> Sandbox:
    """An empty repository at ``path``."""
    path.mkdir()
    sandbox = Sandbox(path, object_format)
    sandbox.git("init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
    return sandbox


def commits(sandbox: Sandbox, number: int) -> None:
    """That many commits, one file each."""
    for place in range(number):
        sandbox.commit({b"file": b"%d" % place}, f"commit {place}")


def chosen(sandbox: Sandbox, start: str | None = None, end: str | None = None) -> Chosen:
    """The part that a trial reads."""
    with open_repository(sandbox.path) as repository:
        return choose(repository, start=start, end=end)


def tried(sandbox: Sandbox, junit: bytes | None = None) -> tuple[History, Trial]:
    """The history that a trial reads, and what it records."""
    with open_repository(sandbox.path) as repository:
        head = resolve_commit(repository, "HEAD")
        history = read_history(repository, choose(repository))
        object_format = repository.object_format
    report = None if junit is None else Report(parse_junit(junit), (junit,), head, sandbox.tree())
    return history, record(
        history, name="payments", object_format=object_format, report=report, verifier=VERIFIER.read_bytes()
    )


def opened(trial: Trial) -> ReleaseDossier:
    """The trial's release from its bundle, which verifies."""
    verification = verify_bundle(trial.bundle, trial.anchor_line)
    assert verification.failures == ()
    assert verification.records is not None
    assert verification.index is not None
    assert verification.index.subject.release is not None
    return build_release(verification.records, verification.index.subject.release)


# Which part


def test_the_last_two_release_tags_are_read(repo: Sandbox) -> None:
    """Between the two last version-like tags, whatever else is tagged, and with what lies outside named."""
    commits(repo, 2)
    repo.git("tag", "v1.9.0")
    commits(repo, 2)
    repo.git("tag", "-a", "-m", "a release", "v1.10.0")
    repo.git("tag", "latest")
    commits(repo, 1)
    found = chosen(repo)
    assert (found.tip, found.previous) == (repo.head("v1.10.0"), repo.head("v1.9.0"))
    assert (found.version, found.ref) == ("v1.10.0", "refs/tags/v1.10.0")
    assert [sentence.split(" ", 1)[0] for sentence in found.left_out] == ["1", "the"]
    assert "2 commits" in found.left_out[1]


def test_tags_are_found_by_ancestry(repo: Sandbox) -> None:
    """A later tag on another branch is neither the release nor the one before it."""
    commits(repo, 1)
    repo.git("tag", "v1.0")
    repo.branch("aside")
    commits(repo, 1)
    repo.git("tag", "v1.5")
    repo.switch("main")
    repo.commit({b"other": b"1"})
    repo.git("tag", "v2.0")
    repo.branch("later", "aside")
    commits(repo, 2)
    repo.git("tag", "v1.6")
    repo.switch("main")
    found = chosen(repo)
    assert (found.version, found.previous) == ("v2.0", repo.head("v1.0"))


def test_without_tags_the_newest_landings_are_read(repo: Sandbox) -> None:
    """As many landings as fit a readable pack; the older ones are counted."""
    commits(repo, MOST_LANDINGS + 3)
    found = chosen(repo)
    assert found.previous == repo.head(f"HEAD~{MOST_LANDINGS}")
    assert found.version == repo.head()[:12]
    assert found.ref == "refs/heads/main"
    assert found.left_out == (f"the history up to {found.previous[:12] if found.previous else ''}: 3 commits",)


def test_a_long_way_between_tags_is_cut_and_said(repo: Sandbox) -> None:
    """Never cut without saying what was left out and how to read it."""
    commits(repo, 1)
    repo.git("tag", "v1.0")
    commits(repo, MOST_LANDINGS + 4)
    repo.git("tag", "v1.1")
    found = chosen(repo)
    assert found.previous == repo.head(f"HEAD~{MOST_LANDINGS}")
    assert found.left_out[0].startswith("4 commits between the two")
    assert f"--from {repo.head('v1.0')[:12]} --to {repo.head()[:12]}" in found.left_out[0]
    whole = chosen(repo, start="v1.0", end="v1.1")
    assert whole.previous == repo.head("v1.0")


def test_a_short_history_is_read_whole(repo: Sandbox) -> None:
    """Then there is nothing before it, and nothing left out."""
    commits(repo, 3)
    found = chosen(repo)
    assert (found.previous, found.left_out) == (None, ())


def test_an_empty_part_is_refused(repo: Sandbox) -> None:
    """From a commit to one that it already holds lies nothing."""
    commits(repo, 3)
    with pytest.raises(NotFoundError) as caught:
        chosen(repo, start="HEAD", end="HEAD~1")
    assert caught.value.slug == "empty-range"


def test_diverged_revisions_are_said(repo: Sandbox) -> None:
    """What only the earlier revision holds is left out, and counted."""
    commits(repo, 1)
    repo.branch("aside")
    commits(repo, 2)
    repo.switch("main")
    repo.commit({b"other": b"1"})
    found = chosen(repo, start="aside")
    assert found.left_out[0] == "2 commits that aside has and HEAD has not"


def test_a_branch_whose_name_is_no_token_stays_unnamed(repo: Sandbox) -> None:
    """Another name would be another branch's."""
    commits(repo, 1)
    repo.branch("läuft#1")
    assert chosen(repo).ref == "refs/unknown"
    repo.git("checkout", "--quiet", "--detach")
    assert chosen(repo).ref == "refs/unknown"


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Merge pull request #12 from x/y", "12"),
        ("Fix it (#7)\n\nbody", "7"),
        ("Merged in x (pull request #3)", "3"),
        ("Merge branch 'x'\n\nSee merge request acme/payments!44\n", "44"),
        ("Fix #9, as (#8) said", None),
        ("plain", None),
    ],
)
def test_numbers_are_hints(message: str, number: str | None) -> None:
    """Only numbers written as forges write them count, and only as hints."""
    assert request_number(message) == number


# What is recorded


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_trial_records_every_landing_and_binds_none(tmp_path: Path, object_format: str) -> None:
    """One merge event a landing, about no change, and a release that lists every commit."""
    repo = make(tmp_path / "repo", object_format)
    commits(repo, 2)
    repo.git("tag", "v1")
    repo.branch("feature")
    repo.commit({b"a": b"1"}, "one\n\nCo-authored-by: Claude <noreply@anthropic.com>")
    repo.commit({b"b": b"1"})
    repo.switch("main")
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #5 from feature", "feature")
    repo.commit({b"c": b"1"}, "squashed (#6)")
    repo.git("tag", "v2")
    history, trial = tried(repo)
    counts = count(history)
    assert (counts.commits, counts.landings, counts.merges) == (4, 2, 1)
    assert (counts.traced, counts.assistants, counts.hinted) == (1, (("claude", 1),), 2)
    dossier = opened(trial)
    assert dossier.changes == ()
    assert {place.commit.id for place in dossier.places} == {commit.id for commit in history.commits}
    assert all(place.direct_push is not None for place in dossier.places)
    merges = [item.event for item in dossier.records.entries if isinstance(item.event.body, Merge)]
    assert [(item.body.binding, item.context.about.change) for item in merges if isinstance(item.body, Merge)] == [
        ("none", None)
    ] * 2


def test_a_trial_names_nobody(repo: Sandbox) -> None:
    """Its only principals are its own, whose names say so, and only the administrator has a role."""
    commits(repo, 2)
    _, trial = tried(repo)
    dossier = opened(trial)
    roster = dossier.records.roster
    assert sorted(item.type for item in roster.principals.values()) == ["person", "service"]
    assert dossier.released_by.name == COLLECTOR
    assert {grant.role for grant in roster.grants} == {"administrator"}
    merged = [item.event.context.actor for item in dossier.records.entries if isinstance(item.event.body, Merge)]
    assert merged
    assert all(actor.principal is None and actor.account == "account" for actor in merged)


def test_the_default_policy_is_in_force(repo: Sandbox) -> None:
    """A trial is judged like any new ledger."""
    commits(repo, 2)
    _, trial = tried(repo)
    dossier = opened(trial)
    in_force = policy_in_force(dossier.records, dossier.sources[0].source.project)
    assert in_force.digest == parse_policy(preset("startup")).digest


def test_a_report_is_recorded_on_the_commit_checked_out(repo: Sandbox) -> None:
    """With the counts of the report and the report itself."""
    commits(repo, 2)
    _, trial = tried(repo, JUNIT)
    (event,) = [item.event for item in opened(trial).records.entries if isinstance(item.event.body, SuiteRun)]
    assert isinstance(event.body, SuiteRun)
    totals = event.body.run.totals
    assert (event.body.result, totals.tests, totals.passed, totals.skipped) == ("PASSED", 2, 1, 1)
    assert (event.body.run.commit, event.body.run.tree) == (repo.head(), repo.tree())
    assert event.context.content("report") is not None


def test_a_report_without_a_case_that_ran_is_no_pass(repo: Sandbox) -> None:
    """Zero tests are not success."""
    commits(repo, 1)
    _, trial = tried(repo, b'<testsuite name="unit"/>')
    (body,) = [item.event.body for item in opened(trial).records.entries if isinstance(item.event.body, SuiteRun)]
    assert isinstance(body, SuiteRun)
    assert body.result == "FAILED"


def test_hostile_histories_are_recorded(repo: Sandbox) -> None:
    """Names and paths that are not UTF-8, escapes in subjects, submodules and merges of many parents."""
    commits(repo, 1)
    repo.commit({b"caf\xe9": b"1", b"line\nbreak": b"2"}, "\x1b[31m \u202e <script>alert(1)</script>")
    raw = f"tree {repo.tree()}\nparent {repo.head()}\n".encode()
    raw += b"author Andr\xe9 <andr\xe9@example.org> 1700000000 +0100\ncommitter  <> 1700000000 +0100\n\nlatin \xe9\n"
    odd = repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw).decode()
    repo.git("update-ref", "refs/heads/main", odd)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{odd},module")
    repo.git("commit", "--quiet", "-m", "submodule")
    heads = [repo.head()]
    for place in range(4):
        repo.branch(f"side{place}", heads[0])
        heads.append(repo.commit({b"side%d" % place: b"1"}))
    parents = [word for head in heads for word in ("-p", head)]
    merged = repo.git("commit-tree", repo.tree(), *parents, "-m", "octopus").decode()
    repo.git("update-ref", "refs/heads/main", merged)
    repo.switch("main")
    history, trial = tried(repo)
    dossier = opened(trial)
    assert len(dossier.places) == len(history.commits) == 9
    assert count(history).unrecorded == 1


def test_what_no_merge_event_can_say_is_counted(repo: Sandbox) -> None:
    """A first commit and a merge of more than 16 parents are on the release's list and in no merge event."""
    commits(repo, 1)
    first = repo.head()
    heads = [first]
    for place in range(17):
        tree = repo.tree()
        heads.append(repo.git("commit-tree", tree, "-p", first, "-m", f"side {place}").decode())
    parents = [word for head in heads for word in ("-p", head)]
    repo.git("update-ref", "refs/heads/main", repo.git("commit-tree", repo.tree(), *parents, "-m", "many").decode())
    history, trial = tried(repo)
    assert count(history).unrecorded == 2
    dossier = opened(trial)
    (source,) = dossier.sources
    assert isinstance(dossier.record.event.body, Release)
    assert source.source.commit_count == len(history.commits) == 19


def test_the_bundle_verifies_on_its_own(repo: Sandbox, tmp_path: Path) -> None:
    """The verifier inside the bundle, which needs Python alone, finds the records intact."""
    commits(repo, 2)
    _, trial = tried(repo, JUNIT)
    bundle, anchor = tmp_path / "trial.zip", tmp_path / "ledger.pub"
    bundle.write_bytes(trial.bundle)
    anchor.write_text(trial.anchor_line)
    command = [sys.executable, str(VERIFIER.with_name(VERIFIER_NAME)), "--anchor", str(anchor), str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# What cannot be read


def slug(path: Path, start: str | None = None) -> str:
    """The slug of the error that a trial of the repository at ``path`` ends in."""
    with pytest.raises(LedgerError) as caught, open_repository(path) as repository:
        read_history(repository, choose(repository, start=start))
    assert caught.value.remedy
    return caught.value.slug


def test_histories_that_cannot_be_read_are_refused_with_a_remedy(repo: Sandbox, tmp_path: Path) -> None:
    """No repository, no commit yet, a history cut off, contents left at the server, a name of nothing."""
    assert slug(repo.path) == "git-unborn"
    (tmp_path / "plain").mkdir()
    assert slug(tmp_path / "plain") == "git-no-repository"
    commits(repo, 4)
    assert slug(repo.path, start="v9") == "git-unknown-revision"
    repo.git("config", "uploadpack.allowFilter", "true")
    for name, how in (("shallow", "--depth=2"), ("partial", "--filter=blob:none")):
        repo.git("clone", "--quiet", "--bare", how, f"file://{repo.path}", str(tmp_path / name))
    assert slug(tmp_path / "shallow") == "git-shallow"
    assert slug(tmp_path / "partial") == "git-object-missing"


# The command


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its bytes."""
    found = folder.rglob("*")
    return {os.fspath(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in found}


@pytest.mark.slow
def test_the_command_ends_with_a_pack(
    repo: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page, pack, bundle and anchor beside each other, all said to be of a trial; nothing else is written anywhere."""
    commits(repo, 2)
    repo.commit({b"x": b"1"}, "Tame <script>alert(1)</script> (#3)\n\nCo-authored-by: Claude <noreply@anthropic.com>")
    report, out, aside = tmp_path / "tests.xml", tmp_path / "out", tmp_path / "temporary"
    report.write_bytes(JUNIT)
    aside.mkdir()
    monkeypatch.setenv("TMPDIR", str(aside))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = snapshot(repo.path)
    words = ["try", "--repo", str(repo.path), "--junit", str(report), "--out", str(out), "--json"]
    assert run(words) == 0
    told = json.loads(capfd.readouterr().out)
    assert snapshot(repo.path) == before
    assert snapshot(aside) == {}
    assert {path.name for path in out.iterdir()} == {Path(name).name for name in told["files"]}
    assert told["counts"]["commits"] == 3
    assert told["hints"] == [{"commit": repo.head(), "request": "3"}]
    assert told["assistants"] == [{"assistant": "claude", "commits": 1}]
    assert told["tests"]["passed"] == 1
    assert told["verdicts"]["fail"] == 1
    assert len(told["questions"]) == 5
    index = (out / "index.html").read_text("utf-8")
    assert told["trial"] in index
    assert "<script" not in index
    for name in told["files"][1:]:
        assert f'href="{Path(name).name}"' in index
    pack = next(path for path in out.glob("*.html") if path.name != "index.html").read_text("utf-8")
    assert "Trial, throw-away keys" in pack


def test_wrong_usage_is_told_apart(repo: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Two ways to say where to begin exit 2; a history that cannot be read exits 1 and writes nothing."""
    out = tmp_path / "out"
    assert run(["try", "--repo", str(repo.path), "--from", "HEAD", "--last", "3", "--out", str(out)]) == 2
    assert run(["try", "--repo", str(repo.path), "--out", str(out)]) == 1
    assert "git-unborn" in capfd.readouterr().err
    assert not out.exists()

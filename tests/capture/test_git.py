"""Opening repositories, hostile ones too, and resolving their names."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from ledger.capture.blame import blame_line
from ledger.capture.changes import read_change
from ledger.capture.commits import read_commits
from ledger.capture.git import (
    deepen,
    open_repository,
    remote_url,
    resolve,
    resolve_commit,
    shallow_boundary,
    strip_credentials,
)
from ledger.capture.gitrun import git_environment
from ledger.capture.history import commit_range, merge_base, read_push, with_history
from ledger.capture.merges import recompute_merge
from ledger.capture.people import contributors
from ledger.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.capture.conftest import MakeSandbox, Sandbox


def test_nothing_that_a_repository_configures_is_run(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    """Monitors, hooks, drivers, filters, signature checkers, transports and trailer commands stay silent."""
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> "{ran}"\ncat\n')
    program.chmod(0o755)
    origin = make_sandbox("origin")
    for number in range(4):
        origin.commit({b"a": b"%d\n" % number})
    sandbox = make_sandbox("hostile")
    sandbox.path.rename(tmp_path / "unused")
    origin.git("clone", "--quiet", "--depth", "2", f"file://{origin.path}", os.fspath(sandbox.path))
    base = sandbox.head()
    sandbox.branch("topic")
    ours = sandbox.commit({b"a": b"ours\n", b".mailmap": b"Ada <ada@new.example> <ada@example.org>\n"}, "x\n\nA: b\n")
    sandbox.branch("other", base)
    theirs = sandbox.commit({b"a": b"theirs\n"})
    sandbox.switch("topic")
    settings = [
        "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy",
        "core.alternateRefsCommand", "diff.external", "diff.evil.command", "diff.evil.textconv", "gpg.program",
        "merge.evil.driver", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "trailer.a.command",
        "trailer.a.cmd", "credential.helper", "remote.origin.uploadpack", "uploadpack.packObjectsHook",
        "sequence.editor", "alias.rev-parse", "alias.rev-list",
    ]  # fmt: skip
    for setting in settings:
        command = os.fspath(program)
        sandbox.git("config", setting, f"!{command}" if setting.startswith("alias") else command)
    sandbox.git("config", "log.showSignature", "true")
    sandbox.git("config", "core.hooksPath", os.fspath(tmp_path / "hooks"))
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
        (tmp_path / "hooks").mkdir(exist_ok=True)
        (tmp_path / "hooks" / hook).symlink_to(program)
    attributes = b"* diff=evil merge=evil filter=evil\n"
    sandbox.write({b".gitattributes": attributes, b".git/info/attributes": attributes})
    ran.unlink(missing_ok=True)
    with open_repository(sandbox.path) as repository:
        assert resolve(repository, "HEAD").commit == ours
        change = read_change(repository, base, ours)
        assert len(list(read_commits(repository, change.commits))) == 1
        assert recompute_merge(repository, ours, theirs) is None
        assert blame_line(repository, b"a", 1).commit == ours
        assert contributors(repository, read_commits(repository, (ours,)), revision=ours)
        assert remote_url(repository) == f"file://{origin.path}"
        deepen(repository, allowed=True)
        assert len(commit_range(repository, base, previous=None)) == 4
    assert not ran.exists(), ran.read_text()


def test_ext_transport_is_not_used(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    """A remote whose address is a command is refused when history is fetched."""
    origin = make_sandbox("origin")
    origin.commit()
    origin.commit()
    origin.git("clone", "--quiet", "--depth", "1", f"file://{origin.path}", os.fspath(tmp_path / "clone"))
    mark = tmp_path / "mark"
    config = tmp_path / "clone/.git/config"
    config.write_text(
        config.read_text() + f'[remote "evil"]\n\turl = ext::touch {mark}\n[protocol "ext"]\n\tallow = always\n'
    )
    with open_repository(tmp_path / "clone") as repository, pytest.raises(UnavailableError) as caught:
        deepen(repository, allowed=True, remote="evil")
    assert caught.value.slug == "git-failed"
    assert not mark.exists()


def test_nothing_is_written_to_the_repository(sandbox: Sandbox) -> None:
    """Reading, merging again included, leaves every file of the repository as it was, and no view behind."""

    def listing() -> set[tuple[str, int]]:
        return {(str(path), path.stat().st_mtime_ns) for path in sandbox.path.rglob("*")}

    base = sandbox.commit({b"a": b"1\n"})
    sandbox.branch("topic")
    head = sandbox.commit({b"b": b"1\n"})
    sandbox.branch("other", base)
    other = sandbox.commit({b"c": b"1\n"})
    before = listing()
    with open_repository(sandbox.path) as repository:
        view = repository.view
        read_change(repository, other, head)
        assert recompute_merge(repository, other, head)
    assert listing() == before
    assert not view.exists()


@pytest.mark.parametrize("name", ["", "-h", "--all", "--output=/tmp/x", "a\nb", "a\0b", "x" * 5000])
def test_names_that_could_be_options_are_refused(sandbox: Sandbox, name: str) -> None:
    """A revision or remote that git could read as an option never reaches it."""
    sandbox.commit()
    with open_repository(sandbox.path) as repository:
        for ask in (resolve, remote_url):
            with pytest.raises(NotFoundError) as caught:
                ask(repository, name)
            assert caught.value.slug == "git-bad-name"


def test_names_resolve(sandbox: Sandbox) -> None:
    """Branches, tags of both sorts and expressions give the object, its commit and the reference's full name."""
    first = sandbox.commit()
    second = sandbox.commit()
    sandbox.git("tag", "light", first)
    sandbox.git("tag", "--annotate", "--message", "m", "heavy", first)
    heavy = sandbox.git("rev-parse", "refs/tags/heavy").decode()
    with open_repository(sandbox.path) as repository:
        light = resolve(repository, "light")
        assert (light.object_id, light.kind, light.commit, light.ref) == (first, "commit", first, "refs/tags/light")
        tag = resolve(repository, "refs/tags/heavy")
        assert (tag.object_id, tag.kind, tag.commit, tag.ref) == (heavy, "tag", first, "refs/tags/heavy")
        assert resolve(repository, "HEAD").ref == "refs/heads/main"
        assert resolve(repository, second).ref is None
        assert resolve_commit(repository, "HEAD~1") == first


@pytest.mark.parametrize("name", ["nowhere", "HEAD~9", "HEAD:a", "0" * 40, "HEAD^{tree}"])
def test_unknown_revisions(sandbox: Sandbox, name: str) -> None:
    """What is not there, or is no commit, is an unknown revision."""
    sandbox.commit({b"a": b"1"})
    with open_repository(sandbox.path) as repository, pytest.raises(NotFoundError) as caught:
        resolve(repository, name)
    assert caught.value.slug == "git-unknown-revision"


def test_unborn_branch(sandbox: Sandbox) -> None:
    """A repository without a commit says so."""
    with open_repository(sandbox.path) as repository, pytest.raises(NotFoundError) as caught:
        resolve(repository, "HEAD")
    assert caught.value.slug == "git-unborn"


def test_no_repository(tmp_path: Path) -> None:
    """A folder outside of any repository is none, and so is one that does not exist."""
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotFoundError) as caught, open_repository(path):
            pass
        assert caught.value.slug == "git-no-repository"


def test_broken_repository_does_not_fall_through(make_sandbox: MakeSandbox) -> None:
    """A broken repository inside another one is an error, not the outer one."""
    outer = make_sandbox()
    outer.commit()
    (outer.path / "inner/.git").mkdir(parents=True)
    with pytest.raises(UnavailableError), open_repository(outer.path / "inner"):
        pass


def test_git_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git the error says what to install."""
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(UnavailableError) as caught, open_repository(tmp_path):
        pass
    assert caught.value.slug == "git-missing"
    assert caught.value.remedy


def test_environment_of_the_caller_does_not_leak(
    sandbox: Sandbox, make_sandbox: MakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR and its like, set by a hook that runs us, do not redirect what is read."""
    other = make_sandbox("other")
    other.commit({b"x": b"other"})
    head = sandbox.commit({b"a": b"1"})
    monkeypatch.setenv("GIT_DIR", os.fspath(other.path / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", os.fspath(other.path / ".git/objects"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=true'")
    monkeypatch.setenv("GIT_TRACE", "1")
    with open_repository(sandbox.path) as repository:
        assert resolve_commit(repository, "HEAD") == head
    assert not [name for name in git_environment() if name in {"HOME", "GIT_DIR", "GIT_TRACE"}]


def test_subfolder_worktree_and_bare_clone(sandbox: Sandbox, tmp_path: Path) -> None:
    """A path inside the tree, a linked working tree and a bare clone all open the same history."""
    base = sandbox.commit({b"dir/a": b"1"})
    head = sandbox.commit({b"dir/a": b"2"})
    sandbox.git("worktree", "add", "--quiet", os.fspath(tmp_path / "linked"), "HEAD")
    sandbox.git("clone", "--quiet", "--bare", os.fspath(sandbox.path), os.fspath(tmp_path / 'ba "re\n#'))
    digests = set()
    for path in (sandbox.path / "dir", tmp_path / "linked", tmp_path / 'ba "re\n#'):
        with open_repository(path) as repository:
            assert resolve_commit(repository, "HEAD") == head
            digests.add(read_change(repository, base, head).digest)
    assert len(digests) == 1


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")
def test_repository_of_another_owner(sandbox: Sandbox) -> None:
    """A checkout that another account owns, usual in containers, opens."""
    sandbox.commit()
    for path in (sandbox.path, *sandbox.path.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    with open_repository(sandbox.path) as repository:
        assert resolve(repository, "HEAD").kind == "commit"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:secret@host.example/a/b.git?token=x#y", "https://host.example/a/b.git"),
        ("https://token@host.example:8443/a", "https://host.example:8443/a"),
        ("ssh://git:pw@host.example/a", "ssh://host.example/a"),
        ("git@host.example:a/b.git", "host.example:a/b.git"),
        ("https://u:p@ss@host.example/a", "https://host.example/a"),
        ("/local/path", "/local/path"),
        ("https://[bad/a", "https://"),
    ],
)
def test_addresses_lose_credentials(address: str, shown: str) -> None:
    """No user, password, query or fragment of a remote's address is kept."""
    assert strip_credentials(address) == shown


def test_remote_url(sandbox: Sandbox) -> None:
    """The remote's address comes without credentials; a remote without one gives None."""
    sandbox.commit()
    with open_repository(sandbox.path) as repository:
        assert remote_url(repository) is None
        sandbox.git("config", "remote.origin.url", "https://u:p@host.example/a.git")
        assert remote_url(repository) == "https://host.example/a.git"


def _clone(origin: Sandbox, make: MakeSandbox, depth: int) -> Path:
    path = origin.path.parent / f"clone{depth}"
    origin.git(
        "clone", "--quiet", "--no-single-branch", "--depth", str(depth), f"file://{origin.path}", os.fspath(path)
    )
    return path


def test_shallow_clone_refuses_with_the_command(make_sandbox: MakeSandbox) -> None:
    """Where the history is cut off the answer is refused, and the remedy is a command that works."""
    origin = make_sandbox("origin")
    commits = [origin.commit({b"a": b"%d\n" % number}) for number in range(8)]
    origin.branch("topic", commits[1])
    topic = origin.commit({b"b": b"1\n"})
    origin.switch("main")
    with open_repository(_clone(origin, make_sandbox, 3)) as repository:
        assert shallow_boundary(repository)
        assert commit_range(repository, commits[7], previous=commits[5]) == tuple(commits[6:])
        for ask in (
            lambda: commit_range(repository, commits[7], previous=None),
            lambda: merge_base(repository, commits[7], topic),
            lambda: read_push(repository, repository.zero_id, commits[7]),
            lambda: deepen(repository, allowed=False),
            lambda: with_history(repository, lambda: merge_base(repository, commits[7], topic), fetch=False),
        ):
            with pytest.raises(UnavailableError) as caught:
                ask()
            assert caught.value.slug == "git-shallow"
            assert caught.value.remedy == f"run: git -C {repository.root} fetch --unshallow origin"
        found = with_history(repository, lambda: merge_base(repository, commits[7], topic), fetch=True)
        assert found.commit == commits[1]
        assert not shallow_boundary(repository)


def test_shallow_clone_does_not_call_old_commits_new(make_sandbox: MakeSandbox) -> None:
    """A commit that the previous release reached by a path now cut off is not listed as new."""
    origin = make_sandbox("origin")
    old = origin.commit({b"a": b"1"})
    for number in range(6):
        origin.commit({b"a": b"x%d" % number})
    previous = origin.head()
    origin.branch("side", old)
    origin.commit({b"b": b"1"})
    origin.switch("main")
    origin.git("merge", "--quiet", "--no-edit", "side")
    merged = origin.head()
    with open_repository(_clone(origin, make_sandbox, 4)) as repository:
        with pytest.raises(UnavailableError) as caught:
            commit_range(repository, merged, previous=previous)
        assert caught.value.slug == "git-shallow"
        listed = with_history(repository, lambda: commit_range(repository, merged, previous=previous), fetch=True)
        assert old not in listed
        assert len(listed) == 2

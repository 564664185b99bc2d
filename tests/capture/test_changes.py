"""Manifests read from real repositories."""

from __future__ import annotations

import hashlib
import os
import random
import zlib
from typing import TYPE_CHECKING

import pytest

from ledger.capture.changes import read_change, read_manifest
from ledger.capture.git import open_repository
from ledger.errors import FormatError, NotFoundError
from ledger.manifest import decode_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.manifest import Manifest, ManifestEntry
    from tests.capture.conftest import MakeSandbox, Sandbox


def _by_path(manifest: Manifest) -> dict[bytes, ManifestEntry]:
    return {entry.path: entry for entry in manifest.entries}


def _digest(sandbox: Sandbox, base: str, head: str) -> str:
    with open_repository(sandbox.path) as repository:
        return read_change(repository, base, head).digest


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_every_kind_of_change(sandbox: Sandbox) -> None:
    """Additions, deletions, edits, modes, links, submodules, binaries, renames and odd paths give one entry a path."""
    odd = [
        b"-rf",
        b"a b",
        b"tab\there",
        b'quo"te',
        b"back\\slash",
        b"new\nline",
        b"not-utf8-\xff",
        "ünï".encode(),
        b":(x)",
    ]
    base = sandbox.commit(
        {b"gone": b"1\n", b"edit": b"1\n", b"mode": b"1\n", b"dir/old name": b"same\n", b"file": b"x"}
    )
    (sandbox.path / "gone").unlink()
    (sandbox.path / "mode").chmod(0o755)
    (sandbox.path / "file").unlink()
    sandbox.git("mv", "dir/old name", "dir/new name")
    (sandbox.path / "link").symlink_to(os.fsdecode(b"../t\xe4rget"))
    sandbox.write({b"edit": b"2\n", b"bin": b"\0\1\2", b"file/inside": b"y"} | dict.fromkeys(odd, b"odd"))
    sandbox.git("add", "--all")
    sandbox.git("update-index", "--add", "--cacheinfo", f"160000,{base},module")
    sandbox.git("commit", "--quiet", "--message", "all")
    head = sandbox.head()
    with open_repository(sandbox.path) as repository:
        change = read_change(repository, base, head)
        zero = repository.zero_id
    found = _by_path(change.manifest)
    plain = b"gone edit mode file file/inside link bin module".split()
    assert set(found) == {*odd, *plain, b"dir/old name", b"dir/new name"}
    assert list(found) == sorted(found)
    assert (found[b"gone"].new_mode, found[b"gone"].new_blob, found[b"gone"].new_sha256) == ("000000", zero, None)
    assert (found[b"mode"].old_mode, found[b"mode"].new_mode) == ("100644", "100755")
    assert found[b"mode"].old_blob == found[b"mode"].new_blob
    assert found[b"edit"].new_sha256 == _sha256(b"2\n")
    assert found[b"bin"].new_sha256 == _sha256(b"\0\1\2")
    assert (found[b"link"].new_mode, found[b"link"].new_sha256) == ("120000", _sha256(b"../t\xe4rget"))
    assert (found[b"module"].new_mode, found[b"module"].new_blob, found[b"module"].new_sha256) == ("160000", base, None)
    assert found[b"dir/old name"].new_mode == found[b"dir/new name"].old_mode == "000000"
    assert decode_manifest(change.manifest_bytes) == change.manifest
    assert change.manifest.object_format == sandbox.object_format
    assert change.tree == sandbox.tree()
    assert change.commits == (head,)


def test_root_commit_and_empty_commit(sandbox: Sandbox) -> None:
    """A commit without changes has an empty manifest; a root commit compares with the empty tree."""
    root = sandbox.commit({b"a": b"1"})
    empty = sandbox.commit()
    assert _digest(sandbox, root, empty) == _digest(sandbox, root, root)
    with open_repository(sandbox.path) as repository:
        change = read_change(repository, root, empty)
        assert change.manifest.entries == ()
        assert change.commits == (empty,)
        assert (change.lines.added, change.lines.removed) == (0, 0)


def test_comparison_starts_at_the_merge_base(sandbox: Sandbox) -> None:
    """What the target branch did meanwhile is no part of a change."""
    start = sandbox.commit({b"a": b"1\n", b"b": b"1\n"})
    sandbox.branch("topic")
    head = sandbox.commit({b"a": b"2\n"})
    sandbox.switch("main")
    later = sandbox.commit({b"b": b"2\n"})
    with open_repository(sandbox.path) as repository:
        change = read_change(repository, later, head)
    assert change.merge_base == start
    assert [entry.path for entry in change.manifest.entries] == [b"a"]
    assert (change.lines.added, change.lines.removed) == (1, 1)


def test_repository_configuration_changes_nothing(sandbox: Sandbox) -> None:
    """Rename detection, ignored submodules, attributes, replaced objects and grafts do not reach the manifest."""
    base = sandbox.commit({b"one": b"same\n" * 20, b"two": b"2\n"})
    sandbox.git("mv", "one", "moved")
    sandbox.git("update-index", "--add", "--cacheinfo", f"160000,{base},module")
    sandbox.git("commit", "--quiet", "--message", "move")
    head = sandbox.head()
    before = _digest(sandbox, base, head)
    for setting in (
        "diff.renames=copies", "diff.ignoreSubmodules=all", "submodule.module.ignore=all", "diff.relative=true",
        "diff.orderFile=order", "core.abbrev=4", "core.quotePath=true", "core.ignoreCase=true",
        "diff.algorithm=patience",
    ):  # fmt: skip
        sandbox.git("config", *setting.split("="))
    sandbox.write(
        {
            b".git/info/attributes": b"* -text diff=none filter=x\n",
            b".git/info/grafts": f"{head}\n".encode(),
            b".gitmodules": b'[submodule "module"]\n path = module\n url = /x\n ignore = all\n',
            b"order": b"zzz\n",
        }
    )
    empty = sandbox.git("commit-tree", f"{base}^{{tree}}", "-m", "x").decode()
    sandbox.git("replace", "--force", head, empty)
    assert _digest(sandbox, base, head) == before
    sandbox.git("replace", "--delete", head)
    assert _digest(sandbox, base, head) == before


def test_packed_and_loose_objects_give_the_same(sandbox: Sandbox) -> None:
    """How objects are stored does not matter."""
    base = sandbox.commit({b"a": b"1\n" * 500})
    head = sandbox.commit({b"a": b"1\n" * 500 + b"2\n", b"b": b"3"})
    before = _digest(sandbox, base, head)
    sandbox.git("repack", "-a", "-d", "-q")
    sandbox.git("commit-graph", "write", "--reachable")
    assert _digest(sandbox, base, head) == before


@pytest.mark.parametrize("seed", range(6))
def test_squash_and_rebase_keep_the_manifest(make_sandbox: MakeSandbox, seed: int) -> None:
    """A squash and a rebase have the manifest of the change, as long as the base left those files alone."""
    rng = random.Random(seed)
    sandbox = make_sandbox(object_format=rng.choice(["sha1", "sha256"]))
    start = sandbox.commit({f"f{number}".encode(): rng.randbytes(20) for number in range(8)})
    sandbox.branch("topic")
    for _ in range(rng.randint(1, 3)):
        sandbox.commit(
            {f"f{rng.randrange(4)}".encode(): rng.randbytes(20), b"new/%d" % rng.randrange(9): rng.randbytes(9)}
        )
    change = _digest(sandbox, start, sandbox.head())
    sandbox.branch("target", start)
    for _ in range(2):
        sandbox.commit({f"f{rng.randrange(4, 8)}".encode(): rng.randbytes(20), b"target/%d" % rng.randrange(9): b"t"})
    target = sandbox.head()
    sandbox.git("merge", "--quiet", "--squash", "topic")
    squashed = sandbox.commit()
    assert _digest(sandbox, target, squashed) == change
    sandbox.switch("topic")
    sandbox.git("rebase", "--quiet", target)
    assert _digest(sandbox, target, sandbox.head()) == change
    sandbox.branch("merged", target)
    sandbox.git("merge", "--quiet", "--no-ff", "--no-edit", "topic")
    assert _digest(sandbox, target, sandbox.head()) == change


def test_large_blob_is_digested_in_pieces(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    """A blob larger than what may be read whole still gets its digest."""
    sandbox = make_sandbox()
    base = sandbox.commit({b"a": b"1"})
    piece = bytes(range(256)) * 4096
    with (sandbox.path / "big").open("wb") as file:
        for _ in range(40):
            file.write(piece)
    sandbox.git("config", "core.compression", "0")
    head = sandbox.commit()
    with open_repository(sandbox.path) as repository:
        change = read_change(repository, base, head)
        with pytest.raises(FormatError) as caught:
            repository.objects.read(change.manifest.entries[0].new_blob, "blob")
        # A refused object leaves no half-read answer behind.
        assert repository.objects.read(head, "commit").startswith(b"tree ")
    assert change.manifest.entries[0].new_sha256 == _sha256(piece * 40)
    assert caught.value.slug == "git-object-too-large"


def test_forged_and_missing_objects_are_noticed(make_sandbox: MakeSandbox) -> None:
    """A blob stored under an id that is not its own is refused, and so is one that is gone."""
    sandbox = make_sandbox()
    sandbox.commit({b"a": b"1\n"})
    old = sandbox.tree()
    sandbox.commit({b"a": b"2\n"})
    new = sandbox.tree()
    blob = sandbox.git("rev-parse", "HEAD:a").decode()
    loose = sandbox.path / ".git/objects" / blob[:2] / blob[2:]
    loose.chmod(0o644)
    loose.write_bytes(zlib.compress(b"blob 2\x003\n"))
    with open_repository(sandbox.path) as repository, pytest.raises(FormatError) as forged:
        read_manifest(repository, old, new)
    assert forged.value.slug == "git-object-corrupt"
    loose.unlink()
    with open_repository(sandbox.path) as repository, pytest.raises(NotFoundError) as missing:
        read_manifest(repository, old, new)
    assert missing.value.slug == "git-object-missing"


def test_old_modes_are_read_as_git_checks_them_out(make_sandbox: MakeSandbox) -> None:
    """A tree with a group-writable mode, as old versions wrote, is no change against the usual one."""
    sandbox = make_sandbox()
    sandbox.commit({b"a": b"1\n"})
    blob = sandbox.git("rev-parse", "HEAD:a").decode()
    raw = b"100664 a\0" + bytes.fromhex(blob)
    odd = sandbox.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw).decode()
    assert odd != sandbox.tree()
    with open_repository(sandbox.path) as repository:
        assert read_manifest(repository, odd, sandbox.tree()).entries == ()


def test_a_tree_that_names_a_path_twice_is_refused(make_sandbox: MakeSandbox) -> None:
    """A malformed tree with one name twice gives an error, not a choice."""
    sandbox = make_sandbox()
    sandbox.commit({b"a": b"1\n"})
    blob = bytes.fromhex(sandbox.git("rev-parse", "HEAD:a").decode())
    raw = b"100644 z\0" + blob + b"100755 z\0" + blob
    twice = sandbox.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw).decode()
    with open_repository(sandbox.path) as repository, pytest.raises(FormatError) as caught:
        read_manifest(repository, sandbox.tree(), twice)
    assert caught.value.slug == "bad-manifest"

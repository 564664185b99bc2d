"""Commits, ranges, pushes, landings and the origin of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.capture.blame import blame_line, committed_line
from ledger.capture.changes import read_change
from ledger.capture.commits import Contact, Trailer, parse_contact, read_commit, read_commits
from ledger.capture.git import open_repository
from ledger.capture.history import commit_range, merge_base, read_push
from ledger.capture.landing import Candidate, bind_commits, read_landings
from ledger.capture.merges import recompute_merge
from ledger.capture.people import contributors, parse_owners, read_owners
from ledger.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from tests.capture.conftest import MakeSandbox, Sandbox


def _candidate(sandbox: Sandbox, base: str, head: str, name: str = "change") -> Candidate:
    with open_repository(sandbox.path) as repository:
        change = read_change(repository, base, head)
    return Candidate(name, change.digest, change.tree, head, base)


def test_commit_fields(sandbox: Sandbox) -> None:
    """Every field of a commit is read, trailers of the block as git does, co-authors from the whole message."""
    root = sandbox.commit()
    message = (
        "subject line\n\n* part\n\nCo-authored-by: Cy <cy@example.org>\n\nmore\n\n"
        "Reviewed-by: Di\n  Folded <di@example.org>\nco-authored-by: Ed <ed@example.org>\n"
    )
    commit = sandbox.commit({b"a": b"1"}, message)
    with open_repository(sandbox.path) as repository:
        read = read_commit(repository, commit)
    assert (read.id, read.tree, read.parents) == (commit, sandbox.tree(), (root,))
    assert read.author.contact == Contact("Ada Example", "ada@example.org")
    assert read.committer.contact == Contact("Bo Example", "bo@example.org")
    assert read.committer.at is not None
    assert read.committer.at.endswith("+02:00")
    assert read.subject == "subject line"
    assert read.message == message
    assert read.trailers == (
        Trailer("Reviewed-by", "Di Folded <di@example.org>"),
        Trailer("co-authored-by", "Ed <ed@example.org>"),
    )
    assert read.co_authors == (Contact("Cy", "cy@example.org"), Contact("Ed", "ed@example.org"))
    assert not read.signed


@pytest.mark.parametrize(
    ("headers", "name", "mail", "at"),
    [
        (b"author A <a@b> 1 +0000", "A", "a@b", "1970-01-01T00:00:01Z"),
        (b"author  <> 1 -0130", "", "", None),
        (b"author A", "A", "", None),
        (b"author A <b> c <d> x y", "A", "b", None),
        (b"author A <b> 99999999999999999999 +0000", "A", "b", None),
        (b"author A <b> 999999999999 +0000", "A", "b", None),
        (b"author A <b> 1 +9999", "A", "b", None),
        (b"author \xff <\xfe> 1 +0000", "\ufffd", "\ufffd", "1970-01-01T00:00:01Z"),
    ],
)
def test_odd_identities_are_read(
    make_sandbox: MakeSandbox, headers: bytes, name: str, mail: str, at: str | None
) -> None:
    """Identities that old importers wrote give what can be read of them."""
    sandbox = make_sandbox()
    sandbox.commit()
    body = f"tree {sandbox.tree()}\n".encode() + headers + b"\ncommitter C <c> 1 +0000\n\nm\xe4\0hidden\n"
    commit = sandbox.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=body).decode()
    with open_repository(sandbox.path) as repository:
        author = read_commit(repository, commit).author
    assert (author.contact.name, author.contact.mail, author.at) == (name, mail, at)


def test_a_line_of_hyphens_hides_no_trailer(sandbox: Sandbox) -> None:
    """Trailers after a line that would end a patch's message are read all the same."""
    commit = sandbox.commit(message="subject\n\n---\nupdated: x\n...\n\nSigned-off-by: Bo <bo@example.org>\n")
    with open_repository(sandbox.path) as repository:
        assert read_commit(repository, commit).trailers == (Trailer("Signed-off-by", "Bo <bo@example.org>"),)


def test_encodings(make_sandbox: MakeSandbox) -> None:
    """A declared character set is used; one that is none of them is not looked up among Python's codecs."""
    sandbox = make_sandbox()
    sandbox.commit()
    texts = []
    for declared in (b"ISO-8859-1", b"unicode_escape", b"no-such", b"punycode"):
        body = f"tree {sandbox.tree()}\n".encode() + b"author A <a> 1 +0000\ncommitter C <c> 1 +0000\nencoding "
        body += declared + b"\n\nm\xe4\\x41\n"
        commit = sandbox.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=body).decode()
        with open_repository(sandbox.path) as repository:
            texts.append(read_commit(repository, commit).message)
    assert texts == ["mä\\x41\n", *["m\ufffd\\x41\n"] * 3]


def test_a_commit_without_a_tree_is_refused(make_sandbox: MakeSandbox) -> None:
    """An object that calls itself a commit and names no tree is a format error."""
    sandbox = make_sandbox()
    sandbox.commit()
    commit = sandbox.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=b"tree x\n\n").decode()
    with open_repository(sandbox.path) as repository:
        with pytest.raises(FormatError):
            read_commit(repository, commit)
        blob = sandbox.git("hash-object", "-w", "--stdin", stdin=b"x").decode()
        with pytest.raises(FormatError):
            read_commit(repository, blob)


@pytest.mark.parametrize("text", ["", "A", "<", "A <a", "A a>", "\n"])
def test_no_contact(text: str) -> None:
    """What has no address in brackets is no contact."""
    assert parse_contact(text) is None


def test_ranges(sandbox: Sandbox) -> None:
    """A range holds what the end reaches and the start does not, side branches too; a path narrows it."""
    start = sandbox.commit({b"a": b"1\n", b"-dash/x": b"1\n"})
    sandbox.branch("topic")
    one = sandbox.commit({b"-dash/x": b"2\n"})
    sandbox.switch("main")
    two = sandbox.commit({b"a": b"2\n"})
    sandbox.git("merge", "--quiet", "--no-edit", "topic")
    merged = sandbox.head()
    with open_repository(sandbox.path) as repository:
        listed = commit_range(repository, merged, previous=start)
        assert set(listed) == {one, two, merged}
        assert listed[-1] == merged
        assert commit_range(repository, merged, previous=None)[0] == start
        assert commit_range(repository, merged, previous=start, path="-dash") == (one, merged)
        assert commit_range(repository, merged, previous=start, path="*") == ()
        assert commit_range(repository, start, previous=merged) == ()
        with pytest.raises(NotFoundError):
            commit_range(repository, merged, previous="1" * len(start))


def test_path_scope_keeps_side_branches_with_the_same_outcome(sandbox: Sandbox) -> None:
    """A commit on a side branch that made the same edit as the mainline is still in the range."""
    start = sandbox.commit({b"p/a": b"1\n", b"q": b"1"})
    sandbox.branch("topic")
    side = sandbox.commit({b"p/a": b"2\n"})
    sandbox.switch("main")
    main = sandbox.commit({b"p/a": b"2\n", b"q": b"2"})
    sandbox.git("merge", "--quiet", "--no-edit", "topic")
    with open_repository(sandbox.path) as repository:
        assert set(commit_range(repository, sandbox.head(), previous=start, path="p")) == {side, main}


def test_merge_base_of_a_criss_cross(sandbox: Sandbox) -> None:
    """Of several best ancestors the last committed is taken and the others are named, in either order of asking."""
    sandbox.commit({b"a": b"1\n"})
    sandbox.branch("left")
    left = sandbox.commit({b"l": b"1\n"})
    sandbox.branch("right", "main")
    right = sandbox.commit({b"r": b"1\n"})
    sandbox.git("merge", "--quiet", "--no-edit", left)
    two = sandbox.head()
    sandbox.switch("left")
    sandbox.git("merge", "--quiet", "--no-edit", right)
    one = sandbox.head()
    with open_repository(sandbox.path) as repository:
        found = merge_base(repository, one, two)
        assert (found.commit, found.others) == (right, (left,))
        assert merge_base(repository, two, one) == found


def test_unrelated_histories(sandbox: Sandbox) -> None:
    """Two roots have no merge base."""
    one = sandbox.commit({b"a": b"1"})
    sandbox.git("checkout", "--quiet", "--orphan", "other")
    two = sandbox.commit({b"a": b"2"})
    with open_repository(sandbox.path) as repository, pytest.raises(NotFoundError) as caught:
        merge_base(repository, one, two)
    assert caught.value.slug == "git-no-merge-base"


def test_pushes(sandbox: Sandbox) -> None:
    """A push brings its new commits; a forced one also drops some; a new reference starts at a zero id."""
    first = sandbox.commit({b"a": b"1"})
    second = sandbox.commit({b"a": b"2"})
    third = sandbox.commit({b"a": b"3"})
    sandbox.branch("forced", first)
    other = sandbox.commit({b"a": b"4"})
    with open_repository(sandbox.path) as repository:
        plain = read_push(repository, first, third)
        assert (plain.commits, plain.mainline, plain.dropped) == ((second, third), (second, third), ())
        forced = read_push(repository, third, other)
        assert (forced.commits, forced.dropped) == ((other,), (second, third))
        new = read_push(repository, repository.zero_id, other)
        assert (new.before, new.commits) == (None, (first, other))
        assert read_push(repository, repository.zero_id, other, known=(third,)).commits == (other,)
        assert read_push(repository, third, third).commits == ()


def _topic(sandbox: Sandbox) -> tuple[str, Candidate]:
    """Base commit, and a change of two commits on the branch topic that edits a and adds b."""
    base = sandbox.commit({b"a": b"1\n2\n3\n4\n5\n6\n7\n8\n", b"other": b"1\n"})
    sandbox.branch("topic")
    sandbox.commit({b"a": b"1 changed\n2\n3\n4\n5\n6\n7\n8\n"}, "one")
    head = sandbox.commit({b"b": b"new\n"}, "two")
    sandbox.switch("main")
    return base, _candidate(sandbox, base, head)


def _landed(sandbox: Sandbox, base: str, *candidates: Candidate) -> list[tuple[str, str, int]]:
    with open_repository(sandbox.path) as repository:
        landings = read_landings(repository, base, sandbox.head(), candidates)
        every = [commit for landing in landings for commit in landing.commits]
        assert sorted(every) == sorted(commit_range(repository, sandbox.head(), previous=base))
    return [(landing.bound, landing.method, len(landing.commits)) for landing in landings]


def test_squash_lands_by_manifest(sandbox: Sandbox) -> None:
    """A squash over unrelated work on the base has the manifest of the change."""
    base, candidate = _topic(sandbox)
    sandbox.commit({b"other": b"2\n"})
    sandbox.git("merge", "--quiet", "--squash", "topic")
    sandbox.commit()
    assert _landed(sandbox, base, candidate) == [("none", "push", 1), ("manifest", "squash", 1)]


def test_merge_lands_by_manifest(sandbox: Sandbox) -> None:
    """A merge commit brings the change and its commits."""
    base, candidate = _topic(sandbox)
    sandbox.commit({b"other": b"2\n"})
    sandbox.git("merge", "--quiet", "--no-ff", "--no-edit", "topic")
    assert _landed(sandbox, base, candidate) == [("none", "push", 1), ("manifest", "merge", 3)]


def test_rebase_lands_by_manifest(sandbox: Sandbox) -> None:
    """A rebase lands as the run of its commits."""
    base, candidate = _topic(sandbox)
    main = sandbox.commit({b"other": b"2\n"})
    sandbox.switch("topic")
    sandbox.git("rebase", "--quiet", main)
    assert _landed(sandbox, base, candidate) == [("none", "push", 1), ("manifest", "rebase", 2)]


def test_rebase_lands_without_the_original_commits(sandbox: Sandbox) -> None:
    """The change's own commits need not be in the clone."""
    base, candidate = _topic(sandbox)
    main = sandbox.commit({b"other": b"2\n"})
    sandbox.switch("topic")
    sandbox.git("rebase", "--quiet", main)
    gone = Candidate("gone", candidate.manifest, candidate.tree, "1" * len(base), base)
    assert _landed(sandbox, base, gone) == [("none", "push", 1), ("manifest", "rebase", 2)]


def test_fast_forward_lands(sandbox: Sandbox) -> None:
    """A fast-forward lands the change's own commits."""
    base, candidate = _topic(sandbox)
    sandbox.git("merge", "--quiet", "--ff-only", "topic")
    assert _landed(sandbox, base, candidate) == [("manifest", "fast-forward", 2)]


@pytest.mark.parametrize("how", ["squash", "merge", "rebase"])
def test_landing_over_the_same_file_is_recomputed(sandbox: Sandbox, how: str) -> None:
    """Where the base touched the same file elsewhere, the merge done again gives the landed tree."""
    base, candidate = _topic(sandbox)
    main = sandbox.commit({b"a": b"1\n2\n3\n4\n5\n6\n7\n8 changed\n"})
    if how == "squash":
        sandbox.git("merge", "--quiet", "--squash", "topic")
        sandbox.commit()
    elif how == "merge":
        sandbox.git("merge", "--quiet", "--no-edit", "topic")
    else:
        sandbox.switch("topic")
        sandbox.git("rebase", "--quiet", main)
    count = {"squash": 1, "merge": 3, "rebase": 2}[how]
    assert _landed(sandbox, base, candidate) == [("none", "push", 1), ("recomputed", how, count)]


def test_landed_tree_binds(sandbox: Sandbox) -> None:
    """A landed tree that is the recorded result binds where the manifest does not."""
    base, candidate = _topic(sandbox)
    sandbox.commit({b"a": b"1\n2\n3\n4\n5\n6\n7\n8 changed\n"})
    sandbox.git("merge", "--quiet", "--squash", "topic")
    sandbox.commit()
    expected = Candidate("c", candidate.manifest, sandbox.tree(), candidate.head, base)
    assert _landed(sandbox, base, expected) == [("none", "push", 1), ("tree", "squash", 1)]


def test_evil_merge_and_hand_resolved_conflict_do_not_bind(sandbox: Sandbox) -> None:
    """A merge that adds something, or resolves a conflict, is bound to nothing."""
    base, candidate = _topic(sandbox)
    sandbox.git("merge", "--quiet", "--no-ff", "--no-commit", "topic")
    sandbox.commit({b"b": b"new\nevil\n"})
    assert _landed(sandbox, base, candidate) == [("none", "merge", 3)]
    sandbox.git("reset", "--quiet", "--hard", base)
    sandbox.commit({b"a": b"1 conflicting\n2\n3\n4\n5\n6\n7\n8\n"})
    sandbox.git("merge", "--quiet", "--no-ff", "--no-commit", "topic", check=False)
    sandbox.commit({b"a": b"1 resolved\n2\n3\n4\n5\n6\n7\n8\n"})
    assert [bound for bound, _method, _count in _landed(sandbox, base, candidate)] == ["none", "none"]


def test_commits_after_the_merge_do_not_bind_again(sandbox: Sandbox) -> None:
    """Neither an empty commit nor an edit after the merge is taken for the change, and no empty change for anything."""
    base, candidate = _topic(sandbox)
    sandbox.git("merge", "--quiet", "--no-ff", "--no-edit", "topic")
    merged = sandbox.head()
    empty = sandbox.commit()
    edit = sandbox.commit({b"other": b"3\n"})
    nothing = _candidate(sandbox, base, base, "nothing")
    with open_repository(sandbox.path) as repository:
        assert bind_commits(repository, base, merged, (candidate,)) == ("manifest", candidate)
        assert bind_commits(repository, merged, empty, (candidate, nothing)) == ("none", None)
        assert bind_commits(repository, empty, edit, (candidate, nothing)) == ("none", None)
        assert bind_commits(repository, None, base, (candidate,)) == ("none", None)


def test_cherry_pick_lands_by_manifest(sandbox: Sandbox) -> None:
    """A cherry-picked commit has the manifest of the change it came from."""
    base = sandbox.commit({b"a": b"1\n"})
    sandbox.branch("topic")
    head = sandbox.commit({b"b": b"1\n"})
    candidate = _candidate(sandbox, base, head)
    sandbox.branch("release", base)
    start = sandbox.commit({b"a": b"2\n"})
    sandbox.git("cherry-pick", head)
    assert _landed(sandbox, start, candidate) == [("manifest", "rebase", 1)]


def test_octopus_merge(sandbox: Sandbox) -> None:
    """An octopus of two changes is one landing that is neither of them."""
    base = sandbox.commit({b"a": b"1\n"})
    candidates = []
    for name in ("x", "y"):
        sandbox.branch(name, base)
        candidates.append(_candidate(sandbox, base, sandbox.commit({name.encode(): b"1\n"})))
    sandbox.switch("main")
    sandbox.git("merge", "--quiet", "--no-ff", "--no-edit", "x", "y")
    with open_repository(sandbox.path) as repository:
        assert len(read_commit(repository, sandbox.head()).parents) in (2, 3)
    assert _landed(sandbox, base, *candidates) == [("none", "merge", 3)]


def test_two_changes_in_one_push(sandbox: Sandbox) -> None:
    """Each landing of a push is bound to its own change."""
    base = sandbox.commit({b"a": b"1\n"})
    sandbox.branch("x")
    sandbox.commit({b"x": b"1\n"}, "x1")
    one = _candidate(sandbox, base, sandbox.commit({b"x": b"2\n"}, "x2"), "one")
    sandbox.branch("y", base)
    two = _candidate(sandbox, base, sandbox.commit({b"y": b"1\n"}, "y1"), "two")
    sandbox.switch("main")
    sandbox.git("merge", "--quiet", "--squash", "y")
    sandbox.commit(message="y squashed (#7)")
    sandbox.switch("x")
    sandbox.git("rebase", "--quiet", "main")
    with open_repository(sandbox.path) as repository:
        landings = read_landings(repository, base, sandbox.head(), (one, two))
    assert [(each.candidate.name if each.candidate else None, each.method) for each in landings] == [
        ("two", "squash"),
        ("one", "rebase"),
    ]


def test_recomputed_merge(sandbox: Sandbox) -> None:
    """A clean merge gives the tree that git merge makes; a conflict gives None."""
    base = sandbox.commit({b"a": b"1\n"})
    sandbox.branch("x")
    one = sandbox.commit({b"x": b"1\n", b"a": b"2\n"})
    sandbox.branch("y", base)
    two = sandbox.commit({b"y": b"1\n"})
    with open_repository(sandbox.path) as repository:
        again = recompute_merge(repository, one, two)
        sandbox.git("merge", "--quiet", "--no-edit", one)
        assert again == sandbox.tree()
        sandbox.branch("z", base)
        assert recompute_merge(repository, sandbox.commit({b"a": b"3\n"}), one) is None


def test_origin_of_a_line(sandbox: Sandbox) -> None:
    """A line leads to the commit that wrote it, through renames and odd names."""
    path = b'dir/-odd \xff\n"name'
    first = sandbox.commit({b"plain": b"".join(b"line %d\n" % number for number in range(9))})
    (sandbox.path / "plain").unlink()
    lines = [b"line %d\n" % number for number in range(9)]
    second = sandbox.commit({path: b"new\n" + b"".join(lines)})
    with open_repository(sandbox.path) as repository:
        added = blame_line(repository, path, 1)
        assert (added.commit, added.path, added.line) == (second, path, 1)
        kept = blame_line(repository, path, 3)
        assert (kept.commit, kept.path, kept.line) == (first, b"plain", 2)
        for line in (0, -1, 11):
            with pytest.raises(NotFoundError):
                blame_line(repository, path, line)
        with pytest.raises(NotFoundError):
            blame_line(repository, b"nowhere", 1)


def test_line_of_an_edited_file(sandbox: Sandbox) -> None:
    """A line of the working tree is found in the commit unless it is new there; line ends do not matter."""
    sandbox.commit({b"a": b"".join(b"line %d\n" % number for number in range(1, 10))})
    edited = [b"inserted\r\n", *[b"line %d\r\n" % number for number in range(1, 10)]]
    edited[5] = b"edited\r\n"
    file = sandbox.path / "a"
    file.write_bytes(b"".join(edited))
    with open_repository(sandbox.path) as repository:
        assert committed_line(repository, file, 2) == (b"a", 1)
        assert committed_line(repository, file, 10) == (b"a", 9)
        for line in (0, 1, 6, 99):
            with pytest.raises(NotFoundError):
                committed_line(repository, file, line)
        with pytest.raises(NotFoundError):
            committed_line(repository, sandbox.path.parent, 1)


def test_contributors_follow_the_mailmap(sandbox: Sandbox) -> None:
    """Names that the mailmap joins are one contributor; assistants are marked; everybody's part is counted."""
    sandbox.commit({b".mailmap": b"Ada Lovelace <ada@new.example> <ada@example.org>\n"}, "one")
    sandbox.commit(
        message="two\n\nCo-authored-by: Claude <noreply@anthropic.com>\nCo-authored-by: L <ADA@new.example>\n"
    )
    with open_repository(sandbox.path) as repository:
        head = sandbox.head()
        found = contributors(
            repository, read_commits(repository, commit_range(repository, head, previous=None)), revision=head
        )
    shown = {
        (each.contact.name, each.contact.mail): (
            each.authored_count,
            each.committed_count,
            each.co_authored_count,
            each.agent,
        )
        for each in found
    }
    assert shown[("Ada Lovelace", "ada@new.example")] == (2, 0, 0, None)
    assert shown[("Bo Example", "bo@example.org")] == (0, 2, 0, None)
    assert shown[("Claude", "noreply@anthropic.com")] == (0, 0, 1, "claude")


def test_owners(sandbox: Sandbox) -> None:
    """The owners file is found where forges look first; sections hand down their owners; a link is not followed."""
    text = b"# c\n* @all\n/src/a\\ b @one two@x.example # why\n\n^[Docs][2] @docs/team\n/docs/\n/docs/x @y\nno-owner#\n"
    commit = sandbox.commit({b"CODEOWNERS": b"* @later\n", b".github/CODEOWNERS": text})
    with open_repository(sandbox.path) as repository:
        found = read_owners(repository, commit)
    assert found is not None
    assert found[0] == ".github/CODEOWNERS"
    assert [(rule.pattern, rule.owners, rule.section, rule.line) for rule in found[1]] == [
        ("*", ("@all",), None, 2),
        ("/src/a b", ("@one", "two@x.example"), None, 3),
        ("/docs/", ("@docs/team",), "Docs", 6),
        ("/docs/x", ("@y",), "Docs", 7),
        ("no-owner#", ("@docs/team",), "Docs", 8),
    ]
    assert parse_owners(b"\xff\0\n[\n") != ()
    (sandbox.path / ".github/CODEOWNERS").unlink()
    (sandbox.path / ".github/CODEOWNERS").symlink_to("/etc/passwd")
    linked = sandbox.commit()
    with open_repository(sandbox.path) as repository:
        found = read_owners(repository, linked)
    assert found is not None
    assert found[0] == "CODEOWNERS"

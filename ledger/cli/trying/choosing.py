"""Which part of a history a trial reads: what was asked for, else between release tags, else the newest landings."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.capture.git import read_view, resolve, shallow_boundary, shallow_error
from ledger.capture.gitrun import git_environment, in_repository, run
from ledger.capture.history import is_ancestor
from ledger.cli.output import clean, plural
from ledger.cli.recording.wording import as_token
from ledger.errors import NotFoundError

if TYPE_CHECKING:
    from ledger.capture.git import Repository, Revision

MOST_LANDINGS: Final = 50
"""Landings read where nobody says how many: a pack that can be read in one sitting."""
UNKNOWN_REF: Final = "refs/unknown"
"""Stands for the branch where the history was not read from one, or its name is no token."""

_VERSION: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9._+-]*?[-_/@.]?)?[vV]?\d+(?:[._]\d+)+(?:[-+._~]?[0-9A-Za-z][0-9A-Za-z.+_-]*)?|[vV]\d+",
    re.ASCII,
)
_TRIED_TAGS: Final = 200
_COMPARED_TAGS: Final = 5
_SHOWN_NAME: Final = 80
_TOKEN_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class Chosen:
    """A part of a history: what one commit reaches and another does not."""

    tip: str
    """Its last commit."""
    previous: str | None
    """Commit before it; None: everything from the first commit on."""
    version: str
    """What the trial's release is called: the tag, or the beginning of the commit's id; a token without ``@``."""
    ref: str
    """Branch or tag it was read from, as a token; ``refs/unknown`` where there is none."""
    how: str
    """Why this part, in one sentence."""
    left_out: tuple[str, ...]
    """What was not read, in sentences; empty only where nothing was left out."""


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    commit: str


def choose(
    repository: Repository, *, start: str | None = None, end: str | None = None, last: int | None = None
) -> Chosen:
    """The part of the history to read.

    ``start`` and ``end`` are revisions; what lies between is read whole. ``last`` is a number of landings: commits of
    the first-parent line, each with what it brought. With none of them the last two release tags are taken, and of
    what lies between them the newest ``MOST_LANDINGS``; without such tags the newest landings up to HEAD.

    Raises:
        NotFoundError: ``git-unborn``, ``git-unknown-revision``, ``git-bad-name``, ``empty-range``.
        UnavailableError: ``git-shallow`` where the clone cannot tell.
    """
    head = resolve(repository, end or "HEAD")
    if start is not None:
        return _between(repository, resolve(repository, start), head, start, end or "HEAD")
    tags = _release_tags(repository, head.commit) if last is None else ()
    newest = tags[0] if tags and (end is None or tags[0].commit == head.commit) else None
    before = _tag_before(repository, newest.commit, tags[1:]) if newest else None
    if newest is None or before is None:
        if end is not None and last is None and tags:
            return _from_tag(repository, tags[0], head, end)
        why = "asked for" if last is not None else "there are no two release tags to read between"
        return _newest(repository, head, end or "HEAD", last or MOST_LANDINGS, why)
    ref = as_token(f"refs/tags/{newest.name}") or UNKNOWN_REF
    how = f"the last two release tags, {_shown(before.name)} and {_shown(newest.name)}"
    return _limited(repository, Chosen(newest.commit, before.commit, _version(newest.name), ref, how, ()), head.commit)


def first_parents(repository: Repository, tip: str, previous: str | None, most: int) -> tuple[str, ...]:
    """At most ``most`` commits of the first-parent line of ``tip`` that ``previous`` does not reach, newest first."""
    words = ["rev-list", "--first-parent", f"--max-count={most}", tip]
    words += [f"^{previous}"] if previous else []
    return tuple(read_view(repository, *words)[1].decode("ascii").split())


def count_commits(repository: Repository, tip: str, *, without: str | None = None) -> int:
    """How many commits ``tip`` reaches and ``without`` does not."""
    words = ["rev-list", "--count", tip, *([f"^{without}"] if without else [])]
    return int(read_view(repository, *words)[1])


def _between(repository: Repository, old: Revision, new: Revision, start: str, end: str) -> Chosen:
    if is_ancestor(repository, new.commit, old.commit):
        raise NotFoundError(
            "empty-range",
            "nothing lies between the two revisions: the later one holds nothing that the earlier one does not",
            details={"from": start, "to": end},
            remedy="Exchange --from and --to, or name another revision.",
        )
    aside = []
    if not is_ancestor(repository, old.commit, new.commit):
        only = count_commits(repository, old.commit, without=new.commit)
        aside.append(f"{plural(only, 'commit')} that {_shown(start)} has and {_shown(end)} has not")
    how = f"what {_shown(end)} holds and {_shown(start)} does not, as asked"
    chosen = Chosen(new.commit, old.commit, _revision_version(new), _ref(new), how, tuple(aside))
    return _with_older(repository, chosen)


def _from_tag(repository: Repository, tag: _Tag, head: Revision, end: str) -> Chosen:
    """From the release tag before ``head``, which has none itself."""
    how = f"from the release tag {_shown(tag.name)} to {_shown(end)}, as asked"
    chosen = Chosen(head.commit, tag.commit, _revision_version(head), _ref(head), how, ())
    return _limited(repository, chosen, head.commit)


def _newest(repository: Repository, head: Revision, end: str, most: int, why: str) -> Chosen:
    """The newest landings, from the first-parent line alone."""
    line = first_parents(repository, head.commit, None, most + 1)
    previous = line[most] if len(line) > most else None
    if previous is None and line[-1] in shallow_boundary(repository):
        raise shallow_error(repository)
    what = f"the newest {plural(most, 'landing')}" if previous else "the whole history"
    how = f"{what} up to {_shown(end)} ({why})"
    chosen = Chosen(head.commit, previous, _revision_version(head), _ref(head), how, ())
    return _with_older(repository, chosen)


def _limited(repository: Repository, chosen: Chosen, head: str) -> Chosen:
    """The same with at most ``MOST_LANDINGS`` landings, and with what that leaves out."""
    line = first_parents(repository, chosen.tip, chosen.previous, MOST_LANDINGS + 1)
    left_out = []
    previous = chosen.previous
    if len(line) > MOST_LANDINGS and previous is not None:
        previous = line[MOST_LANDINGS]
        older = count_commits(repository, previous, without=chosen.previous)
        left_out.append(
            f"{plural(older, 'commit')} between the two, older than the newest {MOST_LANDINGS} landings; "
            f"read them with --from {chosen.previous[:12] if chosen.previous else ''} --to {chosen.tip[:12]}"
        )
    newer = count_commits(repository, head, without=chosen.tip)
    if newer:
        start = chosen.version if chosen.ref == f"refs/tags/{chosen.version}" else chosen.tip[:12]
        left_out.append(f"{plural(newer, 'commit')} after it, in no release yet; read them with --from {start}")
    cut = Chosen(chosen.tip, previous, chosen.version, chosen.ref, chosen.how, tuple(left_out))
    return _with_older(repository, cut)


def _with_older(repository: Repository, chosen: Chosen) -> Chosen:
    if chosen.previous is None:
        return chosen
    older = count_commits(repository, chosen.previous)
    cut = " that this shallow clone holds" if shallow_boundary(repository) else ""
    sentence = f"the history up to {chosen.previous[:12]}: {plural(older, 'commit')}{cut}"
    return Chosen(chosen.tip, chosen.previous, chosen.version, chosen.ref, chosen.how, (*chosen.left_out, sentence))


def _release_tags(repository: Repository, head: str) -> tuple[_Tag, ...]:
    """Version-like tags, the newest commit first, beginning with the first one that ``head`` reaches or is."""
    words = [*in_repository(repository.binary, repository.root), "for-each-ref"]
    form = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)"
    environment = git_environment() | {"GIT_CEILING_DIRECTORIES": os.fspath(repository.root.parent)}
    said = run([*words, form, "refs/tags"], environment=environment)[1].decode("utf-8", "replace")
    by_commit: dict[str, str] = {}
    for line in said.splitlines():
        kind, object_id, peeled_kind, peeled, ref = line.split(" ", 4)
        name = ref.removeprefix("refs/tags/")
        commit = object_id if kind == "commit" else peeled if peeled_kind == "commit" else None
        if commit is not None and _VERSION.fullmatch(name):
            # Of several names for one commit the longest, such as v2.1.0 beside v2 and v2.1, which move.
            by_commit[commit] = max(by_commit.get(commit, ""), name, key=lambda text: (len(text), text))
    if not by_commit:
        return ()
    asked = "".join(f"{commit}\n" for commit in by_commit).encode("ascii")
    ordered = read_view(repository, "rev-list", "--no-walk=sorted", "--stdin", stdin=asked)[1].decode("ascii").split()
    for place, commit in enumerate(ordered[:_TRIED_TAGS]):
        if is_ancestor(repository, commit, head):
            return tuple(_Tag(by_commit[each], each) for each in ordered[place:])
    return ()


def _tag_before(repository: Repository, commit: str, older: tuple[_Tag, ...]) -> _Tag | None:
    """Of the tags that ``commit`` reaches the one with the least between."""
    reached: list[tuple[int, _Tag]] = []
    for tag in older[:_TRIED_TAGS]:
        if is_ancestor(repository, tag.commit, commit):
            reached.append((count_commits(repository, commit, without=tag.commit), tag))
        if len(reached) == _COMPARED_TAGS:
            break
    return min(reached, key=lambda item: item[0])[1] if reached else None


def _revision_version(revision: Revision) -> str:
    if revision.ref is not None and revision.ref.startswith("refs/tags/"):
        return _version(revision.ref.removeprefix("refs/tags/"))
    return revision.commit[:12]


def _version(name: str) -> str:
    return (as_token(name.replace("@", "-")) or "unnamed")[:_TOKEN_LENGTH]


def _ref(revision: Revision) -> str:
    # A name that would have to be changed to fit would be another branch's.
    return revision.ref if revision.ref is not None and as_token(revision.ref) == revision.ref else UNKNOWN_REF


def _shown(name: str) -> str:
    return clean(name, _SHOWN_NAME)

"""Two readers of one page: whatever a server that admits everything took, acts and twisted events, both judge alike."""

from __future__ import annotations

import base64
import io
import json
import random
import re
from contextlib import redirect_stdout, suppress
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.envelope import seal
from ledger.errors import FormatError
from ledger.events.context import About
from ledger.events.roster import (
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
)
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, Seen
from ledger.keys import SigningKey, key_id, sign
from ledger.roster.acts import key_preimage
from ledger.verify.form import check_anchor_form, check_file_form
from ledger.verify.run import verify_bundle
from tests.cli.running import User
from tests.every_kind import governed_world
from tests.later_kinds import later_kinds
from tests.sshkeys import SORTS, EmulatedKey
from tests.stories import small_release
from tests.test_standalone import standalone
from tests.unjudged import ANCHORS, BLANKS, FILES
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.entry import Leaf
    from ledger.envelope import Envelope
    from ledger.events.statement import Body
    from ledger.keys import Signer
    from ledger.records import Record
    from tests.world import Member

VECTORS = Path(__file__).parent / "vectors"
KEYS: tuple[Signer, ...] = (
    *(SigningKey(seed(f"fresh {number}")) for number in range(3)),
    # Of one seed, so that some are one key in two forms.
    *(EmulatedKey(sort, seed(f"fresh {number}")) for sort in SORTS for number in range(2)),
)


class Chaos:
    """Acts at random in a world of two administrators and somebody who is one of them twice."""

    def __init__(self, number: int) -> None:
        """The same number, the same acts."""
        self.random = random.Random(number)
        self.world, _ = governed_world()
        self.world.person("Ada Other", "administrator")
        self.members = list(self.world.members.values())
        self.keys = [(member.principal, member.key) for member in self.members]
        self.grants = [(self.world.records_list[0].envelope, member.principal) for member in self.members[:2]]
        self.grants += [
            (record.envelope, record.event.body.principal)
            for record in self.world.records_list
            if isinstance(record.event.body, RoleGrant)
        ]
        self.acts: list[Record] = []

    def tell(self, length: int) -> World:
        """The world after so many entries more, each admitted whatever it is."""
        for _ in range(length):
            body, signer = self._body(), self._signer()
            actor = signer if self.random.random() < 0.97 else self.random.choice(self.members)
            record = self.world.append(Event(self.world.context(actor), body), signer.key, force=True)
            if not isinstance(body, Approval):
                self.acts.append(record)
            if isinstance(body, RoleGrant):
                self.grants.append((record.envelope, body.principal))
        return self.world

    def _signer(self) -> Member:
        administrators = [member for member in self.members if "Ada" in member.name or "Bo" in member.name]
        return self.random.choice(administrators if self.random.random() < 0.95 else self.members)

    def _principal(self) -> str:
        return self.random.choice([*(member.principal for member in self.members), "p_" + "9" * 32])

    def _body(self) -> Body:
        choose: list[Callable[[], Body]] = [
            *[self._merge] * 4,
            *[lambda: PrincipalSplit(self._principal())] * 2,
            lambda: PrincipalDisable(self._principal()),
            lambda: RoleGrant(self._principal(), "administrator"),
            lambda: RoleEnd(*self.random.choice(self.grants), "left"),
            lambda: ProjectEnd(self.random.choice(list(self.world.projects.values()))),
            *[self._enrol] * 2,
            self._rotate,
            self._end,
            self._revoke,
        ]
        if self.acts:
            choose += [self._approval] * 6
        return self.random.choice(choose)()

    def _merge(self) -> PrincipalMerge:
        return PrincipalMerge(self._principal(), self._principal())

    def _enrol(self) -> KeyEnrol:
        key, principal = self.random.choice(KEYS), self._principal()
        proof = sign(key, key_preimage(self.world.ledger, principal, key.public))
        self.keys.append((principal, key))
        if self.random.random() < 0.7:
            return KeyEnrol(key.public, principal, proof)
        return KeyEnrol(key.public, principal, proof, ("test",), tuple(self.world.projects.values()))

    def _rotate(self) -> KeyRotate:
        (principal, old), new = self.random.choice(self.keys), self.random.choice(KEYS)
        preimage = key_preimage(self.world.ledger, principal, new.public)
        endorsement = sign(self.random.choice((old, new)), preimage)
        self.keys.append((principal, new))
        return KeyRotate(key_id(old.public), new.public, principal, sign(new, preimage), endorsement)

    def _end(self) -> KeyEnd:
        principal, key = self.random.choice(self.keys)
        return KeyEnd(key_id(key.public), principal, "left")

    def _revoke(self) -> KeyRevoke:
        principal, key = self.random.choice(self.keys)
        since = self.random.choice((0, len(self.world.entries), len(self.world.entries) + 1))
        return KeyRevoke(since, key_id(key.public), principal, "stolen")

    def _approval(self) -> Approval:
        act = self.random.choice(self.acts[-4:])
        decision = self.random.choice(("approve", "approve", "approve", "reject"))
        return Approval("person", Basis(act=act.envelope), decision, "approval", "roster", Seen((), ()))


@pytest.mark.parametrize("number", range(16))
def test_both_judge_every_act_alike(number: int) -> None:
    """Entry by entry the same checks fail in both."""
    ours, theirs = judged(Chaos(number).tell(20))
    assert ours == theirs


def judged(world: World) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Which check failed at which entry, by each verifier. A content that is not as signed has a place of its own."""
    bundle = world.bundle()
    ours = [(finding.check, finding.place) for finding in verify_bundle(bundle, world.anchor).failures]
    theirs = [(check, place) for check, place, _ in standalone().verify(bundle, world.anchor).failures]
    return {_at_entry(*failure) for failure in ours}, {_at_entry(*failure) for failure in theirs}


def _at_entry(check: str, place: str) -> tuple[str, str]:
    # One calls it by the entry and the content's name, the other by its commitment.
    entry = re.match(r"entry [0-9]+", place)
    return check, "contents" if check == "V16" else entry.group() if entry else place


# Payloads

Json = Any
WORDS = (
    "",
    "x",
    "a\n",
    "X y",
    "\u00e9",
    "\x7f",
    "a@b",
    "a@b@c",
    "refs/",
    *("a" * size for size in (64, 65, 128, 129, 257)),
)
TIMES = ("2026-02-30T00:00:00Z", "2026-03-02T23:59:60Z", "2026-03-02T09:00:00.1Z", "2026-03-02T09:00:00.123-00:00")
IDS = ("sha256:" + "0" * 64, "0" * 40, "0" * 64, "F" * 40, "p_" + "0" * 32, "prj_" + "0" * 32)
NUMBERS = (0, 1, -1, 2, 2**53 - 1, 2**53, 1.0, 1.5)
ODD: tuple[Json, ...] = (*WORDS, *TIMES, *IDS, *NUMBERS, None, True, False, [], {}, [[]], ["a", "a"], {"a": "a"})
"""Values that are at or beyond some limit, or of another type than most members."""
PAYLOAD_MAX = 48_000
"""What an envelope of 65,536 bytes surely holds."""
NAMES = ("extra", "act", "scope", "ledger", "late", "project", "tree", "commit", "release", "withdraws", "")
"""Members that mean something in one place and nothing in another."""


class Twister:
    """Twists at random what the story's events say, and has the story's world take it, sealed anew."""

    def __init__(self, number: int) -> None:
        """The same number, the same twists."""
        self.random = random.Random(number)
        self.world, _ = later_kinds()
        payloads = (json.loads(envelope.data)["payload"] for _, envelope in self.world.entries)
        self.statements = [json.loads(base64.b64decode(payload)) for payload in payloads]
        self.keys = {key_id(member.key.public): member.key for member in self.world.members.values()}
        self.said: dict[str, list[Json]] = {}
        for statement in self.statements:
            for at, name in _places(statement):
                if isinstance(name, str) and at[name] not in self.said.setdefault(name, []):
                    self.said[name].append(at[name])

    def take(self, count: int) -> World:
        """The world after so many entries more."""
        for _ in range(count):
            number = self.random.randrange(len(self.statements))
            statement = deepcopy(self.statements[number])
            statement["predicate"]["context"]["event_id"] = self.world.event_id()
            for _ in range(self.random.choice((0, 1, 1, 1, 1, 2, 3))):
                # Some twists are of no use where an earlier one left another type.
                with suppress(TypeError, AttributeError, LookupError):
                    self._twist(statement)
            if self.random.random() < 0.9:
                _derive_subject(statement)
            key = self.keys[self.world.entries[number][1].key_id]
            if self.random.random() < 0.05:
                key = self.random.choice(list(self.keys.values()))
            self._append(number, statement, key)
        return self.world

    def _append(self, number: int, statement: Json, key: Signer) -> None:
        # Not by the core's encoder, which would refuse fractions.
        payload = json.dumps(statement, ensure_ascii=False).encode()
        if len(payload) > PAYLOAD_MAX:
            return
        sealed = seal(payload, key)
        self.world.append_statement(self.world.records_list[number].event, key, lambda _: None)
        self.world.entries[-1] = (_leaf_of(statement, self.world.entries[-1][0], sealed), sealed)

    def _twist(self, statement: Json) -> None:
        places = _places(statement["predicate"] if self.random.random() < 0.93 else statement)
        at, name = self.random.choice(places)
        match self.random.randrange(7):
            case 0:
                del at[name]
            case 1:
                at[name] = self._odd()
            case 2:
                at[name] = deepcopy(self.random.choice(self.said[name] if isinstance(name, str) else at))
            case 3:
                at[name] = self._beyond(at[name])
            case 4:
                self._add(self.random.choice([statement["predicate"], *(at[name] for at, name in places)]))
            case 5:
                other, its_name = self.random.choice(places)
                at[name], other[its_name] = deepcopy(other[its_name]), deepcopy(at[name])
            case _:
                at[self.random.choice(list(self.said))] = at.pop(name)

    def _odd(self) -> Json:
        return deepcopy(self.random.choice((*ODD, *self.random.choice(list(self.said.values())))))

    def _add(self, to: Json) -> None:
        if isinstance(to, list):
            to.append(deepcopy(self.random.choice(to)) if to else self._odd())
        elif self.random.random() < 0.5:
            to[self.random.choice(NAMES)] = self._odd()
        else:
            name = self.random.choice(list(self.said))
            to[name] = deepcopy(self.random.choice(self.said[name]))

    def _beyond(self, value: Json) -> Json:
        match value:
            case bool():
                return not value
            case str():
                return self.random.choice(
                    (value.upper(), value + "\n", value[:-1], value + "0", value * 8, value + "@1")
                )
            case int():
                return self.random.choice((value + 1, value - 1, -value, float(value), str(value), 2**53))
            case list():
                return self.random.choice(([], value[::-1], value + value, value[:1] * 65, value[:1] * 257))
            case dict():
                return {**value, **{name + "x": each for name, each in list(value.items())[:1]}}
            case _:
                return value


def _places(value: Json) -> list[tuple[Json, Any]]:
    """Each array or object in it, once for each of its items or members."""
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for name in names for place in ((value, name), *_places(value[name]))]


def _derive_subject(statement: Json) -> None:
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        kind = standalone().TYPES[statement["predicateType"]]
        statement["subject"] = standalone().subjects(kind, statement["predicate"])


def _leaf_of(statement: Json, leaf: Leaf, sealed: Envelope) -> Leaf:
    leaf = replace(leaf, envelope=sealed.digest)
    with suppress(ValueError, TypeError, KeyError):
        about = statement["predicate"]["context"]["about"]
        standalone().check("about", about)
        return replace(leaf, about=About(**about))
    return leaf


@pytest.mark.parametrize("number", range(3))
def test_both_judge_every_payload_alike(number: int) -> None:
    """Members dropped, added, retyped, out of range and swapped, anywhere: the same checks fail at the same entries."""
    twister = Twister(number)
    world = twister.take(150)
    ours, theirs = judged(world)
    assert ours == theirs
    # Both ways: what is refused for its shape or its signer, and what is as good as it was.
    assert {"V10", "V13", "V14"} <= {check for check, _ in ours}
    assert 5 < 150 - len({place for _, place in ours if place.startswith("entry")}) < 145


# What is not judged


@cache
def release() -> tuple[bytes, str]:
    """A sound bundle, and its anchor's line without an end."""
    world, record = small_release()
    return world.bundle(record), world.anchor.strip()


def asked(folder: Path, data: bytes, anchor: str) -> tuple[tuple[int, str], tuple[int, str]]:
    """Exit status of ``evidence verify`` and of ``verify.py``, and what each says, of a file and an anchor's file."""
    (folder / "given").write_bytes(data)
    (folder / "ledger.pub").write_bytes(anchor.encode())
    said = User(folder / "home", folder).evidence("verify", "given", "--anchor", "ledger.pub")
    theirs = io.StringIO()
    with redirect_stdout(theirs):
        status = standalone().main([str(folder / "given"), "--anchor", str(folder / "ledger.pub")])
    return (said.status, said.out + said.err), (status, theirs.getvalue())


@pytest.mark.parametrize("name", list(ANCHORS))
def test_a_mistyped_anchor_is_no_word_about_the_file(tmp_path: Path, name: str) -> None:
    """Both say of the line what it is instead, in the same words; neither says that anything is not intact."""
    bundle, anchor = release()
    make, reason = ANCHORS[name]
    for data in (bundle, b"no bundle"):
        for status, said in asked(tmp_path, data, make(anchor)):
            assert status == exitcodes.USAGE
            assert f"the anchor line is not of its form: {reason}" in said
            assert "intact" not in said
    line = make(anchor).strip(" \t\r\n")
    with pytest.raises(FormatError) as refused:
        check_anchor_form(line)
    assert standalone().not_judged(bundle, line) == [refused.value.message, refused.value.remedy]


@pytest.mark.parametrize("name", list(FILES))
def test_what_is_no_pack_is_not_called_altered(tmp_path: Path, name: str) -> None:
    """Both say of the file what it is instead, in the same words; neither says that anything is not intact."""
    data, reason = FILES[name]
    for status, said in asked(tmp_path, data, release()[1]):
        assert status == exitcodes.USAGE
        assert f"this is not a pack or bundle: {reason}" in said
        assert "intact" not in said
    with pytest.raises(FormatError) as refused:
        check_file_form(data)
    assert standalone().not_judged(data, release()[1]) == [refused.value.message, refused.value.remedy]


def test_a_program_reads_apart_what_was_not_judged(tmp_path: Path) -> None:
    """As JSON it is neither intact nor not: ``verify.py`` says null, ``evidence verify`` a problem with its slug."""
    (tmp_path / "given").write_bytes(b"")
    said = User(tmp_path / "home", tmp_path).evidence("verify", "given", "--anchor", release()[1], "--json")
    assert (said.status, said.out, said.problem["slug"]) == (exitcodes.USAGE, "", "not-a-bundle")
    theirs = io.StringIO()
    with redirect_stdout(theirs):
        assert standalone().main([str(tmp_path / "given"), "--anchor-line", release()[1], "--json"]) == exitcodes.USAGE
    document = json.loads(theirs.getvalue())
    assert document["intact"] is None
    assert document["not_judged"] == said.problem["detail"]


@pytest.mark.parametrize("form", BLANKS)
def test_blanks_around_an_anchor_do_no_harm(tmp_path: Path, form: str) -> None:
    """A line end of another system, or a blank that came along, is no other anchor."""
    bundle, anchor = release()
    assert [status for status, _ in asked(tmp_path, bundle, form.format(anchor))] == [exitcodes.DONE, exitcodes.DONE]


def test_an_altered_or_cut_bundle_is_judged(tmp_path: Path) -> None:
    """A byte changed anywhere, or the end cut off, leaves a bundle's form: both say not intact, never no bundle."""
    bundle, anchor = release()
    places = (*range(60), len(bundle) // 2, len(bundle) - 2)
    changed = [bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :] for at in places]
    cut = [bundle[:size] for size in (41, 42, 99, len(bundle) // 2, len(bundle) - 1)]
    for data in (*changed, *cut, bundle + b"\n", b"\n" + bundle):
        check_file_form(data)
        assert standalone().not_judged(data, anchor) == []
    for data in (changed[0], changed[30], cut[0], cut[3]):
        for status, said in asked(tmp_path, data, anchor):
            assert status == exitcodes.NEGATIVE
            assert "records NOT intact" in said.replace(":", "")


@pytest.mark.parametrize("folder", sorted((VECTORS / "bundles").iterdir()), ids=lambda folder: folder.name)
def test_every_frozen_bundle_is_judged(folder: Path) -> None:
    """Whatever is wrong with the bundles of the vectors, they are bundles, and their anchors anchors."""
    bundle, anchor = (folder / "bundle.zip").read_bytes(), (folder / "ledger.pub").read_text().strip()
    check_anchor_form(anchor)
    check_file_form(bundle)
    assert standalone().not_judged(bundle, anchor) == []

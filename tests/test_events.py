"""Events go to payload bytes and back, and nothing but the format's shapes comes in."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as ReferenceEnvelope
from securesystemslib.signer._key import SSlibKey

from ledger.canonical import encode, parse
from ledger.entry import leaf_bytes, parse_leaf
from ledger.envelope import MAX_ENVELOPE_BYTES, _read_envelope, check_signature, open_envelope, seal
from ledger.errors import FormatError, SignatureError
from ledger.events.context import About
from ledger.events.shape import claimed_time, event_id, token
from ledger.events.statement import KINDS, TEST_RESULT, Event, Unknown, read_payload, subjects, write_payload
from ledger.keys import SigningKey
from tests.later_kinds import later_kinds
from tests.stories import small_release
from tests.world import World, seed

if TYPE_CHECKING:
    from ledger.digests import Digest

WORLD, RELEASE = small_release()
ENVELOPES = [envelope for _, envelope in WORLD.entries]
EVERY, _ = later_kinds()
BOTH = [
    (record, envelope)
    for world in (WORLD, EVERY)
    for record, (_, envelope) in zip(world.records_list, world.entries, strict=True)
]


def _parsed(payload: bytes) -> dict[str, Any]:
    value = parse(payload, max_bytes=1 << 20)
    assert isinstance(value, dict)
    return value


def _statement(number: int) -> dict[str, Any]:
    return _parsed(ENVELOPES[number].payload)


def _kind(kind: str) -> dict[str, Any]:
    return _statement(next(leaf.index for leaf, _ in WORLD.entries if leaf.kind == kind))


def _changed(statement: dict[str, Any], path: str, value: Any) -> bytes:  # noqa: ANN401  # any JSON
    at = statement
    *parents, last = path.split("/")
    for name in parents:
        at = at[name]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return encode(statement)


def test_every_kind_goes_to_bytes_and_back() -> None:
    """Reading a payload gives the event; writing the event gives the same bytes."""
    kinds = set()
    for record, envelope in BOTH:
        event = read_payload(envelope.payload)
        assert event == record.event
        assert isinstance(event, Event)
        assert write_payload(event) == envelope.payload
        kinds.add(event.kind)
    assert set(KINDS) - kinds == {"epoch"}
    epoch = World().epoch(2, 1, 0).event
    assert read_payload(write_payload(epoch)) == epoch


def test_payloads_need_not_be_canonical() -> None:
    """Another writer's member order and white space are read; the bytes stay theirs."""
    import json

    for _, envelope in BOTH:
        spaced = json.dumps(json.loads(envelope.payload), indent=1, sort_keys=False).encode()
        assert read_payload(spaced) == read_payload(envelope.payload)


def test_every_unknown_member_is_refused_in_our_own_kinds() -> None:
    """A member that this version does not name is refused at its place, wherever it stands."""
    for _, envelope in BOTH:
        statement = _parsed(envelope.payload)
        if statement["predicateType"] == TEST_RESULT:
            continue
        for place, at in _objects(statement["predicate"], "/predicate"):
            if "/policy" in place:
                continue
            at["surplus"] = 1
            with pytest.raises(FormatError) as caught:
                read_payload(encode(statement))
            assert caught.value.where.startswith("/predicate")
            del at["surplus"]
        read_payload(encode(statement))


def _objects(value: Any, place: str) -> list[tuple[str, dict[str, Any]]]:  # noqa: ANN401  # any JSON
    found: list[tuple[str, dict[str, Any]]] = []
    if isinstance(value, dict):
        found.append((place, value))
        for name, item in value.items():
            found += _objects(item, f"{place}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found += _objects(item, f"{place}/{number}")
    return found


def test_a_vetted_predicate_keeps_what_it_does_not_know() -> None:
    """The test-result predicate is open, with fractions; its blocks ``run`` and ``context`` are closed."""
    import json

    statement = _kind("test")
    statement["predicate"]["passedTests"] = ["a"]
    statement["predicate"]["score"] = 0.5
    statement["subject"].append({"digest": {"sha256": "ab"}, "name": "more"})
    assert isinstance(read_payload(json.dumps(statement).encode()), Event)
    statement["predicate"]["run"]["surplus"] = 1
    with pytest.raises(FormatError, match="/predicate/run/surplus"):
        read_payload(json.dumps(statement).encode())


def test_an_unknown_kind_or_version_is_unknown_and_its_context_read() -> None:
    """A later version's event is not refused by the reader; its meaning is unknown."""
    statement = _kind("diff")
    statement["predicateType"] = "urn:evidence-ledger:diff:v2"
    statement["predicate"]["surplus"] = 1
    found = read_payload(encode(statement))
    assert isinstance(found, Unknown)
    assert found.context is not None
    statement["predicate"]["context"]["event_id"] = "nonsense"
    found = read_payload(encode(statement))
    assert isinstance(found, Unknown)
    assert found.context is None


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("diff", "_type", "https://in-toto.io/Statement/v0.1"),
        ("diff", "subject", []),
        ("diff", "predicate/manifest", "sha256:" + "0" * 64),
        ("diff", "predicate/files_changed", -1),
        ("diff", "predicate/files_changed", True),
        ("diff", "predicate/ai/involvement", "undeclared"),
        ("diff", "predicate/context/about/tree", "0" * 40),
        ("diff", "predicate/context/about/revision", ...),
        ("diff", "predicate/context/project", ...),
        ("diff", "predicate/context/ledger", ...),
        ("diff", "predicate/context/ledger", None),
        ("diff", "predicate/context/occurred_at", "2026-02-30T00:00:00Z"),
        ("diff", "predicate/context/event_id", "00000000-0000-4000-8000-000000000000"),
        ("diff", "predicate/context/contents", []),
        ("diff", "predicate/context/actor", {}),
        ("diff", "predicate/context/actor", {"account": "nobody"}),
        ("test", "predicate/run/totals/tests", 11),
        ("test", "predicate/run/totals/skipped", 3),
        ("test", "predicate/result", "SKIPPED"),
        ("test", "subject", []),
        ("approval", "predicate/basis/tree", ...),
        ("approval", "predicate/basis/release", "sha256:" + "0" * 64),
        ("approval", "predicate/decision", "withdraw"),
        ("approval", "predicate/attested_by", "nobody"),
        ("merge", "predicate/diff", ...),
        ("merge", "predicate/binding", "none"),
        ("release", "predicate/version", "9.9"),
        ("release", "predicate/sources", []),
        ("deploy", "predicate/artifacts", {}),
        ("project", "predicate/act", "undo"),
        ("project", "predicate/protected_refs", ["main"]),
        ("project", "predicate/context/about", {"change": "1"}),
        ("principal", "predicate/type", "recovery"),
        ("key", "predicate/proof", "AAAA"),
        ("key", "predicate/key", "ssh:AAAA"),
        ("role", "predicate/role", "Reviewer"),
        ("genesis", "predicate/core/admins_required", 2),
        ("genesis", "predicate/core/origin", "a+b"),
        ("genesis", "predicate/proofs", []),
        ("genesis", "predicate/context/ledger", "sha256:" + "0" * 64),
    ],
)
def test_what_the_format_excludes_is_refused(kind: str, path: str, value: Any) -> None:  # noqa: ANN401  # any JSON
    """Each condition of format §4 is one that a payload can break."""
    with pytest.raises(FormatError):
        read_payload(_changed(_kind(kind), path, value))


_ABOUT = "predicate/context/about"
_CONTENTS = "predicate/context/contents"
_DIGEST = "sha256:" + "0" * 64
_LATER = "2026-03-02T09:00:00Z"
_ANSWER = {"answer": "yes", "item": "read-whole"}


def _told(kind: str, *, scope: str | None = None, **members: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """The first statement of that kind in the story of every kind whose predicate has those members."""
    wanted = members if scope is None else {**members, "scope": scope}
    for leaf, envelope in EVERY.entries:
        statement = _parsed(envelope.payload)
        has = {name: statement["predicate"].get(name) for name in wanted}
        if leaf.kind == kind and has == wanted:
            return statement
    raise LookupError(kind, wanted)


def _with(statement: dict[str, Any], changes: dict[str, Any]) -> bytes:
    """Bytes of the statement with other values at the paths, without those whose value is an ellipsis."""
    for path, value in changes.items():
        at: Any = statement
        *parents, last = path.split("/")
        for name in parents:
            at = at[int(name)] if isinstance(at, list) else at[name]
        if value is ...:
            del at[last]
        else:
            at[int(last) if isinstance(at, list) else last] = value
    return encode(statement)


@pytest.mark.parametrize(
    ("statement", "changes", "slug", "where"),
    [
        (_told("role"), {"predicate/context/late": True}, "bad-late", "/context/late"),
        (_told("role"), {"predicate/role": "administrator", "predicate/paths": ["a"]}, "bad-role", "/role"),
        (_told("role"), {"predicate/role": "administrator", "predicate/risks": ["high"]}, "bad-role", "/role"),
        (
            _told("merge"),
            {"predicate/parents": ["0" * 40], "predicate/recomputed": {"outcome": "conflict"}},
            "bad-merge",
            "/recomputed",
        ),
        (_told("change"), {f"{_ABOUT}/change": ...}, "bad-about", "/context/about"),
        (_told("change"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("push"), {"predicate/before": ..., "predicate/after": ...}, "bad-push", ""),
        (_told("push"), {"predicate/before": "0" * 40, "predicate/after": "0" * 40}, "bad-push", ""),
        (_told("review-note"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("review-note"), {f"{_ABOUT}/change": ...}, "bad-about", "/context/about"),
        (_told("review-note"), {"predicate/path": ...}, "bad-note", "/line"),
        (_told("scan", target="prompts"), {"predicate/prompts": []}, "bad-scan", ""),
        (_told("scan", target="prompts"), {"predicate/tree": "0" * 40}, "bad-scan", ""),
        (_told("scan", target="code"), {"predicate/prompts": [_DIGEST]}, "bad-scan", ""),
        (_told("scan", target="code"), {"predicate/commit": ...}, "bad-scan", ""),
        (_told("scan", target="code"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("build", source="provenance"), {_CONTENTS: []}, "missing-content", ""),
        (_told("build", source="provenance"), {"predicate/source": "observed"}, "missing-content", ""),
        (_told("observation", failed=2), {"predicate/release": ...}, "bad-observation", "/verification"),
        (_told("incident"), {"predicate/suspects": []}, "bad-incident", "/suspects"),
        (_told("incident"), {"predicate/suspects": [{}]}, "bad-incident", "/suspects/0"),
        (_told("exception", cause="outage"), {"predicate/tree": ...}, "bad-exception", ""),
        (_told("exception", cause="outage"), {"predicate/release": _DIGEST}, "bad-exception", ""),
        (_told("exception", cause="outage"), {f"{_ABOUT}/release": "a@1"}, "bad-exception", ""),
        (_told("exception", cause="outage"), {f"{_ABOUT}/change": ...}, "bad-exception", ""),
        (_told("exception", cause="outage"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("exception", cause="accepted-risk"), {"predicate/release": ...}, "bad-exception", ""),
        (_told("exception", cause="accepted-risk"), {"predicate/tree": "0" * 40}, "bad-exception", ""),
        (_told("control-snapshot"), {"predicate/refs/1/ref": "refs/heads/main"}, "repeated-item", "/refs"),
        (_told("control-snapshot"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("decision", outcome="blocked"), {"predicate/outcome": "allowed"}, "bad-decision", "/outcome"),
        (_told("decision", outcome="blocked"), {"predicate/blocking": []}, "bad-decision", "/outcome"),
        (_told("decision", outcome="blocked"), {"predicate/release": _DIGEST}, "bad-about", "/context/about"),
        (_told("decision", outcome="blocked"), {f"{_ABOUT}": {}}, "bad-about", "/context/about"),
        (_told("decision", outcome="blocked"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("decision", outcome="blocked"), {"predicate/as_of": _LATER}, "bad-time", "/as_of"),
        (_told("pack", period=None), {"predicate/period": {"from": 0, "to": 1}}, "bad-pack-event", ""),
        (_told("pack", period=None), {"predicate/release": ...}, "bad-pack-event", ""),
        (_told("pack", period=None), {_ABOUT: {}}, "bad-about", "/context/about"),
        (_told("pack", period=None), {f"{_ABOUT}/change": "7"}, "bad-about", "/context/about"),
        (_told("pack", release=None), {_ABOUT: {"release": "payments@1.0"}}, "bad-about", "/context/about"),
        (_told("pack", release=None), {"predicate/period": {"from": 1, "to": 1}}, "bad-pack-event", "/period"),
        (_told("pack", release=None), {"predicate/period": {"from": 1, "to": 10}}, "bad-pack-event", "/period"),
        (_told("reconciliation"), {"predicate/to": 1}, "bad-reconciliation", "/to"),
        (_told("reconciliation"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("approval", scope="change"), {"predicate/basis/tree": ...}, "bad-approval", "/basis"),
        (_told("approval", scope="change"), {"predicate/basis/exception": _DIGEST}, "bad-approval", "/basis"),
        (_told("approval", scope="change"), {"predicate/basis/roster": 1}, "bad-approval", "/basis"),
        (_told("approval", scope="change"), {"predicate/checklist": [_ANSWER] * 2}, "repeated-item", "/checklist"),
        (
            _told("approval", scope="change"),
            {"predicate/review": {"id": "1", "state": "approved"}},
            "bad-approval",
            "/review",
        ),
        (_told("approval", decision="abstain"), {"predicate/checklist": [_ANSWER]}, "bad-approval", ""),
        (_told("approval", decision="abstain"), {"predicate/shown_at": _LATER}, "bad-approval", ""),
        (_told("approval", decision="abstain"), {"predicate/basis/act": _DIGEST}, "bad-approval", "/basis"),
        (
            _told("approval", decision="abstain"),
            {"predicate/basis": {"ref": "refs/heads/main"}},
            "bad-approval",
            "/basis",
        ),
        (_told("approval", scope="exception"), {"predicate/basis/policy": ...}, "bad-approval", "/basis"),
        (_told("approval", scope="exception"), {"predicate/basis/tree": "0" * 40}, "bad-approval", "/basis"),
        (_told("approval", scope="exception"), {"predicate/meaning": "approval"}, "bad-approval", "/basis"),
        (_told("approval", scope="exception"), {"predicate/attested_by": "forge"}, "bad-approval", "/basis"),
        (_told("approval", scope="access"), {"predicate/basis/roster": ...}, "bad-approval", "/basis"),
        (_told("approval", scope="access"), {"predicate/basis/policy": ...}, "bad-approval", "/basis"),
        (_told("approval", scope="access"), {"predicate/attested_by": "forge"}, "bad-approval", "/basis"),
        (_told("approval", scope="access"), {_CONTENTS: []}, "missing-content", "/context/contents"),
        (_told("approval", scope="roster"), {"predicate/decision": "abstain"}, "bad-approval", "/basis"),
        (_told("approval", scope="roster"), {"predicate/attested_by": "forge"}, "bad-approval", "/basis"),
    ],
)
def test_each_agreement_is_refused_at_its_place(
    statement: dict[str, Any], changes: dict[str, Any], slug: str, where: str
) -> None:
    """What an event's members say together is refused with its own slug, where it stands (format §4.4.2)."""
    statement = copy.deepcopy(statement)
    read_payload(encode(statement))
    with pytest.raises(FormatError) as caught:
        read_payload(_with(statement, changes))
    assert (caught.value.slug, caught.value.where) == (slug, f"/predicate{where}")


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("push", "context/late", False),
        ("push", "forced", False),
        ("principal", "into", "Ivy"),
        ("principal", "into", ...),
        ("key", "kinds", ["exception"]),
        ("key", "custody", "pocket"),
        ("role", "paths", []),
        ("role", "paths", ["a", "a"]),
        ("role", "paths", ["\u00fc"]),
        ("role", "risks", ["High"]),
        ("prompt", "configuration", "0" * 64),
        ("prompt", "scan/masked", ...),
        ("test", "run/contract/sha256", ...),
        ("approval", "checklist", []),
        ("approval", "checklist/0/answer", "perhaps"),
        ("approval", "seen/scans", [_DIGEST, _DIGEST]),
        ("approval", "basis/ref", ""),
        ("merge", "recomputed/outcome", "unknown"),
        ("change", "requests/1/state", "done"),
        ("change", "requests", [{"id": "1", "state": "open", "system": "t"}] * 2),
        ("change", "cutover", {}),
        ("change", "type", "hotfix"),
        ("review-note", "line", 0),
        ("review-note", "path", "a\nb"),
        ("review-note", "path", "a\u0085b"),
        ("review-note", "path", "a" * 1_025),
        ("review-note", "path", ""),
        ("scan", "counts/error", ...),
        ("scan", "complete", True),
        ("build", "artifacts", []),
        ("build", "builder", "\u00fc"),
        ("observation", "verification", "unknown"),
        ("incident", "suspects/0/release", "payments@1.0"),
        ("exception", "rules", []),
        ("exception", "rules", ["SOD-01", "SOD-01"]),
        ("exception", "expires_at", ...),
        ("control-snapshot", "refs", []),
        ("control-snapshot", "refs/0/protected", ...),
        ("control-snapshot", "refs/0/protected", 1),
        ("heartbeat", "interval_seconds", 0),
        ("decision", "position", 0),
        ("decision", "excepted", ["SOD-01", "SOD-01"]),
        ("decision", "blocking/0/outcome", "pass"),
        ("correction", "corrects", ...),
        ("certificate", "purpose", "mail"),
        ("certificate", "key", "MFkw"),
        ("certificate", "certificate", "00"),
        ("pack", "files", []),
        ("pack", "files/0/sha256", ...),
        ("pack", "files", [{"media_type": "a/b", "name": "a", "sha256": _DIGEST, "size_bytes": n} for n in (1, 2)]),
        ("pack", "position", 0),
        ("pack", "as_of", "2026-03-02T10:00:00Z"),
        ("pack", "period/from", ...),
        ("reconciliation", "refs", []),
        ("reconciliation", "refs/1/ref", "refs/heads/main"),
        ("reconciliation", "refs/0/missing_count", ...),
    ],
)
def test_each_shape_of_the_later_kinds_is_refused_otherwise(kind: str, path: str, value: Any) -> None:  # noqa: ANN401  # any JSON
    """A member of another shape is refused below its own place, in the first event that has it."""
    first = path.split("/", maxsplit=1)[0]
    statement = next(
        _parsed(envelope.payload)
        for leaf, envelope in EVERY.entries
        if leaf.kind == kind and (first == "context" or _parsed(envelope.payload)["predicate"].get(first))
    )
    with pytest.raises(FormatError) as caught:
        read_payload(_with(statement, {f"predicate/{path}": value}))
    assert caught.value.where.startswith(f"/predicate/{first}")


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("change", {("ledger",)}),
        ("heartbeat", {("ledger",)}),
        ("control-snapshot", {("ledger",)}),
        ("push", {("before", "after"), ("after",), ("before",)}),
        ("review-note", {("commit",), ("ledger",)}),
        ("scan", {("prompt",), ("commit", "tree")}),
        ("build", {("commit", "payments.tar.gz", "image")}),
        ("observation", {("payments.tar.gz", "image"), ("ledger",)}),
        ("incident", {("release", "release"), ("ledger",)}),
        ("exception", {("manifest", "tree", "commit"), ("tree",), ("release",)}),
        ("decision", {("policy", "tree"), ("policy", "release")}),
        ("correction", {("corrects",)}),
        ("certificate", {("ledger",)}),
        ("pack", {("payments-1.0.pdf", "bundle"), ("payments-1.0.pdf", "payments-1.0.zip", "bundle")}),
        ("reconciliation", {("result", "head")}),
        (
            "approval",
            {
                ("act",),
                ("commit",),
                ("manifest", "tree", "commit"),
                ("exception",),
                ("exception", "withdraws"),
                ("ledger",),
                ("release",),
            },
        ),
    ],
)
def test_subjects_follow_from_the_event(kind: str, names: set[tuple[str, ...]]) -> None:
    """The table of format §4.4, row by row."""
    events = [record.event for record in EVERY.records_list if record.event.kind == kind]
    assert {tuple(subject.name for subject in subjects(event)) for event in events} == names


@given(st.binary(max_size=300))
def test_only_format_errors_come_out_of_rubbish(data: bytes) -> None:
    """Whatever the bytes, a reader raises FormatError or returns."""
    for read in (read_payload, open_envelope, parse_leaf):
        try:
            read(data)
        except FormatError:
            continue


@given(st.integers(0, len(ENVELOPES) - 1), st.data())
def test_a_flipped_byte_in_an_envelope_is_refused(number: int, data: st.DataObject) -> None:
    """An envelope with one byte changed is no envelope, or no longer signed."""
    envelope = ENVELOPES[number]
    place = data.draw(st.integers(0, len(envelope.data) - 1))
    changed = bytearray(envelope.data)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((FormatError, SignatureError)):
        _open_and_check(bytes(changed), envelope.key_id)


def _open_and_check(data: bytes, signer: Digest) -> None:
    opened = open_envelope(data)
    if opened.key_id != signer:
        raise SignatureError("other-key", "another key")
    check_signature(opened, WORLD.roster.keys[signer].public)


def test_the_form_and_the_members_read_the_same() -> None:
    """The fast reader of envelopes returns what reading member by member returns, and refuses what it refuses."""
    for envelope in ENVELOPES:
        assert open_envelope(envelope.data) == _read_envelope(envelope.data) == envelope
        # the last digit before the padding has two bits of data and four spare ones; the next digit sets one of those
        last = envelope.data.index(b'=="}]}') - 1
        spare = envelope.data[:last] + bytes([envelope.data[last] + 1]) + envelope.data[last + 1 :]
        unpadded = envelope.data.replace(b'=="}]}', b'="}]}')
        for data in (envelope.data + b" ", spare, unpadded, envelope.data.replace(b'"sig"', b'"sig" ')):
            with pytest.raises(FormatError):
                open_envelope(data)


def test_envelopes_are_those_of_the_reference_implementation() -> None:
    """Securesystemslib reads our envelopes and verifies our ed25519 signatures over the same bytes."""
    for record, envelope in zip(WORLD.records_list, ENVELOPES, strict=True):
        theirs = ReferenceEnvelope.from_dict(parse(envelope.data, max_bytes=1 << 20))  # type: ignore[arg-type]
        key = SSlibKey(envelope.key_id, "ed25519", "ed25519", {"public": record.key.public.key.hex()})
        assert theirs.verify([key], 1)
        assert theirs.payload == envelope.payload


def test_an_event_too_large_for_an_envelope_says_what_helps() -> None:
    """Sealing refuses what would not fit, before anything is signed over it."""
    with pytest.raises(FormatError, match="65536") as caught:
        seal(b"x" * MAX_ENVELOPE_BYTES, SigningKey(seed("any")))
    assert caught.value.remedy is not None


def test_subjects_carry_every_plain_digest() -> None:
    """What can be searched by git ids and SHA-256 is in the subjects."""
    diff = next(record for record in WORLD.records_list if record.leaf.kind == "diff")
    names = {item.name: dict(item.digest) for item in subjects(diff.event)}
    assert set(names) == {"head", "tree", "manifest"}
    assert "gitCommit" in names["head"]
    assert "gitTree" in names["tree"]


def test_leaves_go_to_bytes_and_back() -> None:
    """A leaf's bytes are its canonical JSON, and only they are a leaf."""
    for leaf, _ in WORLD.entries:
        data = leaf_bytes(leaf)
        assert parse_leaf(data) == leaf
        assert data.isascii()
        with pytest.raises(FormatError):
            parse_leaf(data.replace(b'"v":1', b'"v": 1'))
    with pytest.raises(FormatError):
        parse_leaf(leaf_bytes(replace(WORLD.entries[0][0], v=2)))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T09:30:00",
        "2026-11-21 09:30:00Z",
        "2026-11-21T09:30:60Z",
        "2026-11-21T24:00:00Z",
        "1969-12-31T00:00:00Z",
        "2026-11-21T09:30:00.1Z",
        "2026-11-21T09:30:00+24:00",
        "2026-11-21T09:30:00+01:60",
        "\u0662026-11-21T09:30:00Z",
    ],
)
def test_times_of_another_shape_are_refused(text: str) -> None:
    """Only RFC 3339 with an offset, on a real date, is a claimed time."""
    with pytest.raises(FormatError):
        claimed_time(text, "")


@pytest.mark.parametrize("text", ["", "-a", "a b", "a\n", "é", "a" * 129, "a#b"])
def test_tokens_of_another_shape_are_refused(text: str) -> None:
    """A token is short printable ASCII without spaces."""
    with pytest.raises(FormatError):
        token(text, "")


def test_event_ids_are_version_seven() -> None:
    """The world makes the ids that the format asks for."""
    world = World()
    assert event_id(world.event_id(), "")
    assert WORLD.records_list[0].event.context.about == About()

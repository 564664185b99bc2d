"""The signed statement: payload bytes to event and event to payload bytes (format §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never, cast

from ledger.canonical import JSON, Encodable, encode, parse
from ledger.errors import FormatError
from ledger.events.agreement import check_agreement
from ledger.events.bodies import WorkBody
from ledger.events.context import Context, read_context
from ledger.events.evidence import Pack, Reconciliation
from ledger.events.forge import ChangeState, ControlSnapshot, Push, ReviewNote
from ledger.events.governance import Correction, DeclaredException, GateDecision
from ledger.events.operation import Build, Heartbeat, Incident, Observation, Scan
from ledger.events.roster import (
    CertificateEnd,
    CertificateEnrol,
    Epoch,
    Genesis,
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PolicySet,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    ProjectDeclare,
    ProjectDescribe,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
    RosterBody,
)
from ledger.events.shape import read_object, write_object
from ledger.events.work import (
    Approval,
    Attestation,
    Deploy,
    Diff,
    Merge,
    Prompt,
    Release,
    Subject,
    SuiteRun,
    read_subject,
)
from ledger.keys import public_key_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.digests import Digest

Body: TypeAlias = RosterBody | WorkBody

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
MAX_PAYLOAD_BYTES: Final = 49_152
"""Base64 of more would not fit an envelope of 65,536 bytes."""

_OWN_PREFIX: Final = "urn:evidence-ledger:"
_STATEMENT_MEMBERS: Final = frozenset({"_type", "subject", "predicateType", "predicate"})

_PLAIN: Final[Mapping[str, type[Body]]] = {
    cls.KIND: cls
    for cls in (
        *(Genesis, Epoch, Prompt, Diff, Approval, Merge, Release, Deploy, Attestation),
        *(ChangeState, Push, ReviewNote, Scan, Build, Observation, Incident),
        *(DeclaredException, ControlSnapshot, Heartbeat, GateDecision, Correction, Pack, Reconciliation),
    )
}
_BY_ACT: Final[Mapping[str, Mapping[str, type[Body]]]] = {
    "project": {cls.ACT: cls for cls in (ProjectDeclare, ProjectDescribe, ProjectEnd)},
    "principal": {
        cls.ACT: cls for cls in (PrincipalCreate, PrincipalDescribe, PrincipalDisable, PrincipalMerge, PrincipalSplit)
    },
    "key": {cls.ACT: cls for cls in (KeyEnrol, KeyRotate, KeyEnd, KeyRevoke)},
    "role": {cls.ACT: cls for cls in (RoleGrant, RoleEnd)},
    "policy": {"set": PolicySet},
    "certificate": {cls.ACT: cls for cls in (CertificateEnrol, CertificateEnd)},
}
KINDS: Final = (*_PLAIN, *_BY_ACT, "test")
"""Every kind this version knows."""


@dataclass(frozen=True, slots=True)
class Event:
    """A claim of one kind, with the block common to all."""

    context: Context
    body: Body

    @property
    def kind(self) -> str:
        """Its sort: ``prompt``, ``diff``, ``approval``."""
        return self.body.KIND


@dataclass(frozen=True, slots=True)
class Unknown:
    """A statement of a kind or version this code does not know: its bytes are checked, its meaning is unknown."""

    predicate_type: str
    context: Context | None
    """Its context, if the predicate has one of the known shape."""


def predicate_type(kind: str) -> str:
    """The predicate type URI of a kind of this version."""
    return TEST_RESULT if kind == "test" else f"{_OWN_PREFIX}{kind}:v1"


def bodies_of(kind: str) -> Mapping[str | None, type[Body]]:
    """The declared bodies of a kind, by act; a kind without acts has one, under None."""
    if kind == SuiteRun.KIND:
        return {None: SuiteRun}
    acts: dict[str | None, type[Body]] = {}
    acts.update(_BY_ACT.get(kind, {}).items())
    return acts or {None: _PLAIN[kind]}


def read_payload(payload: bytes) -> Event | Unknown:
    """The event that ``payload`` states.

    Raises:
        FormatError: at the place of the first fault.
    """
    statement = parse(payload, max_bytes=MAX_PAYLOAD_BYTES, allow_floats=True)
    if not isinstance(statement, dict) or set(statement) != _STATEMENT_MEMBERS:
        raise FormatError("bad-statement", "an in-toto statement has exactly _type, subject, predicateType, predicate")
    if statement["_type"] != STATEMENT_TYPE:
        raise FormatError("bad-statement", "not an in-toto Statement v1", where="/_type")
    uri, predicate = statement["predicateType"], statement["predicate"]
    if not isinstance(uri, str) or len(uri) > 256:
        raise FormatError(
            "bad-statement", "a predicate type of at most 256 characters is required", where="/predicateType"
        )
    if not isinstance(predicate, dict):
        raise FormatError("bad-statement", "the predicate is an object", where="/predicate")
    _check_subject_list(statement["subject"])
    kind = _kind_of(uri)
    if kind is None:
        return Unknown(uri, _context_of_unknown(predicate))
    if "context" not in predicate:
        raise FormatError("missing-member", "a required member is missing", where="/predicate/context")
    context = read_context(predicate["context"], "/predicate/context")
    body = _read_body(kind, predicate)
    check_agreement(context, body, "/predicate")
    event = Event(context, body)
    _check_subjects(statement["subject"], event)
    return event


def write_payload(event: Event) -> bytes:
    """Payload bytes of ``event``, in canonical JSON. Made once, by whoever seals it; everyone after keeps the bytes."""
    check_agreement(event.context, event.body, "/predicate")
    predicate = write_object(event.body)
    act = getattr(event.body, "ACT", None)
    if act is not None:
        predicate["act"] = act
    predicate["context"] = write_object(event.context)
    return encode(
        {
            "_type": STATEMENT_TYPE,
            "predicate": predicate,
            "predicateType": predicate_type(event.kind),
            "subject": [_write_subject(item) for item in subjects(event)],
        }
    )


def _kind_of(uri: str) -> str | None:
    return next((kind for kind in KINDS if predicate_type(kind) == uri), None)


def _context_of_unknown(predicate: Mapping[str, JSON]) -> Context | None:
    try:
        return read_context(predicate.get("context"), "/predicate/context")
    except FormatError:
        return None


def _read_body(kind: str, predicate: dict[str, JSON]) -> Body:
    if kind == "test":
        # The vetted predicate is open: its own further members are kept in the bytes and read by nobody here.
        known = {name: predicate[name] for name in ("result", "run") if name in predicate}
        return read_object(SuiteRun, cast("JSON", known), "/predicate")
    variants = _BY_ACT.get(kind)
    if variants is None:
        return read_object(_PLAIN[kind], predicate, "/predicate", drop=frozenset({"context"}))
    act = predicate.get("act")
    cls = variants.get(act) if isinstance(act, str) else None
    if cls is None:
        raise FormatError("bad-word", f"one of {', '.join(variants)} is required", where="/predicate/act")
    return read_object(cls, predicate, "/predicate", drop=frozenset({"context", "act"}))


def _check_subject_list(value: JSON) -> None:
    if not isinstance(value, list) or len(value) > 1024:
        raise FormatError("bad-subject", "an array of at most 1024 subjects is required", where="/subject")
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            raise FormatError("bad-subject", "a subject is an object", where=f"/subject/{number}")


def _check_subjects(value: JSON, event: Event) -> None:
    if not isinstance(value, list):
        raise FormatError("bad-subject", "an array is required", where="/subject")
    derived = subjects(event)
    if event.kind != "test" and len(value) != len(derived):
        raise FormatError("bad-subject", "not the subjects that follow from this event", where="/subject")
    for number, wanted in enumerate(derived):
        where = f"/subject/{number}"
        if number >= len(value) or read_subject(value[number], where) != wanted:
            raise FormatError("bad-subject", "not the subject that follows from this event", where=where)


def _write_subject(subject: Subject) -> Encodable:
    return {"digest": dict(subject.digest), "name": subject.name}


def _git(name: str, algorithm: str, value: str) -> Subject:
    return Subject(name, ((algorithm, value),))


def _sha256(name: str, value: Digest) -> Subject:
    return Subject(name, (("sha256", value[7:]),))


def subjects(event: Event) -> tuple[Subject, ...]:  # noqa: C901, PLR0912, PLR0915  # one arm a kind
    """The subjects that follow from the event's fields, in order (format §4.4)."""
    body, context = event.body, event.context
    found: list[Subject] = []
    match body:
        case Genesis():
            return (_sha256("log-key", public_key_digest(body.core.log_key)),)
        case Prompt():
            if body.base is not None:
                found.append(_git("base", "gitCommit", body.base))
            if context.about.tree is not None:
                found.append(_git("tree", "gitTree", context.about.tree))
        case Diff():
            found += [_git("head", "gitCommit", body.head), _git("tree", "gitTree", body.tree)]
            found.append(_sha256("manifest", body.manifest))
        case SuiteRun():
            found += [_git("commit", "gitCommit", body.run.commit), _git("tree", "gitTree", body.run.tree)]
        case Approval():
            found += _approval_subjects(body)
        case Merge():
            found += [_git("commit", "gitCommit", body.commit), _git("tree", "gitTree", body.tree)]
            found.append(_sha256("manifest", body.manifest))
        case Release():
            found += [_git("source", "gitCommit", source.commit) for source in body.sources]
            found += [_sha256(artifact.name, artifact.sha256) for artifact in body.artifacts]
        case Deploy():
            if body.release is not None:
                found.append(_sha256("release", body.release))
            found += [_sha256(artifact.name, artifact.sha256) for artifact in body.artifacts]
        case Attestation():
            found += body.subjects
        case Push():
            if body.before is not None:
                found.append(_git("before", "gitCommit", body.before))
            if body.after is not None:
                found.append(_git("after", "gitCommit", body.after))
        case ReviewNote():
            if body.commit is not None:
                found.append(_git("commit", "gitCommit", body.commit))
        case Scan():
            found += _content_subjects(None, body.tree, body.commit)
            found.reverse()
            found += [_sha256("prompt", item) for item in body.prompts]
        case Build():
            found.append(_git("commit", "gitCommit", body.commit))
            found += [_sha256(artifact.name, artifact.sha256) for artifact in body.artifacts]
        case Observation():
            found += [_sha256(artifact.name, artifact.sha256) for artifact in body.running]
        case Incident():
            found += [_sha256("release", suspect.release) for suspect in body.suspects if suspect.release is not None]
        case DeclaredException():
            found += _content_subjects(body.manifest, body.tree, body.commit)
            if body.release is not None:
                found.append(_sha256("release", body.release))
        case GateDecision():
            found.append(_sha256("policy", body.policy))
            if context.about.tree is not None:
                found.append(_git("tree", "gitTree", context.about.tree))
            if body.release is not None:
                found.append(_sha256("release", body.release))
        case Correction():
            found.append(_sha256("corrects", body.corrects))
        case Pack():
            found += [_sha256(file.name, file.sha256) for file in body.files]
            found.append(_sha256("bundle", body.bundle))
        case Reconciliation():
            found.append(_sha256("result", body.result))
            found += [_git("head", "gitCommit", ref.head) for ref in body.refs if ref.head is not None]
        case (
            ProjectDeclare()
            | ProjectDescribe()
            | ProjectEnd()
            | PrincipalCreate()
            | PrincipalDescribe()
            | PrincipalDisable()
            | KeyEnrol()
            | KeyRotate()
            | KeyEnd()
            | KeyRevoke()
            | RoleGrant()
            | RoleEnd()
            | PolicySet()
            | Epoch()
            | PrincipalMerge()
            | PrincipalSplit()
            | CertificateEnrol()
            | CertificateEnd()
            | ChangeState()
            | Heartbeat()
            | ControlSnapshot()
        ):
            pass
        case _:
            assert_never(body)
    if not found and context.ledger is not None:
        found.append(_sha256("ledger", context.ledger))
    return tuple(found)


def _content_subjects(manifest: Digest | None, tree: str | None, commit: str | None) -> list[Subject]:
    found = []
    if manifest is not None:
        found.append(_sha256("manifest", manifest))
    if tree is not None:
        found.append(_git("tree", "gitTree", tree))
    if commit is not None:
        found.append(_git("commit", "gitCommit", commit))
    return found


def _approval_subjects(body: Approval) -> list[Subject]:
    basis = body.basis
    found = _content_subjects(basis.manifest, basis.tree, basis.commit)
    if basis.release is not None:
        found.append(_sha256("release", basis.release))
    if basis.exception is not None:
        found.append(_sha256("exception", basis.exception))
    if basis.act is not None:
        found.append(_sha256("act", basis.act))
    if body.withdraws is not None:
        found.append(_sha256("withdraws", body.withdraws))
    return found


def references(event: Event) -> tuple[tuple[Digest, str | None], ...]:  # noqa: C901 -- one arm a kind
    """Envelope digests the event refers to, each with the kind required there or None for any (format §9, V17)."""
    found: list[tuple[Digest, str | None]] = [(link.envelope, None) for link in event.context.links]
    match event.body:
        case Diff(prompts=prompts):
            found += [(item.prompt, "prompt") for item in prompts]
        case Merge(diff=diff) if diff is not None:
            found.append((diff, "diff"))
        case Deploy() | Observation() | DeclaredException() | GateDecision() | Pack() as body if (
            body.release is not None
        ):
            found.append((body.release, "release"))
        case Incident(suspects=suspects):
            found += [(item.release, "release") for item in suspects if item.release is not None]
        case Scan(prompts=prompts):
            found += [(item, "prompt") for item in prompts]
        case Correction(corrects=corrects):
            found.append((corrects, None))
        case Approval(seen=seen, basis=basis, withdraws=withdraws):
            found += [(item, "prompt") for item in seen.prompts] + [(item, "test") for item in seen.tests]
            found += [(item, "scan") for item in seen.scans or ()]
            if basis.release is not None:
                found.append((basis.release, "release"))
            if basis.exception is not None:
                found.append((basis.exception, "exception"))
            if basis.act is not None:
                found.append((basis.act, None))
            if withdraws is not None:
                found.append((withdraws, "approval"))
        case _:
            pass
    return tuple(dict.fromkeys(found))


def takes_back(event: Event, earlier: Event) -> bool:
    """Whether ``event``, a withdrawal, is of the decision ``earlier``: same actor, scope, about and basis (§4.4.2)."""
    body, before = event.body, earlier.body
    return (
        isinstance(body, Approval)
        and isinstance(before, Approval)
        and before.decision != "withdraw"
        and (before.scope, before.basis) == (body.scope, body.basis)
        and earlier.context.about == event.context.about
        and earlier.context.project == event.context.project
        and earlier.context.actor.principal == event.context.actor.principal
    )

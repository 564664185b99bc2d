"""Kinds of project streams: what was asked, made, tested, approved, landed, released and deployed (format §4.4.2).

What else a forge, operations and governance tell is in ``ledger.events.forge``, ``operation`` and ``governance``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ledger.errors import FormatError
from ledger.events.shape import (
    array,
    claimed_time,
    count,
    digest,
    label,
    member,
    nested,
    object_id,
    one_of,
    principal_id,
    printable,
    project_id,
    shaped,
    token,
    true,
)

if TYPE_CHECKING:
    from ledger.canonical import JSON
    from ledger.digests import Digest

_OBJECT_FORMAT = one_of("sha1", "sha256")
_REFERENCES = array(digest, most=256, distinct=True)
_ALGORITHM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2}){1,64}", re.ASCII)


@shaped(type="string", pattern="^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}$")
def _name_without_at(value: JSON, where: str) -> str:
    text: str = token(value, where)
    if "@" in text:
        raise FormatError("bad-text", "products and versions hold no @", where=where)
    return text


@dataclass(frozen=True, slots=True)
class Capture:
    """How a prompt was captured."""

    quality: str = member(one_of("complete", "text-withheld", "reconstructed"))
    source: str = member(one_of("hook", "transcript", "telemetry", "notes", "manual"))


@dataclass(frozen=True, slots=True)
class Model:
    """The model asked for and the model that answered."""

    provider: str = member(token)
    requested: str | None = member(token, optional=True)
    responded: str | None = member(token, optional=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """A program by name and version."""

    name: str = member(token)
    version: str | None = member(token, optional=True)


@dataclass(frozen=True, slots=True)
class Template:
    """A versioned prompt template."""

    id: str = member(token)
    version: str = member(token)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens a model counted."""

    input_tokens: int = member(count())
    output_tokens: int = member(count())


@dataclass(frozen=True, slots=True)
class PromptScan:
    """What a look for secrets found before anything of a prompt was stored."""

    findings: int = member(count())
    """Findings that were left in."""
    masked: int = member(count())
    tool: str = member(token)
    version: str = member(token)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One turn between somebody and an assistant."""

    KIND: ClassVar = "prompt"
    capture: Capture = member(nested(Capture))
    session: str = member(token)
    tool: Tool = member(nested(Tool))
    trigger: str = member(one_of("human", "scheduled", "subagent", "unknown"))
    turn: int = member(count(least=1))
    base: str | None = member(object_id, optional=True)
    """Commit on which the assistant worked."""
    configuration: Digest | None = member(digest, optional=True)
    """SHA-256 of the assistant's configuration file."""
    ended_at: str | None = member(claimed_time, optional=True)
    initiator: str | None = member(principal_id, optional=True)
    """The principal who asked; None: unknown."""
    model: Model | None = member(nested(Model), optional=True)
    permission_mode: str | None = member(label, optional=True)
    scan: PromptScan | None = member(nested(PromptScan), optional=True)
    started_at: str | None = member(claimed_time, optional=True)
    template: Template | None = member(nested(Template), optional=True)
    usage: Usage | None = member(nested(Usage), optional=True)


@dataclass(frozen=True, slots=True)
class AiInvolvement:
    """What the producer says, and what traces say, about assistants in a change."""

    involvement: str = member(one_of("none", "assisted", "generated", "undeclared"))
    source: str = member(one_of("declared", "trailers", "none"))
    traces: tuple[str, ...] = member(array(label, most=32, distinct=True))
    """Assistants that left traces in the commits."""


@dataclass(frozen=True, slots=True)
class BoundPrompt:
    """A prompt from which a diff came, and how well that is known."""

    prompt: Digest = member(digest)
    """Envelope digest of the prompt event."""
    strength: str = member(one_of("recomputed", "observed", "declared"))


@dataclass(frozen=True, slots=True)
class Diff:
    """One revision of a change: exactly which content."""

    KIND: ClassVar = "diff"
    ai: AiInvolvement = member(nested(AiInvolvement))
    base: str = member(object_id)
    commit_count: int = member(count())
    files_changed: int = member(count())
    head: str = member(object_id)
    lines_added: int = member(count())
    lines_removed: int = member(count())
    manifest: Digest = member(digest)
    """SHA-256 of the change manifest: the diff digest."""
    merge_base: str = member(object_id)
    object_format: str = member(_OBJECT_FORMAT)
    prompts: tuple[BoundPrompt, ...] = member(array(nested(BoundPrompt), most=256, distinct=True))
    tree: str = member(object_id)
    """Git tree of the head."""
    risk: str | None = member(label, optional=True)
    target: str | None = member(token, optional=True)
    """The ref into which the change is to go."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Test cases by outcome; ``tests`` is the sum of passed, failures, errors and skipped."""

    errors: int = member(count())
    failures: int = member(count())
    flaky: int = member(count())
    """Cases that passed after failing."""
    passed: int = member(count())
    skipped: int = member(count())
    tests: int = member(count())


@dataclass(frozen=True, slots=True)
class Contract:
    """The version of a contract or schema that a suite tested against."""

    name: str = member(token)
    sha256: Digest = member(digest)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a suite on one commit."""

    attempt: int = member(count(least=1))
    commit: str = member(object_id)
    environment: str = member(label)
    suite: str = member(token)
    totals: Totals = member(nested(Totals))
    tree: str = member(object_id)
    class_: str | None = member(label, optional=True)
    """The sort of suite: ``unit``, ``contract``, ``reconciliation``, ``security``."""
    contract: Contract | None = member(nested(Contract), optional=True)
    duration_ms: int | None = member(count(), optional=True)
    started_at: str | None = member(claimed_time, optional=True)
    tool: Tool | None = member(nested(Tool), optional=True)


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """A test event: the vetted test-result predicate with the closed block ``run``."""

    KIND: ClassVar = "test"
    result: str = member(one_of("PASSED", "WARNED", "FAILED"))
    run: Run = member(nested(Run))


@dataclass(frozen=True, slots=True)
class Basis:
    """What an approval covers."""

    act: Digest | None = member(digest, optional=True)
    """Envelope digest of the act of the ledger stream."""
    commit: str | None = member(object_id, optional=True)
    exception: Digest | None = member(digest, optional=True)
    """Envelope digest of the exception."""
    manifest: Digest | None = member(digest, optional=True)
    policy: Digest | None = member(digest, optional=True)
    ref: str | None = member(token, optional=True)
    """The ref into which the change may go."""
    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""
    roster: int | None = member(count(least=1), optional=True)
    """Position of the roster that was reviewed."""
    tree: str | None = member(object_id, optional=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the approver was shown beside the basis."""

    prompts: tuple[Digest, ...] = member(_REFERENCES)
    tests: tuple[Digest, ...] = member(_REFERENCES)
    scans: tuple[Digest, ...] | None = member(_REFERENCES, optional=True)


@dataclass(frozen=True, slots=True)
class ChecklistAnswer:
    """What the approver answered to one item of the policy's checklist."""

    answer: str = member(one_of("yes", "no", "not-applicable"))
    item: str = member(label)


@dataclass(frozen=True, slots=True)
class ForgeReview:
    """A review as its forge knows it."""

    id: str = member(token)
    """Immutable id there."""
    state: str = member(label)
    """In the forge's word: ``approved``, ``changes-requested``, ``commented``, ``dismissed``."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A decision by somebody about exactly one content, release or act."""

    KIND: ClassVar = "approval"
    attested_by: str = member(one_of("person", "forge"))
    basis: Basis = member(nested(Basis))
    decision: str = member(one_of("approve", "reject", "abstain", "withdraw"))
    meaning: str = member(label)
    scope: str = member(one_of("change", "release", "exception", "access", "roster"))
    seen: Seen = member(nested(Seen))
    checklist: tuple[ChecklistAnswer, ...] | None = member(
        array(nested(ChecklistAnswer), least=1, most=64), optional=True
    )
    review: ForgeReview | None = member(nested(ForgeReview), optional=True)
    """The review at the forge that attests it."""
    role: str | None = member(label, optional=True)
    """The role the approver says they act in; rules look it up in the roster."""
    shown_at: str | None = member(claimed_time, optional=True)
    """When the approver was first shown what they decided about."""
    withdraws: Digest | None = member(digest, optional=True)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What git made of the parents of a merge, again."""

    outcome: str = member(one_of("clean", "conflict"))
    tree: str | None = member(object_id, optional=True)
    """Present exactly if clean."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Content landed on a protected ref."""

    KIND: ClassVar = "merge"
    binding: str = member(one_of("manifest", "tree", "recomputed", "none"))
    """By what the landed content was found to be that of ``diff``."""
    commit: str = member(object_id)
    commit_count: int = member(count(least=1))
    manifest: Digest = member(digest)
    method: str = member(one_of("merge", "squash", "rebase", "fast-forward", "cherry-pick", "push"))
    object_format: str = member(_OBJECT_FORMAT)
    parents: tuple[str, ...] = member(array(object_id, least=1, most=16))
    ref: str = member(token)
    tree: str = member(object_id)
    diff: Digest | None = member(digest, optional=True)
    """Envelope digest of the diff event; None exactly when the binding is ``none``."""
    recomputed: Recomputed | None = member(nested(Recomputed), optional=True)
    """Only of a landing with two parents."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A released or deployed file or image."""

    name: str = member(token)
    sha256: Digest = member(digest)


@dataclass(frozen=True, slots=True)
class Source:
    """What of one repository a release holds."""

    commit: str = member(object_id)
    commit_count: int = member(count())
    commits: str = member(label)
    """Name of the content with the commit list."""
    project: str = member(project_id)
    repository: str = member(token)
    """Immutable id of the repository."""
    path: str | None = member(token, optional=True)
    previous: str | None = member(object_id, optional=True)
    """Commit of the release before."""
    start: bool | None = member(true, optional=True)
    """True in a first release."""


@dataclass(frozen=True, slots=True)
class Release:
    """A named version of a product."""

    KIND: ClassVar = "release"
    artifacts: tuple[Artifact, ...] = member(array(nested(Artifact), most=256, distinct=True))
    product: str = member(_name_without_at)
    sources: tuple[Source, ...] = member(array(nested(Source), least=1, most=64, distinct=True))
    version: str = member(_name_without_at)


@dataclass(frozen=True, slots=True)
class Deploy:
    """A release, or artifacts, went to an environment."""

    KIND: ClassVar = "deploy"
    artifacts: tuple[Artifact, ...] = member(array(nested(Artifact), most=256, distinct=True))
    environment: str = member(label)
    service: str = member(token)
    status: str = member(one_of("started", "succeeded", "failed", "rolled-back"))
    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An in-toto resource descriptor of a closed form: a name and digests by algorithm."""

    name: str
    digest: tuple[tuple[str, str], ...]
    """(algorithm, hex) pairs, ascending by algorithm."""


@shaped(
    type="object",
    properties={
        "digest": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 8,
            "propertyNames": {"pattern": f"^{_ALGORITHM.pattern}$"},
            "additionalProperties": {"type": "string", "pattern": f"^{_HEX.pattern}$"},
        },
        "name": token,
    },
    required=["digest", "name"],
    additionalProperties=False,
)
def read_subject(value: JSON, where: str) -> Subject:
    """``value`` as ``{"digest": {...}, "name": ...}``.

    Raises:
        FormatError: at the place of the fault.
    """
    if not isinstance(value, dict) or set(value) != {"digest", "name"}:
        raise FormatError("bad-subject", "a subject has exactly a name and a digest", where=where)
    digests = value["digest"]
    if not isinstance(digests, dict) or not 1 <= len(digests) <= 8:
        raise FormatError("bad-subject", "1 to 8 digests are required", where=f"{where}/digest")
    pairs = []
    for algorithm, text in sorted(digests.items()):
        if _ALGORITHM.fullmatch(algorithm) is None or not isinstance(text, str) or _HEX.fullmatch(text) is None:
            raise FormatError("bad-subject", "an algorithm and its hex digits are required", where=f"{where}/digest")
        pairs.append((algorithm, text))
    return Subject(name=token(value["name"], f"{where}/name"), digest=tuple(pairs))


@dataclass(frozen=True, slots=True)
class Attestation:
    """A statement made elsewhere, carried by whoever brought it."""

    KIND: ClassVar = "attestation"
    media_type: str = member(token)
    reason: str = member(one_of("foreign", "late"))
    statement: str = member(label)
    """Name of the content that holds the statement."""
    subjects: tuple[Subject, ...] = member(array(read_subject, most=64))
    predicate_type: str | None = member(printable, optional=True)

"""Builds from SLSA provenance version 1: which artifacts a builder says it made, of which commit.

No signature is verified here, and none of the names in it is compared with anything: what is read is what a file says,
brought by whoever brought it. Whether a builder signed it is for the tools of that builder to tell, before it is
recorded.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ledger.capture.foreign import MAX_FOREIGN_BYTES, Part, read_value, read_values, refuse, refuse_errors
from ledger.capture.git import strip_credentials
from ledger.digests import Digest, parse_digest
from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

Carrier: TypeAlias = Literal["statement", "dsse", "sigstore-bundle"]
"""What a statement was found in: nothing, a DSSE envelope, or such an envelope in a bundle of Sigstore."""

PROVENANCE_TYPE: Final = "https://slsa.dev/provenance/v1"
"""Predicate type of what is read."""

_STATEMENT_TYPES: Final = frozenset({"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"})
_PAYLOAD_TYPES: Final = frozenset({"application/vnd.in-toto+json", "application/vnd.in-toto.provenance+json"})
_BUNDLE: Final = re.compile(r"application/vnd\.dev\.sigstore\.bundle(?:\.v\d+\.\d+\+json|\+json;version=\d+\.\d+)")
_URI_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True)
class BuiltArtifact:
    """One subject of a statement."""

    digest: Digest
    """SHA-256 of its bytes."""
    name: str | None
    """As the builder calls it."""


@dataclass(frozen=True, slots=True)
class BuildSource:
    """A commit that took part in the build."""

    uri: str
    """Where it came from, without credentials."""
    commit: str
    """Object id of git."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """One statement about one build; nothing of it is verified."""

    carrier: Carrier
    signature_count: int
    """Signatures that stand beside the statement, none of them looked at."""
    artifacts: tuple[BuiltArtifact, ...]
    """Subjects with a SHA-256, in their order; at least one."""
    other_subject_count: int
    """Subjects without one."""
    build_type: str
    builder: str
    """The builder's id."""
    commit: str | None
    """The commit that was built; None where the statement names none, or several and not which of them."""
    sources: tuple[BuildSource, ...]
    """Every commit among the resolved dependencies."""
    invocation: str | None
    """The builder's id of the run."""
    finished_at: str | None


@dataclass(frozen=True, slots=True)
class ProvenanceFile:
    """What one file holds."""

    found: tuple[Provenance, ...]
    """At least one."""
    other_types: tuple[str, ...]
    """Predicate types of the statements that are no provenance of version 1, in their order."""


def parse_provenance(data: bytes) -> ProvenanceFile:
    """The provenance in a file of statements, envelopes or bundles: one, one a line, or an answer of GitHub's API.

    Signatures are not verified.

    Raises:
        FormatError: ``foreign-document`` at the place of the fault, or as ``foreign.read_values``; places inside a
            payload go on behind ``payload``.
    """
    found, others = [], []
    for part in _carried(read_values(data)):
        carrier, signature_count, statement = _statement(part)
        if statement.need("_type").text() not in _STATEMENT_TYPES:
            refuse("not an in-toto statement", statement.where + "/_type")
        kind = statement.need("predicateType").text()
        if kind == PROVENANCE_TYPE:
            found.append(_provenance(carrier, signature_count, statement))
        else:
            others.append(kind)
    if not found:
        old = any(kind.startswith("https://slsa.dev/provenance/") for kind in others)
        refuse(
            "provenance of another version of SLSA than 1" if old else "no statement here is SLSA provenance",
            "",
            "let the builder write " + PROVENANCE_TYPE,
        )
    return ProvenanceFile(tuple(found), tuple(others))


def _carried(values: tuple[Part, ...]) -> Iterator[Part]:
    """Statements, envelopes and bundles, taken out of what the forge's API puts around them."""
    for value in values:
        refuse_errors(value)
        if value.has("attestations"):
            for attestation in value.need("attestations").items():
                yield attestation.need("bundle")
        else:
            yield value


def _statement(part: Part) -> tuple[Carrier, int, Part]:
    """What carries the statement, with how many signatures, and the statement."""
    media_type = part.get("mediaType")
    if media_type is None:
        return _from_envelope("dsse", part) if part.has("payload") else ("statement", 0, part)
    if _BUNDLE.fullmatch(media_type.text()) is None:
        refuse("not a bundle of Sigstore", media_type.where)
    if part.get("dsseEnvelope") is None:
        refuse("this bundle signs a file, it carries no statement", part.where, "fetch the attestation of the build")
    return _from_envelope("sigstore-bundle", part.need("dsseEnvelope"))


def _from_envelope(carrier: Carrier, envelope: Part) -> tuple[Carrier, int, Part]:
    if envelope.need("payloadType").text() not in _PAYLOAD_TYPES:
        refuse("an envelope around something else than an in-toto statement", envelope.where + "/payloadType")
    payload = envelope.need("payload")
    # DSSE lets senders choose between both alphabets of base64, with or without padding.
    text = payload.text(limit=MAX_FOREIGN_BYTES).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        refuse("not base64", payload.where)
    try:
        inside = read_value(data)
    except FormatError as error:
        error.where = payload.where + error.where
        raise
    return carrier, len(envelope.need("signatures").items()), Part(inside.value, payload.where)


def _provenance(carrier: Carrier, signature_count: int, statement: Part) -> Provenance:
    artifacts, other_count = [], 0
    for subject in statement.need("subject").items():
        name, sha256 = subject.get("name"), subject.need("digest").get("sha256")
        if sha256 is None:
            other_count += 1
            continue
        digest = parse_digest("sha256:" + sha256.text().lower(), sha256.where)
        artifacts.append(BuiltArtifact(digest, None if name is None else name.text(limit=_URI_LIMIT)))
    if not artifacts:
        refuse("no subject has a SHA-256, so no artifact can be found by it", statement.where + "/subject")
    predicate = statement.need("predicate")
    definition, details = predicate.need("buildDefinition"), predicate.need("runDetails")
    sources = tuple(dict.fromkeys(_sources(definition)))
    metadata = details.get("metadata")
    invocation = None if metadata is None else metadata.get("invocationId")
    finished = None if metadata is None else metadata.get("finishedOn")
    return Provenance(
        carrier=carrier,
        signature_count=signature_count,
        artifacts=tuple(artifacts),
        other_subject_count=other_count,
        build_type=definition.need("buildType").text(limit=_URI_LIMIT),
        builder=details.need("builder").need("id").text(limit=_URI_LIMIT),
        commit=_built(sources, definition),
        sources=sources,
        invocation=None if invocation is None else invocation.text(limit=_URI_LIMIT),
        finished_at=None if finished is None else finished.time(),
    )


def _sources(definition: Part) -> Iterator[BuildSource]:
    dependencies = definition.get("resolvedDependencies")
    for dependency in () if dependencies is None else dependencies.items():
        uri, digest = dependency.get("uri"), dependency.get("digest")
        address = "" if uri is None else uri.text(limit=_URI_LIMIT)
        if digest is None:
            continue
        # Builders older than the name gitCommit wrote sha1 for commits too.
        commit = digest.get("gitCommit") or (digest.get("sha1") if address.startswith("git+") else None)
        if commit is not None:
            yield BuildSource(strip_credentials(address) if address else "", commit.object_id())


def _built(sources: tuple[BuildSource, ...], definition: Part) -> str | None:
    """The commit of the only source, or of the one that the parameters of the build name."""
    commits = {source.commit for source in sources}
    if len(commits) > 1:
        named = set(_named(definition))
        commits = {source.commit for source in sources if _address(source.uri) in named}
    return commits.pop() if len(commits) == 1 else None


def _named(definition: Part) -> Iterator[str]:
    """Addresses of repositories that the parameters name as what is to be built, as the known build types do."""
    parameters = definition.get("externalParameters")
    if parameters is None:
        return
    for name in ("workflow", "source", "configSource", "buildConfigSource", "sourceToBuild"):
        part = parameters.get(name)
        if part is None:
            continue
        inside = [part] if isinstance(part.value, str) else [part.get("repository"), part.get("uri")]
        for address in inside:
            if address is not None:
                yield _address(strip_credentials(address.text(limit=_URI_LIMIT)))


def _address(uri: str) -> str:
    """A repository's address without its transport's mark, its revision and what does not tell it apart."""
    address = uri.removeprefix("git+")
    head, slash, tail = address.rpartition("://")
    # The revision stands behind an @; one before the first slash would be a user, and those are gone.
    return head + slash + tail.partition("@")[0].rstrip("/").removesuffix(".git")

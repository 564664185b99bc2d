"""SLSA provenance: bare, in envelopes and in bundles, of the build types that people meet."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given

from ledger.capture.provenance import BuildSource, BuiltArtifact, parse_provenance
from ledger.digests import Digest
from ledger.errors import FormatError
from tests.capture.damage import damaged

COMMIT, ACTION = "9c1d" * 10, "51aa" * 10
SHA256 = "ab" * 32
REPOSITORY = "https://github.com/harbour/crane"


def github(**changed: object) -> dict[str, Any]:
    """A statement as GitHub's workflows make it; ``changed`` are members of its predicate's definition."""
    definition = {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {
            "workflow": {"ref": "refs/tags/v4", "repository": REPOSITORY, "path": ".github/workflows/release.yml"}
        },
        "internalParameters": {"github": {"event_name": "push", "repository_id": "88", "runner_environment": "x"}},
        "resolvedDependencies": [{"uri": f"git+{REPOSITORY}@refs/tags/v4", "digest": {"gitCommit": COMMIT}}],
    } | changed
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "crane_4_linux.tar.gz", "digest": {"sha256": SHA256}},
            {"name": "crane.img", "digest": {"sha512": "cd" * 64}},
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": definition,
            "runDetails": {
                "builder": {"id": f"{REPOSITORY}/.github/workflows/release.yml@refs/tags/v4"},
                "metadata": {
                    "invocationId": f"{REPOSITORY}/actions/runs/12/attempts/1",
                    "finishedOn": "2026-03-04T10:11:12.123456Z",
                },
            },
        },
    }


def envelope(statement: object, *, url_safe: bool = False) -> dict[str, Any]:
    """A DSSE envelope around ``statement``."""
    data = json.dumps(statement).encode()
    payload = urlsafe_b64encode(data).rstrip(b"=") if url_safe else b64encode(data)
    return {
        "payload": payload.decode(),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": "bm90IHZlcmlmaWVk", "keyid": ""}],
    }


def bundle(statement: object, media_type: str = "application/vnd.dev.sigstore.bundle.v0.3+json") -> dict[str, Any]:
    """A bundle of Sigstore around ``statement``."""
    material = {"certificate": {"rawBytes": "AA=="}, "tlogEntries": []}
    return {"mediaType": media_type, "verificationMaterial": material, "dsseEnvelope": envelope(statement)}


def parse(*values: object) -> Any:  # noqa: ANN401  # a test looks at one member or another
    """What the reader makes of a file with these values, one a line."""
    return parse_provenance("\n".join(map(json.dumps, values)).encode())


def test_a_statement_of_github() -> None:
    """Artifacts by SHA-256, builder, build type, commit, run and time are read; other subjects are counted."""
    (found,) = parse(github()).found
    assert found.artifacts == (BuiltArtifact(Digest("sha256:" + SHA256), "crane_4_linux.tar.gz"),)
    assert (found.other_subject_count, found.signature_count, found.carrier) == (1, 0, "statement")
    assert found.build_type == "https://actions.github.io/buildtypes/workflow/v1"
    assert found.builder == f"{REPOSITORY}/.github/workflows/release.yml@refs/tags/v4"
    assert found.commit == COMMIT
    assert found.sources == (BuildSource(f"git+{REPOSITORY}@refs/tags/v4", COMMIT),)
    assert (found.invocation, found.finished_at) == (
        f"{REPOSITORY}/actions/runs/12/attempts/1",
        "2026-03-04T10:11:12.123Z",
    )


def test_carriers() -> None:
    """The same statement is found in an envelope, in bundles old and new, and in the answer of the forge's API."""
    bare = parse(github()).found[0]
    others = {
        "dsse": [envelope(github()), envelope(github(), url_safe=True)],
        "sigstore-bundle": [
            bundle(github()),
            bundle(github(), "application/vnd.dev.sigstore.bundle+json;version=0.1"),
            {"attestations": [{"bundle": bundle(github()), "repository_id": 88}]},
        ],
    }
    for carrier, values in others.items():
        for value in values:
            (found,) = parse(value).found
            assert (found.carrier, found.signature_count) == (carrier, 1)
            assert (found.artifacts, found.builder, found.sources) == (bare.artifacts, bare.builder, bare.sources)


def test_several_statements() -> None:
    """One statement a line is read one by one; those of other types are named and not read."""
    materials = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document"}
    found = parse(bundle(github()), bundle(materials), envelope(github()))
    assert [each.carrier for each in found.found] == ["sigstore-bundle", "dsse"]
    assert found.other_types == ("https://spdx.dev/Document",)


@pytest.mark.parametrize(
    ("definition", "commit"),
    [
        ({"resolvedDependencies": None}, None),
        ({"resolvedDependencies": [{"uri": "pkg:docker/debian@12", "digest": {"sha256": SHA256}}]}, None),
        ({"resolvedDependencies": [{"uri": "pkg:npm/x@1", "digest": {"sha1": ACTION}}]}, None),
        ({"resolvedDependencies": [{"uri": "git+https://git.example/x", "digest": {"sha1": COMMIT}}]}, COMMIT),
        ({"resolvedDependencies": [{"digest": {"gitCommit": COMMIT}}, {"uri": "x"}]}, COMMIT),
        (
            {
                "resolvedDependencies": [
                    {"uri": "git+https://github.com/actions/checkout@refs/heads/main", "digest": {"gitCommit": ACTION}},
                    {"uri": f"git+{REPOSITORY}@refs/tags/v4", "digest": {"gitCommit": COMMIT}},
                ]
            },
            COMMIT,
        ),
        (
            {
                "externalParameters": {"source": "https://git.harbour.example/crane"},
                "resolvedDependencies": [
                    {"uri": "https://git.harbour.example/crane.git", "digest": {"gitCommit": COMMIT}},
                    {"uri": "https://git.harbour.example/tools", "digest": {"gitCommit": ACTION}},
                ],
            },
            COMMIT,
        ),
        (
            {
                "externalParameters": {"source": {"uri": f"git+{REPOSITORY}@refs/heads/main"}},
                "resolvedDependencies": [
                    {"uri": "git+https://github.com/harbour/cranes", "digest": {"gitCommit": ACTION}},
                    {"uri": f"git+{REPOSITORY}@refs/heads/main", "digest": {"gitCommit": COMMIT}},
                ],
            },
            COMMIT,
        ),
        (
            {
                "externalParameters": {},
                "resolvedDependencies": [
                    {"uri": f"git+{REPOSITORY}@refs/tags/v4", "digest": {"gitCommit": COMMIT}},
                    {"uri": "git+https://github.com/harbour/tools", "digest": {"gitCommit": ACTION}},
                ],
            },
            None,
        ),
        (
            {
                "resolvedDependencies": [
                    {"uri": f"git+{REPOSITORY}@refs/tags/v4", "digest": {"gitCommit": COMMIT}},
                    {"uri": f"git+{REPOSITORY}@refs/heads/main", "digest": {"gitCommit": ACTION}},
                ]
            },
            None,
        ),
    ],
)
def test_which_commit_was_built(definition: dict[str, object], commit: str | None) -> None:
    """The only commit, or that of the repository which the parameters name; else it is not told, and not guessed."""
    assert parse(github(**definition)).found[0].commit == commit


def test_addresses_keep_no_credentials() -> None:
    """User and password of an address are not kept."""
    uri = "git+https://ci:secret@git.harbour.example/crane@refs/heads/main"
    (found,) = parse(github(resolvedDependencies=[{"uri": uri, "digest": {"gitCommit": COMMIT}}])).found
    assert found.sources[0].uri == "git+https://git.harbour.example/crane@refs/heads/main"


def without(name: str) -> dict[str, Any]:
    """A statement without this member of its predicate."""
    statement = github()
    del statement["predicate"][name]
    return statement


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({}, "/_type"),
        ([], ""),
        (github() | {"_type": "https://example.org/Statement"}, "/_type"),
        (github() | {"predicateType": "https://slsa.dev/provenance/v0.2"}, ""),
        (github() | {"predicateType": "https://spdx.dev/Document"}, ""),
        (github() | {"subject": []}, "/subject"),
        (github() | {"subject": [{"name": "x", "digest": {"sha512": "cd" * 64}}]}, "/subject"),
        (github() | {"subject": [{"name": "x"}]}, "/subject/0/digest"),
        (github() | {"subject": [{"digest": {"sha256": "xy"}}]}, "/subject/0/digest/sha256"),
        (without("buildDefinition"), "/predicate/buildDefinition"),
        (without("runDetails"), "/predicate/runDetails"),
        (github(buildType=None), "/predicate/buildDefinition/buildType"),
        (github(resolvedDependencies=[{"digest": {"gitCommit": "main"}}]), "/predicate/buildDefinition/resolvedDep"),
        (envelope(github()) | {"payloadType": "text/plain"}, "/payloadType"),
        (envelope(github()) | {"payload": "not base64!"}, "/payload"),
        (envelope(github()) | {"payload": ""}, "/payload"),
        (envelope(github()) | {"payload": b64encode(b'{"a":1,"a":2}').decode()}, "/payload/a"),
        (envelope(github()) | {"signatures": None}, "/signatures"),
        (envelope(github() | {"subject": 1}), "/payload/subject"),
        (bundle(github(), "application/json"), "/mediaType"),
        ({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "messageSignature": {}}, ""),
        ({"attestations": []}, ""),
        ({"message": "Not Found", "documentation_url": "https://docs.example", "status": "404"}, ""),
    ],
)
def test_what_is_no_provenance(value: object, where: str) -> None:
    """What is no SLSA provenance of version 1 is refused at its place, inside the payload too."""
    with pytest.raises(FormatError) as caught:
        parse(value)
    assert caught.value.where[: len(where)] == where
    if not where:
        assert caught.value.where == ""


@given(damaged(github(), bundle(github()), {"attestations": [{"bundle": bundle(github())}]}))
def test_any_damage_gives_provenance_or_a_format_error(value: object) -> None:
    """With any one value replaced by another, the reader returns or raises FormatError, never anything else."""
    try:
        parse(value)
    except FormatError:
        return

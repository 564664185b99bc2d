"""What is read from the environments of CI systems."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capture.ci import CiAccount, CiContext, ci_context

HEAD, BASE, MERGE, ZERO = "a" * 40, "b" * 40, "c" * 40, "0" * 40

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/repo",
    "GITHUB_REPOSITORY_ID": "99",
    "GITHUB_RUN_ID": "7",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_JOB": "test",
    "GITHUB_ACTOR": "ada",
    "GITHUB_ACTOR_ID": "5",
    "GITHUB_TRIGGERING_ACTOR": "ada",
    "GITHUB_REF_PROTECTED": "false",
}
PULL_REQUEST = {
    "number": 12,
    "pull_request": {"number": 12, "head": {"sha": HEAD}, "base": {"sha": BASE, "ref": "main"}},
    "sender": {"login": "bo", "id": 6},
}


def test_github_pull_request() -> None:
    """The synthetic merge is what was built; the head is the change's own commit, out of the event."""
    env = GITHUB | {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_SHA": MERGE,
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_BASE_REF": "main",
    }
    assert ci_context(env, PULL_REQUEST) == CiContext(
        system="github-actions",
        run_id="7",
        attempt=2,
        job="test",
        run_url="https://github.com/org/repo/actions/runs/7/attempts/2",
        repository_host="github.com",
        repository_id="99",
        repository_url="https://github.com/org/repo",
        change="12",
        head_sha=HEAD,
        base_sha=BASE,
        built_sha=MERGE,
        synthetic_merge=True,
        ref="refs/pull/12/merge",
        base_ref="refs/heads/main",
        protected=False,
        actor=CiAccount("github.com", "5", "ada"),
    )
    without = ci_context(env)
    assert (without.head_sha, without.change, without.synthetic_merge) == (None, "12", True)


@pytest.mark.parametrize(
    ("event", "payload", "head", "base"),
    [
        ("push", {"before": BASE}, MERGE, BASE),
        ("push", {"before": ZERO}, MERGE, None),
        ("pull_request_target", PULL_REQUEST, HEAD, BASE),
        (
            "merge_group",
            {"merge_group": {"head_sha": HEAD, "base_sha": BASE, "base_ref": "refs/heads/main"}},
            HEAD,
            BASE,
        ),
        ("workflow_run", {"workflow_run": {"head_sha": HEAD}}, HEAD, None),
        ("schedule", {}, MERGE, None),
        ("issue_comment", {}, None, None),
    ],
)
def test_github_events(event: str, payload: dict[str, Any], head: str | None, base: str | None) -> None:
    """Each event says in its own place what was changed; some say nothing of it."""
    env = GITHUB | {"GITHUB_EVENT_NAME": event, "GITHUB_SHA": MERGE, "GITHUB_REF": "refs/heads/main"}
    found = ci_context(env, payload)
    assert (found.head_sha, found.base_sha, found.built_sha) == (head, base, MERGE)


def test_github_second_attempt_by_somebody_else() -> None:
    """Who starts an attempt again is the actor, without the id of whoever came first."""
    found = ci_context(GITHUB | {"GITHUB_TRIGGERING_ACTOR": "bo"}, {})
    assert found.actor == CiAccount("github.com", None, "bo")
    assert ci_context(GITHUB | {"GITHUB_TRIGGERING_ACTOR": "bo"}, PULL_REQUEST).actor == CiAccount(
        "github.com", "6", "bo"
    )


GITLAB = {
    "GITLAB_CI": "true",
    "CI_SERVER_HOST": "gitlab.example",
    "CI_PROJECT_ID": "3",
    "CI_PROJECT_URL": "https://gitlab.example/g/p",
    "CI_PIPELINE_ID": "70",
    "CI_JOB_ID": "701",
    "CI_JOB_URL": "https://gitlab.example/g/p/-/jobs/701",
    "GITLAB_USER_ID": "8",
    "GITLAB_USER_LOGIN": "cy",
    "CI_COMMIT_REF_PROTECTED": "true",
}


def test_gitlab() -> None:
    """A merged-results pipeline builds a synthetic merge, a detached one the head, a branch one the push."""
    request = {
        "CI_MERGE_REQUEST_IID": "4",
        "CI_MERGE_REQUEST_PROJECT_ID": "2",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/4/head",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE,
    }
    detached = ci_context(GITLAB | request | {"CI_COMMIT_SHA": HEAD, "CI_MERGE_REQUEST_EVENT_TYPE": "detached"})
    assert (detached.head_sha, detached.built_sha, detached.synthetic_merge) == (HEAD, HEAD, False)
    assert (detached.change, detached.repository_id, detached.base_ref) == ("4", "2", "refs/heads/main")
    merged = GITLAB | request | {
        "CI_COMMIT_SHA": MERGE,
        "CI_MERGE_REQUEST_EVENT_TYPE": "merged_result",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
    }  # fmt: skip
    found = ci_context(merged)
    assert (found.head_sha, found.built_sha, found.synthetic_merge) == (HEAD, MERGE, True)
    branch = ci_context(GITLAB | {"CI_COMMIT_SHA": HEAD, "CI_COMMIT_BEFORE_SHA": ZERO, "CI_COMMIT_BRANCH": "main"})
    assert (branch.head_sha, branch.base_sha, branch.ref) == (HEAD, None, "refs/heads/main")
    assert (branch.change, branch.protected) == (None, True)
    assert branch.actor == CiAccount("gitlab.example", "8", "cy")


def test_jenkins() -> None:
    """Of a change Jenkins does not say whether its head or a merge was built, so the head is unknown."""
    env = {
        "JENKINS_URL": "https://ci.example/",
        "BUILD_TAG": "jenkins-p-5",
        "BUILD_URL": "https://ci.example/job/p/5/",
        "JOB_NAME": "p",
        "GIT_COMMIT": HEAD,
        "GIT_URL": "https://x:y@forge.example/o/p.git",
        "BRANCH_NAME": "main",
    }
    found = ci_context(env)
    assert (found.run_id, found.head_sha, found.ref) == ("jenkins-p-5", HEAD, "refs/heads/main")
    assert (found.repository_url, found.repository_host) == ("https://forge.example/o/p.git", "forge.example")
    change = ci_context(env | {"CHANGE_ID": "9", "CHANGE_TARGET": "main", "BRANCH_NAME": "PR-9"})
    assert (change.change, change.head_sha, change.built_sha, change.base_ref) == ("9", None, HEAD, "refs/heads/main")


def test_azure() -> None:
    """The source commit of a pull request is its head; what was built is a merge."""
    env = {
        "TF_BUILD": "True",
        "BUILD_BUILDID": "31",
        "SYSTEM_JOBATTEMPT": "1",
        "SYSTEM_COLLECTIONURI": "https://dev.azure.com/org/",
        "SYSTEM_TEAMPROJECT": "my project",
        "BUILD_REPOSITORY_ID": "f3b",
        "BUILD_REPOSITORY_URI": "https://org@dev.azure.com/org/p/_git/r",
        "BUILD_SOURCEVERSION": MERGE,
        "BUILD_SOURCEBRANCH": "refs/pull/6/merge",
        "SYSTEM_PULLREQUEST_PULLREQUESTID": "6",
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
        "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
        "BUILD_REQUESTEDFORID": "guid",
    }
    found = ci_context(env)
    assert (found.head_sha, found.built_sha, found.synthetic_merge, found.change) == (HEAD, MERGE, True, "6")
    assert found.run_url == "https://dev.azure.com/org/my%20project/_build/results?buildId=31"
    assert (found.repository_url, found.base_ref) == ("https://dev.azure.com/org/p/_git/r", "refs/heads/main")
    assert found.actor == CiAccount("azure-devops", "guid", None)


def test_circleci() -> None:
    """CircleCI builds the head itself, of a fork under a branch name of its own."""
    env = {
        "CIRCLECI": "true",
        "CIRCLE_WORKFLOW_ID": "w",
        "CIRCLE_SHA1": HEAD,
        "CIRCLE_BRANCH": "pull/14",
        "CIRCLE_REPOSITORY_URL": "git@github.com:o/r.git",
    }
    found = ci_context(env)
    assert (found.head_sha, found.change, found.ref) == (HEAD, "14", "refs/pull/14/head")
    assert (found.repository_url, found.repository_host) == ("github.com:o/r.git", "github.com")
    own = ci_context(env | {"CIRCLE_BRANCH": "b", "CIRCLE_PULL_REQUEST": "https://github.com/o/r/pull/15"})
    assert (own.change, own.ref) == ("15", "refs/heads/b")


def test_buildkite() -> None:
    """A build by hand has no commit yet; retries count from the first attempt; false is no pull request."""
    env = {
        "BUILDKITE": "true",
        "BUILDKITE_BUILD_ID": "u",
        "BUILDKITE_RETRY_COUNT": "1",
        "BUILDKITE_COMMIT": "HEAD",
        "BUILDKITE_BRANCH": "main",
        "BUILDKITE_PULL_REQUEST": "false",
        "BUILDKITE_REPO": "https://github.com/o/r.git",
    }
    found = ci_context(env)
    assert (found.attempt, found.head_sha, found.change, found.ref) == (2, None, None, "refs/heads/main")
    change = ci_context(env | {"BUILDKITE_COMMIT": HEAD.upper(), "BUILDKITE_PULL_REQUEST": "3"})
    assert (change.head_sha, change.change, change.synthetic_merge) == (HEAD, "3", False)
    merged = ci_context(
        env | {"BUILDKITE_COMMIT": MERGE, "BUILDKITE_PULL_REQUEST": "3", "BUILDKITE_REFSPEC": "refs/pull/3/merge"}
    )
    assert (merged.head_sha, merged.synthetic_merge) == (None, True)


def test_bitbucket() -> None:
    """The target is merged in before a pull request's steps run, so what lies there is no commit that is named."""
    env = {
        "BITBUCKET_BUILD_NUMBER": "21",
        "BITBUCKET_PIPELINE_UUID": "{p}",
        "BITBUCKET_REPO_UUID": "{r}",
        "BITBUCKET_REPO_FULL_NAME": "o/r",
        "BITBUCKET_GIT_HTTP_ORIGIN": "https://bitbucket.org/o/r",
        "BITBUCKET_COMMIT": HEAD,
        "BITBUCKET_BRANCH": "topic",
        "BITBUCKET_STEP_TRIGGERER_UUID": "{a}",
    }
    branch = ci_context(env)
    assert (branch.head_sha, branch.built_sha, branch.synthetic_merge) == (HEAD, HEAD, False)
    change = ci_context(env | {"BITBUCKET_PR_ID": "2", "BITBUCKET_PR_DESTINATION_BRANCH": "main"})
    assert (change.head_sha, change.built_sha, change.synthetic_merge) == (HEAD, None, True)
    assert (change.change, change.base_ref, change.repository_id) == ("2", "refs/heads/main", "{r}")
    assert change.run_url == "https://bitbucket.org/o/r/pipelines/results/21"
    assert change.actor == CiAccount("bitbucket.org", "{a}", None)


def test_outside_of_ci() -> None:
    """Elsewhere, and where a marker says false, nothing is known."""
    assert ci_context({"HOME": "/x"}) == CiContext("none")
    assert ci_context({"GITHUB_ACTIONS": "false", "GITHUB_SHA": HEAD}) == CiContext("none")


_MARKERS = ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "CIRCLECI", "BUILDKITE", "BITBUCKET_BUILD_NUMBER", "JENKINS_URL"]
_NAMES = [
    "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_SHA", "GITHUB_REF",
    "CI_PROJECT_URL", "GIT_URL", "BUILD_URL", "BUILD_REPOSITORY_URI", "CIRCLE_REPOSITORY_URL", "BUILDKITE_REPO",
    "BITBUCKET_GIT_HTTP_ORIGIN", "CIRCLE_PULL_REQUEST", "BUILDKITE_RETRY_COUNT",
]  # fmt: skip
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)
)


@given(
    st.sampled_from(_MARKERS),
    st.dictionaries(st.sampled_from(_NAMES), st.text()),
    st.sampled_from(["pull_request", "push", "merge_group", "x"]),
    st.dictionaries(st.sampled_from(["pull_request", "merge_group", "before", "sender"]), _json),
)
def test_any_environment_is_read(marker: str, env: dict[str, str], event: str, payload: dict[str, Any]) -> None:
    """Whatever the variables and the event hold, there is an answer and no exception."""
    found = ci_context(env | {marker: "true", "GITHUB_EVENT_NAME": event}, payload)
    assert found.system != "none"
    assert found.head_sha is None or len(found.head_sha) in (40, 64)

"""What a CI system's environment says about a run: ids, addresses, commits and who started it.

Every value is a claim of that environment; the commit above all is to be compared with the one checked out. The table
of variables is ``docs/ci.md``. Absent and empty variables are the same: unknown.

The trap that every mapping here avoids: the commit of a pull request build is often a *synthetic* merge that the CI
system made for the occasion and nobody will ever see again. ``head_sha`` is the change's own last commit or unknown,
never that merge; ``built_sha`` is what the environment says was built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import quote, urlsplit

from ledger.capture.git import strip_credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

System: TypeAlias = Literal[
    "github-actions", "gitlab-ci", "jenkins", "azure-pipelines", "circleci", "buildkite", "bitbucket-pipelines", "none"
]
"""The CI system that was recognised; ``none`` outside of all that are known."""


@dataclass(frozen=True, slots=True)
class CiAccount:
    """An account as the environment names it; a claim, not a principal."""

    system: str
    """Host of the forge, or the CI system's own name where accounts are its own."""
    id: str | None
    """What never changes; None where the environment has only a name."""
    login: str | None
    """What may be renamed or given to somebody else."""


@dataclass(frozen=True, slots=True)
class CiContext:
    """What a CI environment says; None is unknown, never a guess."""

    system: System
    run_id: str | None = None
    """Id of the run (workflow run, pipeline, build)."""
    attempt: int | None = None
    """Which attempt of it, from 1."""
    job: str | None = None
    """Id or name of the job inside the run."""
    run_url: str | None = None
    """Page of the run."""
    repository_host: str | None = None
    """Host name of the forge that ``repository_id`` is an id of."""
    repository_id: str | None = None
    """The forge's immutable id of the repository that changes are made to (for a fork's change: the target)."""
    repository_url: str | None = None
    """Address of that repository, without credentials."""
    change: str | None = None
    """Number of the pull or merge request."""
    head_sha: str | None = None
    """Last commit of the change, or of the branch or tag that was pushed."""
    base_sha: str | None = None
    """Commit of the target branch that the change was compared or merged with; of a push, the one before."""
    built_sha: str | None = None
    """Commit the environment says was checked out; a synthetic merge where ``synthetic_merge``."""
    synthetic_merge: bool = False
    """Whether ``built_sha``, or what lies in the working tree, is a merge made for this run alone."""
    ref: str | None = None
    """Full name of the reference that was built: ``refs/heads/...``, ``refs/tags/...`` or ``refs/pull/...``."""
    base_ref: str | None = None
    """Full name of the change's target branch."""
    protected: bool | None = None
    """Whether the forge calls the reference protected."""
    actor: CiAccount | None = None
    """Who started this run; not necessarily who wrote or pushed."""


class _Environment:
    """The variables and the event's payload; what is absent, empty or of another type is None."""

    __slots__ = ("_payload", "_variables")

    def __init__(self, variables: Mapping[str, str], payload: Mapping[str, object] | None) -> None:
        self._variables = variables
        self._payload = payload or {}

    def get(self, name: str) -> str | None:
        return self._variables.get(name, "").strip() or None

    def sha(self, name: str) -> str | None:
        return _sha(self.get(name))

    def event(self, *keys: str) -> str | None:
        """The text or number at a path of the event's payload."""
        value: object = self._payload
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) and value else None

    def event_sha(self, *keys: str) -> str | None:
        return _sha(self.event(*keys))


def ci_context(env: Mapping[str, str], event_payload: Mapping[str, object] | None = None) -> CiContext:
    """What ``env`` and, on GitHub, the event's payload (the JSON at ``GITHUB_EVENT_PATH``) say about this run.

    Raises nothing: a variable that cannot be read as what it should be is unknown.
    """
    found = _Environment(env, event_payload)
    for variable, value, read in _SYSTEMS:
        present = found.get(variable)
        if present is not None and (value is None or present.lower() == value):
            return read(found)
    return CiContext("none")


def _github(env: _Environment) -> CiContext:
    server = env.get("GITHUB_SERVER_URL") or "https://github.com"
    name, run = env.get("GITHUB_REPOSITORY"), env.get("GITHUB_RUN_ID")
    attempt = _number(env.get("GITHUB_RUN_ATTEMPT"))
    url = f"{server}/{name}" if name else None
    run_url = f"{url}/actions/runs/{run}" + (f"/attempts/{attempt}" if attempt else "") if url and run else None
    event, ref = env.get("GITHUB_EVENT_NAME") or "", env.get("GITHUB_REF")
    head, base, change = _github_commits(env, event)
    return CiContext(
        "github-actions",
        run_id=run,
        attempt=attempt,
        job=env.get("GITHUB_JOB"),
        run_url=run_url,
        repository_host=_host(server),
        repository_id=env.get("GITHUB_REPOSITORY_ID"),
        repository_url=url,
        change=change or _match(r"refs/pull/(\d+)/(?:merge|head)", ref),
        head_sha=head,
        base_sha=base,
        built_sha=env.sha("GITHUB_SHA"),
        synthetic_merge=event == "pull_request" or (ref or "").endswith("/merge"),
        ref=ref,
        base_ref=_branch(env.get("GITHUB_BASE_REF") or env.event("merge_group", "base_ref")),
        protected=_truth(env.get("GITHUB_REF_PROTECTED")),
        actor=_account(_host(server), *_github_actor(env)),
    )


def _github_actor(env: _Environment) -> tuple[str | None, str | None]:
    # On a second attempt GITHUB_ACTOR is still who caused the first; the id belongs to that account alone.
    starter, login = env.get("GITHUB_TRIGGERING_ACTOR"), env.get("GITHUB_ACTOR")
    if starter is None or starter == login:
        return env.get("GITHUB_ACTOR_ID"), login
    same = env.event("sender", "login") == starter
    return (env.event("sender", "id") if same else None), starter


def _github_commits(env: _Environment, event: str) -> tuple[str | None, str | None, str | None]:
    """Head, base and change number."""
    match event:
        case "pull_request" | "pull_request_target" | "pull_request_review" | "pull_request_review_comment":
            # GITHUB_SHA is the synthetic merge, or for pull_request_target the target branch's own commit.
            head = env.event_sha("pull_request", "head", "sha")
            return head, env.event_sha("pull_request", "base", "sha"), env.event("pull_request", "number")
        case "merge_group":
            return env.event_sha("merge_group", "head_sha"), env.event_sha("merge_group", "base_sha"), None
        case "workflow_run":
            # GITHUB_SHA is the last commit of the default branch, whatever the other workflow built.
            return env.event_sha("workflow_run", "head_sha"), None, None
        case "push":
            return env.sha("GITHUB_SHA"), env.event_sha("before"), None
        case "schedule" | "workflow_dispatch" | "repository_dispatch" | "release" | "create":
            return env.sha("GITHUB_SHA"), None, None
        case _:
            # Comments, labels and the like run on the default branch: its commit says nothing of what they are about.
            return None, None, None


def _gitlab(env: _Environment) -> CiContext:
    host = env.get("CI_SERVER_HOST") or _host(env.get("CI_PROJECT_URL"))
    built, change = env.sha("CI_COMMIT_SHA"), env.get("CI_MERGE_REQUEST_IID")
    source = env.sha("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
    merged = env.get("CI_MERGE_REQUEST_EVENT_TYPE") in {"merged_result", "merge_train"}
    synthetic = change is not None and (merged or source not in {None, built})
    # The source's commit is given for synthetic merges alone; a detached pipeline builds the head itself.
    head = source if synthetic else source or built
    before = env.sha("CI_MERGE_REQUEST_TARGET_BRANCH_SHA") or env.sha("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    tag, branch = env.get("CI_COMMIT_TAG"), env.get("CI_COMMIT_BRANCH")
    ref = f"refs/tags/{tag}" if tag else _branch(branch) or env.get("CI_MERGE_REQUEST_REF_PATH")
    return CiContext(
        "gitlab-ci",
        run_id=env.get("CI_PIPELINE_ID"),
        attempt=None,
        job=env.get("CI_JOB_ID"),
        run_url=env.get("CI_JOB_URL") or env.get("CI_PIPELINE_URL"),
        repository_host=host,
        # A fork's merge request pipeline runs in the fork; the change belongs to the target project.
        repository_id=env.get("CI_MERGE_REQUEST_PROJECT_ID") or env.get("CI_PROJECT_ID"),
        repository_url=_address(env.get("CI_MERGE_REQUEST_PROJECT_URL") or env.get("CI_PROJECT_URL")),
        change=change,
        head_sha=head,
        base_sha=before if change else env.sha("CI_COMMIT_BEFORE_SHA"),
        built_sha=built,
        synthetic_merge=synthetic,
        ref=ref,
        base_ref=_branch(env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")),
        protected=_truth(env.get("CI_COMMIT_REF_PROTECTED")),
        actor=_account(host, env.get("GITLAB_USER_ID"), env.get("GITLAB_USER_LOGIN")),
    )


def _jenkins(env: _Environment) -> CiContext:
    change, built, branch = env.get("CHANGE_ID"), env.sha("GIT_COMMIT"), env.get("BRANCH_NAME")
    url, tag = _address(env.get("GIT_URL")), env.get("TAG_NAME")
    name, number = env.get("JOB_NAME"), env.get("BUILD_NUMBER")
    if tag:
        ref: str | None = f"refs/tags/{tag}"
    else:
        ref = None if change else _branch(branch or (env.get("GIT_BRANCH") or "").removeprefix("origin/") or None)
    return CiContext(
        "jenkins",
        # A build number starts anew for every job.
        run_id=env.get("BUILD_TAG") or (f"{name}#{number}" if name and number else None),
        job=name,
        run_url=_address(env.get("BUILD_URL")),
        repository_host=_host(url),
        repository_url=url,
        change=change,
        # For a change the branch source decides between its head and a local merge, and no variable tells which.
        head_sha=None if change else built,
        base_sha=None if change else env.sha("GIT_PREVIOUS_COMMIT"),
        built_sha=built,
        synthetic_merge=change is not None,
        ref=ref,
        base_ref=_branch(env.get("CHANGE_TARGET")),
        actor=_account("jenkins", env.get("BUILD_USER_ID"), env.get("BUILD_USER_ID")),
    )


def _azure(env: _Environment) -> CiContext:
    url, built = _address(env.get("BUILD_REPOSITORY_URI")), env.sha("BUILD_SOURCEVERSION")
    collection, project, build = (
        env.get("SYSTEM_COLLECTIONURI") or env.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"),
        env.get("SYSTEM_TEAMPROJECT"),
        env.get("BUILD_BUILDID"),
    )
    # Of a GitHub pull request the id is GitHub's internal one, the number what people see.
    change = env.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER") or env.get("SYSTEM_PULLREQUEST_PULLREQUESTID")
    page = (
        f"{collection.rstrip('/')}/{quote(project)}/_build/results?buildId={build}" if collection and project else None
    )
    return CiContext(
        "azure-pipelines",
        run_id=build,
        attempt=_number(env.get("SYSTEM_JOBATTEMPT")),
        job=env.get("SYSTEM_JOBID"),
        run_url=page if build else None,
        repository_host=_host(url),
        repository_id=env.get("BUILD_REPOSITORY_ID"),
        repository_url=url,
        change=change,
        head_sha=env.sha("SYSTEM_PULLREQUEST_SOURCECOMMITID") if change else built,
        built_sha=built,
        synthetic_merge=change is not None and (env.get("BUILD_SOURCEBRANCH") or "").endswith("/merge"),
        ref=env.get("BUILD_SOURCEBRANCH"),
        base_ref=_branch(env.get("SYSTEM_PULLREQUEST_TARGETBRANCH")),
        actor=_account("azure-devops", env.get("BUILD_REQUESTEDFORID"), env.get("BUILD_REQUESTEDFOREMAIL")),
    )


def _circleci(env: _Environment) -> CiContext:
    url = _address(env.get("CIRCLE_REPOSITORY_URL"))
    tag, branch, built = env.get("CIRCLE_TAG"), env.get("CIRCLE_BRANCH"), env.sha("CIRCLE_SHA1")
    # A fork's pull request builds the branch "pull/<number>".
    fork = _match(r"pull/(\d+)(?:/head)?", branch)
    change = env.get("CIRCLE_PR_NUMBER") or fork or _match(r".*/(\d+)", env.get("CIRCLE_PULL_REQUEST"))
    ref = f"refs/tags/{tag}" if tag else f"refs/pull/{fork}/head" if fork else _branch(branch)
    return CiContext(
        "circleci",
        run_id=env.get("CIRCLE_WORKFLOW_ID") or env.get("CIRCLE_BUILD_NUM"),
        job=env.get("CIRCLE_WORKFLOW_JOB_ID") or env.get("CIRCLE_JOB"),
        run_url=env.get("CIRCLE_BUILD_URL"),
        repository_host=_host(url),
        repository_url=url,
        change=change,
        head_sha=built,
        built_sha=built,
        ref=ref,
        actor=_account(_host(url), None, env.get("CIRCLE_USERNAME")),
    )


def _buildkite(env: _Environment) -> CiContext:
    url, branch, tag = _address(env.get("BUILDKITE_REPO")), env.get("BUILDKITE_BRANCH"), env.get("BUILDKITE_TAG")
    number = env.get("BUILDKITE_PULL_REQUEST")
    change = None if number in {None, "false"} else number
    merged = change is not None and (
        _truth(env.get("BUILDKITE_PULL_REQUEST_USING_MERGE_REFSPEC")) is True
        or (env.get("BUILDKITE_REFSPEC") or "").endswith("/merge")
    )
    retries = _number(env.get("BUILDKITE_RETRY_COUNT"))
    # A build started by hand may say HEAD here, which is no commit yet.
    built = env.sha("BUILDKITE_COMMIT")
    return CiContext(
        "buildkite",
        run_id=env.get("BUILDKITE_BUILD_ID"),
        attempt=None if retries is None else retries + 1,
        job=env.get("BUILDKITE_JOB_ID"),
        run_url=env.get("BUILDKITE_BUILD_URL"),
        repository_host=_host(url),
        repository_url=url,
        change=change,
        head_sha=None if merged else built,
        built_sha=built,
        synthetic_merge=merged,
        ref=f"refs/tags/{tag}" if tag else _branch(branch),
        base_ref=_branch(env.get("BUILDKITE_PULL_REQUEST_BASE_BRANCH")) if change else None,
        actor=_account("buildkite", env.get("BUILDKITE_BUILD_CREATOR_ID"), env.get("BUILDKITE_BUILD_CREATOR_EMAIL")),
    )


def _bitbucket(env: _Environment) -> CiContext:
    url = _address(env.get("BITBUCKET_GIT_HTTP_ORIGIN"))
    host = _host(url) or "bitbucket.org"
    number, change, commit = env.get("BITBUCKET_BUILD_NUMBER"), env.get("BITBUCKET_PR_ID"), env.sha("BITBUCKET_COMMIT")
    tag, name = env.get("BITBUCKET_TAG"), env.get("BITBUCKET_REPO_FULL_NAME")
    return CiContext(
        "bitbucket-pipelines",
        run_id=env.get("BITBUCKET_PIPELINE_UUID") or number,
        attempt=_number(env.get("BITBUCKET_STEP_RUN_NUMBER")),
        job=env.get("BITBUCKET_STEP_UUID"),
        run_url=f"https://{host}/{name}/pipelines/results/{number}" if name else None,
        repository_host=host,
        repository_id=env.get("BITBUCKET_REPO_UUID"),
        repository_url=url,
        change=change,
        head_sha=commit,
        base_sha=env.sha("BITBUCKET_PR_DESTINATION_COMMIT") if change else None,
        # The target branch is merged in before a change's pipeline runs, and that merge's id is in no variable.
        built_sha=None if change else commit,
        synthetic_merge=change is not None,
        ref=f"refs/tags/{tag}" if tag else _branch(env.get("BITBUCKET_BRANCH")),
        base_ref=_branch(env.get("BITBUCKET_PR_DESTINATION_BRANCH")),
        actor=_account(host, env.get("BITBUCKET_STEP_TRIGGERER_UUID"), None),
    )


_SYSTEMS: Final[Sequence[tuple[str, str | None, Callable[[_Environment], CiContext]]]] = (
    ("GITHUB_ACTIONS", "true", _github),
    ("GITLAB_CI", "true", _gitlab),
    ("TF_BUILD", "true", _azure),
    ("CIRCLECI", "true", _circleci),
    ("BUILDKITE", "true", _buildkite),
    ("BITBUCKET_BUILD_NUMBER", None, _bitbucket),
    # Last: agents of other systems are sometimes started from Jenkins and keep its variables.
    ("JENKINS_URL", None, _jenkins),
)


def _sha(text: str | None) -> str | None:
    """A whole object id in lower case; None for anything else, also for the zeros that stand for no commit."""
    if text is None or re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", text) is None or not text.strip("0"):
        return None
    return text.lower()


def _branch(name: str | None) -> str | None:
    if name is None:
        return None
    return name if name.startswith("refs/") else f"refs/heads/{name}"


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text, re.ASCII) else None


def _truth(text: str | None) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get((text or "").lower())


def _match(pattern: str, text: str | None) -> str | None:
    found = re.fullmatch(pattern, text or "", re.ASCII)
    return found[1] if found else None


def _address(url: str | None) -> str | None:
    return None if url is None else strip_credentials(url)


def _host(url: str | None) -> str | None:
    if url is None:
        return None
    if "://" not in url:
        return _match(r"(?:[^@/:]+@)?([^/:@]+):.*", url)
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _account(system: str | None, account_id: str | None, login: str | None) -> CiAccount | None:
    return CiAccount(system, account_id, login) if system and (account_id or login) else None

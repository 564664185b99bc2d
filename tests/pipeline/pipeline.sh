#!/usr/bin/env bash
# A pipeline in plain shell, over a ledger of its own: one change of each kind on a clone of any repository, each asked
# at the gate before it lands. Prints what the gate answered and what the rules say afterwards.
#
#   tests/pipeline/pipeline.sh REPOSITORY FOLDER    a repository to clone, and an empty folder to work in
#
# `evidence` must be on PATH. Nothing outside FOLDER is touched.
set -euo pipefail

policy=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/policy.json
source=$1
here=$(mkdir -p "$2" && cd "$2" && pwd)
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
unset CI GITHUB_ACTIONS GITLAB_CI 2>/dev/null || true

as() { # as NAME COMMAND...: runs it with that person's home
    local who=$1
    shift
    HOME="$here/homes/$who" XDG_CONFIG_HOME="" XDG_CACHE_HOME="" XDG_STATE_HOME="" "$@"
}
say() { printf '\n== %s\n' "$*"; }
expect() { # expect STATUS COMMAND...: runs it and insists on how it ends
    local wanted=$1 got=0
    shift
    "$@" || got=$?
    if [ "$got" != "$wanted" ]; then
        printf 'expected exit status %s, got %s: %s\n' "$wanted" "$got" "$*" >&2
        exit 1
    fi
}

say "A ledger, its server, its people"
mkdir -p "$here/homes/ada"
as ada evidence init "$here/ledger" --origin ledger.example.org --admins-required 1 --admin 'Ada Admin <ada@example.org>'
# Not through `as`: the background job would be a shell around the server, and ending that ends no server.
HOME="$here/homes/ada" XDG_CONFIG_HOME="" XDG_CACHE_HOME="" XDG_STATE_HOME="" \
    evidence serve "$here/ledger" --port 0 >"$here/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
url=""
for _ in $(seq 1 200); do
    url=$(grep -Eo 'http://[0-9.:]+' "$here/server.log" | head -1 || true)
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { cat "$here/server.log" >&2; exit 1; }
as ada evidence connect "$url" --anchor "$here/ledger/ledger.pub" --key ada-admin

git clone --quiet "$source" "$here/clone"
cd "$here/clone"
git checkout --quiet -B main
start=$(git rev-parse HEAD)
as ada evidence project declare shop --protected-ref refs/heads/main --protected-ref refs/heads/release --start "$start"
cat >"$here/people.toml" <<'PEOPLE'
[[person]]
name = "Ivy Author"
mail = ["ivy@example.org"]
[[person]]
name = "Ray Reviewer"
mail = ["ray@example.org"]
roles = ["approver"]
[[person]]
name = "Sam Second"
mail = ["sam@example.org"]
[[service]]
name = "Pipeline"
responsible = "Ray Reviewer"
[[service]]
name = "Bumper"
mail = ["bumper@example.org"]
responsible = "Sam Second"
PEOPLE
as ada evidence people import "$here/people.toml"
kinds=(prompt diff test approval merge release deploy change push scan build observation incident decision heartbeat)
for who in 'Ivy Author' 'Ray Reviewer' 'Sam Second' Pipeline; do
    user=$(printf '%s' "${who%% *}" | tr '[:upper:]' '[:lower:]')
    mkdir -p "$here/homes/$user"
    as "$user" evidence connect "$url" --anchor "$here/ledger/ledger.pub"
    as "$user" evidence key new
    limits=()
    if [ "$who" = Pipeline ]; then
        for kind in "${kinds[@]}"; do limits+=(--kind "$kind"); done
        limits+=(--in shop)
    fi
    as ada evidence key enrol --from-key "$here/homes/$user/.config/evidence-ledger/keys/default.key" \
        --principal "$who" "${limits[@]}" >/dev/null
done
as ada evidence policy set "$policy"

ci() { as pipeline evidence "$@"; }
by() { # by NAME MAIL COMMAND...: git as that person
    local name=$1 mail=$2
    shift 2
    GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$mail GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$mail "$@"
}
ivy() { by 'Ivy Author' ivy@example.org "$@"; }
ray() { by 'Ray Reviewer' ray@example.org "$@"; }
write() { printf '%s\n' "$2" >"$1" && git add -A; }
report() { printf '<testsuite name="unit"><testcase name="a"/><testcase name="b"/></testsuite>' >"$here/junit.xml"; }
push() { # push NUMBER [WHO]: what the pipeline of a change records
    ci record diff --base main --change "$1" --ai none --by "${2:-Ivy Author}" --target refs/heads/main
    report
    ci record test "$here/junit.xml" --suite unit --change "$1"
}
landed() { # landed BEFORE [REF]: what the pipeline of the branch records
    ci record merge --ref "${2:-refs/heads/main}" --before "$1" --after HEAD --by 'Ivy Author'
}
gate() { ci gate "$1" --at merge --head "$(git rev-parse HEAD)"; }

say "1 normal: blocked, approved, allowed, merged"
git checkout --quiet -b normal
write normal.txt one
ivy git commit --quiet -m 'Normal work'
push 1
expect 3 gate 1
as ray evidence approve 1 --yes >/dev/null
expect 0 gate 1
normal=$(git rev-parse HEAD)
git checkout --quiet main
before=$(git rev-parse HEAD)
ray git merge --quiet --no-ff -m 'Merge pull request #1 from ivy/normal' normal
landed "$before"
normal_landing=$(git rev-parse HEAD)
expect 0 ci check 1

say "2 emergency: blocked, excepted, landed, reviewed"
git checkout --quiet -b emergency
write emergency.txt two
ivy git commit --quiet -m 'Stop the bleeding'
push 2
expect 3 gate 2
as ivy evidence exception --incident INC-2 --reason 'Payments are down, nobody else is awake.' --yes \
    --change 2 --base main --rule SOD-01 --rule SOD-05 --rule APP-01 --rule APP-05
expect 0 gate 2
git checkout --quiet main
before=$(git rev-parse HEAD)
ivy git merge --quiet --no-ff -m 'Merge pull request #2 from ivy/emergency' emergency
landed "$before"
entry=$(ci log --kind exception --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["entries"][-1]["leaf"]["index"])')
as ray evidence approve --exception "$entry" --meaning review --yes >/dev/null
ci check 2 --all || true

say "3 bot: a service's own commit, approved by a person"
git checkout --quiet -b bump
write requirements.txt 'click==8.4.0'
by Bumper bumper@example.org git commit --quiet -m 'Bump click'
ci record change --change 3 --state opened --type bot --title 'Bump click' --by Bumper
push 3 Bumper
expect 3 gate 3
as ray evidence approve 3 --yes >/dev/null
expect 0 gate 3
git checkout --quiet main
before=$(git rev-parse HEAD)
ray git merge --quiet --no-ff -m 'Merge pull request #3 from bumper/bump' bump
landed "$before"
expect 0 ci check 3

say "4 revert: the exact inverse of change 1"
git checkout --quiet -b revert
ivy git revert --no-edit -m 1 "$normal_landing" >/dev/null
ci record change --change 4 --state opened --type revert --title 'Take back normal work' --by 'Ivy Author'
push 4
as ray evidence approve 4 --yes >/dev/null
expect 0 gate 4
git checkout --quiet main
before=$(git rev-parse HEAD)
ray git merge --quiet --no-ff -m 'Merge pull request #4 from ivy/revert' revert
landed "$before"
ci check 4 --all | grep -E 'CHG-07' -A1 || true

say "5 squash: two commits land as one"
git checkout --quiet -b squash
write squash.txt one
ivy git commit --quiet -m 'First half'
write squash.txt two
ivy git commit --quiet -m 'Second half'
push 5
as ray evidence approve 5 --yes >/dev/null
expect 0 gate 5
git checkout --quiet main
before=$(git rev-parse HEAD)
git merge --quiet --squash squash >/dev/null
ray git commit --quiet -m 'Squashed work (#5)'
landed "$before"
expect 0 ci check 5

say "6 rebase: replayed on top of a branch that moved"
git checkout --quiet -b rebase "$before"
write rebase.txt one
ivy git commit --quiet -m 'One step'
write rebase2.txt two
ivy git commit --quiet -m 'Another step'
push 6
as ray evidence approve 6 --yes >/dev/null
expect 0 gate 6
ray git rebase --quiet main
tip=$(git rev-parse HEAD)
git checkout --quiet main
before=$(git rev-parse HEAD)
git merge --quiet --ff-only "$tip"
landed "$before"
ci check 6 || true

say "7 evil merge: something nobody approved comes in with the merge itself"
git checkout --quiet -b evil
write evil.txt harmless
ivy git commit --quiet -m 'Harmless work'
push 7
as ray evidence approve 7 --yes >/dev/null
expect 0 gate 7
git checkout --quiet main
before=$(git rev-parse HEAD)
ray git merge --quiet --no-ff --no-commit evil
write backdoor.txt 'not in the change'
ray git commit --quiet -m 'Merge pull request #7 from ivy/evil'
landed "$before"
expect 3 ci check 7

say "8 cherry-pick: an approved change onto the release branch"
git checkout --quiet -b release "$start"
before=$(git rev-parse HEAD)
ray git cherry-pick "$normal" >/dev/null
landed "$before" refs/heads/release
ci check 1 --all | grep -E 'APP-03|APP-01' -A1 || true

say "The release"
git checkout --quiet main
ci record release --product shop --version 1.0 --first --repository 1
expect 3 ci gate shop@1.0 --at deploy
ci check shop@1.0 || true
as ada evidence fsck "$here/ledger"
say "Done"

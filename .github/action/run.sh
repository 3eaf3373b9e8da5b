#!/usr/bin/env bash
# What a step of the action does. Everything that a workflow gives comes in
# variables; most are zoneherd's own, ZONEHERD_ and the name of a flag.
set -euo pipefail
zoneherd=$RUNNER_TEMP/zoneherd/zoneherd
dir=$(mktemp -d "$RUNNER_TEMP/zoneherd.XXXXXX")
plan=$dir/plan.json report=$dir/report.html result=$dir/result.json
export ZONEHERD_BACKUP_DIR=${ZONEHERD_BACKUP_DIR:-$dir/backup}

# A plan without --base knows no causes and no review. A plan that was saved, or
# a journal, has both in it.
if [[ $'\n'$ARGS == *$'\n'--resume* || $PATHS == *.json ]]; then
  if [ -z "$ZONEHERD_BASE" ]; then unset ZONEHERD_BASE; fi
elif [ -z "$ZONEHERD_BASE" ]; then
  if [ "$COMMAND" = drift ]; then
    ZONEHERD_BASE=HEAD
  elif [ -n "$PULL_REQUEST_HEAD" ] && [ "$(git rev-parse -q --verify 'HEAD^2')" = "$PULL_REQUEST_HEAD" ]; then
    # GitHub's own merge: its first parent is the base branch as it is now,
    # where the event's base may be from when the pull request was opened.
    ZONEHERD_BASE=$(git rev-parse 'HEAD^1')
  else
    ZONEHERD_BASE=${PULL_REQUEST_BASE:-$PUSH_BASE}
  fi
  # Nobody has asked verify for a base: where the checkout is shallow, or the push
  # was forced, it asks for what is declared, as on a first push.
  if [[ $COMMAND = verify && -n ${ZONEHERD_BASE//0/} && $'\n'$ARGS != *$'\n'--base* ]] &&
    ! git merge-base HEAD "$ZONEHERD_BASE" >/dev/null 2>&1; then
    echo "::warning::what was there before, $ZONEHERD_BASE, is not in this checkout, so what has been taken out since is not asked for: check out with fetch-depth: 0"
    ZONEHERD_BASE=0000000000000000000000000000000000000000
  fi
  export ZONEHERD_BASE
fi

# The arguments are the flags of ARGS, --, and the paths. of_files has those
# flags that say how files are read, which a comment about mistakes needs too.
set --
of_files=()
while IFS= read -r line; do
  case $line in
    '') continue ;;
    --lenient* | --skip-unsupported* | --ref=* | --zone=*) of_files+=("$line") ;;
  esac
  set -- "$@" "$line"
done <<<"$ARGS"
set -- "$@" --
of_files+=(--)
while IFS= read -r line; do
  [ -n "$line" ] || continue
  set -- "$@" "$line"
  of_files+=("$line")
done <<<"$PATHS"

# run runs zoneherd and sets status. A cancelled workflow interrupts it, which
# lets a write that is under way finish. Its output is full of what others
# wrote, and none of that is to be a command to the runner.
run() {
  "$zoneherd" "$@" >"$dir/output" &
  local pid=$! quote
  trap 'trap "" INT TERM; kill -TERM "$pid"' INT TERM
  while status=0; wait "$pid" || status=$?; kill -0 "$pid" 2>/dev/null; do :; done
  trap - INT TERM
  quote=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$quote"
  cat "$dir/output"
  echo "::$quote::"
}

case $COMMAND in
  validate) run validate "$@" ;;
  plan | drift)
    save=--out=$plan
    if [ "$ZONEHERD_OFFLINE" = true ]; then save=--report=$plan; fi # there is nothing to apply
    run plan --detailed-exitcode "$save" --report="$report" "$@"
    ;;
  apply) run apply --yes --detailed-exitcode --report="$plan" --report="$report" --result="$result" "$@" ;;
  verify) run verify "$@" ;;
  comment) status=0 ;;
  *)
    echo "::error::the input command is validate, plan, apply, drift, verify or comment"
    exit 64
    ;;
esac

{
  echo "exit-status=$status"
  if [ -e "$plan" ]; then
    printf '%s\n' "plan=$plan" "report=$report"
    jq -r '.summary as $n | "has-changes=\($n.writes > 0)", "creates=\($n.create)", "updates=\($n.update)",
      "deletes=\($n.delete)", "drift=\($n.drift)", "digest=\(.digest)"' "$plan"
  fi
  if [ -e "$ZONEHERD_BACKUP_DIR" ]; then echo "backup=$ZONEHERD_BACKUP_DIR"; fi
  if [ -e "$result" ]; then
    jq -r '.counts | "summary=\(.done) done, \(.failed) failed, \(.uncertain) uncertain, \(.not_done) not done"' "$result"
  elif [ -e "$plan" ]; then
    jq -r '.summary | "summary=\(.create) to create, \(.update) to update, \(.delete) to delete"' "$plan"
  else
    echo "summary=$COMMAND ended with status $status"
  fi
} >>"$GITHUB_OUTPUT"

told=0
tell() {
  # A push has no plan to review: in the place of what was reviewed, it would
  # let the next apply pass.
  case $COMMENT-$COMMAND-$GITHUB_EVENT_NAME in
    true-plan-push | true-validate-push) set -- --summary-only "$@" ;;
    true-*) ;;
    *) set -- --summary-only "$@" ;;
  esac
  "$zoneherd" comment "$@" || told=$?
}

if [ "$COMMAND" = comment ]; then
  set --
  shopt -s nullglob
  IFS=
  while read -r line; do
    for file in $line; do set -- "$@" --plan="$file"; done # unquoted: it may be a glob
  done <<<"$PLANS"
  if [ $# = 0 ]; then set -- "${of_files[@]}"; fi # there is none if the files have mistakes
  tell "$@"
elif [ -e "$result" ]; then
  tell --plan="$plan" --result="$result"
elif [ -e "$plan" ]; then
  case $COMMAND in
    apply) tell --summary-only --plan="$plan" ;; # not applied: what was reviewed stays on the pull request
    drift) tell --drift --plan="$plan" ;;
    *) tell --plan="$plan" ;;
  esac
elif [ "$status" != 0 ] && ! "$zoneherd" validate "${of_files[@]}" >/dev/null 2>&1; then
  tell "${of_files[@]}" # the files have mistakes
fi

case $status in
  0 | 2) exit "$told" ;;
  *) exit "$status" ;;
esac

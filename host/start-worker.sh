#!/bin/sh
# Runs the worker service: `start-worker.sh` in production, `start-worker.sh dev` with everything embedded and a restart on
# every change of its sources. Settings come from the environment, and from `.env` of the current folder, or else of the
# package, where the environment has none of that name. Signals go to the host.
set -eu

usage() {
  echo 'usage: start-worker.sh [dev]   (without an argument: production, configured by the environment or .env)' >&2
  exit 2
}

[ $# -le 1 ] || usage
mode=${1:-start}
case $mode in start | dev) ;; *) usage ;; esac
[ $# -eq 0 ] || [ "$mode" = dev ] || usage

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
bootstrap=$root/host/bootstrap.mjs
settings=
for file in "$PWD/.env" "$root/.env"; do
  if [ -f "$file" ]; then
    settings=--env-file=$file
    break
  fi
done

if [ "$mode" = start ]; then
  exec node ${settings:+"$settings"} "$bootstrap" start
fi

set -- dev ${WORKFLOW_DIR:+--project "$WORKFLOW_DIR"}
exec node ${settings:+"$settings"} "$root/host/bootstrap/watch.mjs" "$@"

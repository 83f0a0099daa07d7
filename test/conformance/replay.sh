#!/bin/bash
# replay.sh RECORDINGS KONG [ARGS...]: replays recorded conversations with the servers that some of them need: PostgreSQL for the
# command line's, Redis for a few plugins. Run it in a network of its own (./dev does).
set -euo pipefail
recordings=$(readlink -f "$1") kong=$2
shift 2
work=$(mktemp -d)
chmod 755 "$work"
here=$(dirname "$(readlink -f "$0")")
stop() {
  [ -z "${redis:-}" ] || kill "$redis" 2>/dev/null || true
  "$here/../support/postgres.sh" stop "$work/pg" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap stop EXIT

redis-server --port 6379 --bind 127.0.0.1 --save '' --dir "$work" >"$work/redis.log" 2>&1 &
redis=$!
eval "$("$here/../support/postgres.sh" start "$work/pg")"
python3 "$recordings/replay_all.py" --kong "$kong" --database "${SILVERBACK_DATABASE:-sqlite}" "$@"

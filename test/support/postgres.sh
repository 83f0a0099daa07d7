#!/bin/bash
# postgres.sh start FOLDER   a private PostgreSQL on a free port of 127.0.0.1 with role and database "kong"; prints the KONG_PG_*
#                            and PG* settings for eval
# postgres.sh stop FOLDER    ends it at once, as a crash would
# postgres.sh again FOLDER   starts it where it was
# postgres.sh follow FOLDER OF   a read-only copy of the running server of the folder OF; prints its port
# postgres.sh promote FOLDER     makes a copy a server that is written to
# SETTINGS: more of its settings, e.g. "-c ssl=on"
set -euo pipefail
command=$1 folder=$2
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
run() {
  as_postgres "$bin/pg_ctl" -D "$folder" -w -l "$folder/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c fsync=off ${SETTINGS:-}" start >/dev/null
}

case $command in
  stop) as_postgres "$bin/pg_ctl" -D "$folder" -m immediate stop ;;
  promote) as_postgres "$bin/pg_ctl" -D "$folder" -w promote ;;
  again)
    port=$(cat "$folder/port")
    run
    ;;
  start)
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    port=$(python3 "$(dirname "$0")/ports.py")
    as_postgres "$bin/initdb" -D "$folder" -A trust -U postgres --no-sync >/dev/null
    echo "$port" > "$folder/port"
    run
    as_postgres psql -q -h 127.0.0.1 -p "$port" -U postgres -d postgres \
      -c "CREATE ROLE kong LOGIN SUPERUSER PASSWORD 'kong'" -c "CREATE DATABASE kong OWNER kong" >/dev/null
    for prefix in KONG_PG_ PG; do
      echo "export ${prefix}HOST=127.0.0.1 ${prefix}PORT=$port ${prefix}USER=kong ${prefix}PASSWORD=kong ${prefix}DATABASE=kong"
    done
    ;;
  follow)
    of=$(cat "$3/port")
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    chmod 700 "$folder"
    port=$(python3 "$(dirname "$0")/ports.py")
    as_postgres "$bin/pg_basebackup" -R -X stream -c fast -h 127.0.0.1 -p "$of" -U postgres -D "$folder"
    echo "$port" > "$folder/port"
    run
    echo "$port"
    ;;
  *) exit 2 ;;
esac

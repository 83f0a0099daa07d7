"""`kong migrations` on PostgreSQL: what comes out of a database of Kong 1.0, beside sessions of others, and what is told."""
import hashlib
import json
import re
import ssl
import subprocess
import time

import old_kong
import pytest
from contents import contents, rows, schema
from gateway import wait_until
from migrating import Session, count, migrate, migrate_status, old, pending, server, template  # noqa: F401
from postgres import Database

# What comes out.

def test_an_upgraded_database_equals_a_new_one(server, old):
    migrate(old, "up")
    migrate(old, "finish")
    new = Database(server, "new").create()
    migrate(new, "bootstrap")
    assert schema(old) == schema(new)
    assert "up to date" in migrate(old, "status")


def test_rows_become_what_the_new_version_reads(old):
    before = {table: int(digest.split()[0]) for table, digest in rows(old).items()}
    migrate(old, "up")
    assert count(old, "routes WHERE path_handling <> 'v1'") == 0
    assert count(old, "consumers WHERE created_at <> date_trunc('second', created_at)") == 0
    assert count(old, "plugins WHERE config ? 'whitelist'") > 0, "old nodes still read it"
    migrate(old, "finish")
    workspace = old.sql("SELECT id FROM workspaces WHERE name = 'default'")
    for table in ("consumers", "services", "routes", "plugins", "keyauth_credentials", "acls", "upstreams", "targets"):
        assert count(old, f"{table} WHERE ws_id IS DISTINCT FROM '{workspace}'") == 0
        if table != "targets":
            assert count(old, table) == before[table]
    assert count(old, f"plugins WHERE cache_key NOT LIKE '%:{workspace}'") == 0
    assert count(old, f"acls WHERE cache_key <> 'acls:' || consumer_id || ':' || \"group\" || '::::{workspace}'") == 0
    assert count(old, "plugins WHERE config ? 'whitelist' OR config ? 'blacklist'") == 0
    assert json.loads(old.sql("SELECT config FROM plugins WHERE name = 'acl' ORDER BY id LIMIT 1")) == {
        "allow": ["group-4"], "deny": None, "hide_groups_header": False}
    assert count(old, "upstreams WHERE (hash_on = 'none') <> (algorithm = 'round-robin')") == 0
    assert count(old, "targets t JOIN targets n USING (upstream_id, target) WHERE n.created_at > t.created_at") == 0


def test_every_row_of_an_old_node_written_before_finish_is_there_after_it(pending):
    """Blue/green: an old node goes on writing, with the statements and columns that it knows."""
    consumer, service = pending.sql("SELECT min(id::text) FROM consumers"), pending.sql("SELECT min(id::text) FROM services")
    pending.script(old_kong.statements(9001, consumer, service) + f"DELETE FROM consumers WHERE id = '{old_kong.identifier('c0', 2)}';")
    workspace = pending.sql("SELECT id FROM workspaces WHERE name = 'default'")
    # A node of the new version sees them at once, in its workspace.
    for table in ("consumers", "services", "routes", "plugins", "keyauth_credentials", "acls", "upstreams", "targets"):
        assert count(pending, f"{table} WHERE id::text LIKE '%9001' AND ws_id = '{workspace}'") == 1, table
    # What it writes, the old one reads.
    pending.script(f"""
        INSERT INTO consumers (id, created_at, username, tags, ws_id) VALUES ('{old_kong.identifier('c0', 9002)}', '2021-06-02 12:00:00+00',
          'between-new', '{{new}}', '{workspace}');
        INSERT INTO plugins (id, created_at, name, service_id, config, enabled, protocols, cache_key, ws_id) VALUES
          ('{old_kong.identifier('91', 9002)}', '2021-06-02 12:00:00+00', 'acl', '{service}', '{{"allow": ["new"], "deny": null}}', true,
          '{{http}}', 'plugins:acl::{service}::new', '{workspace}');""")
    assert pending.sql("SELECT username FROM consumers WHERE id::text LIKE '%9002'") == "between-new"
    kept = f"plugin 'acl' with the id '{old_kong.identifier('91', 9002)}' keeps its allow and deny lists, which Kong would lose: "
    assert kept + '{"deny": null, "allow": ["new"]}' in migrate(pending, "finish")
    for table in ("consumers", "services", "routes", "plugins", "keyauth_credentials", "acls", "upstreams", "targets"):
        assert count(pending, f"{table} WHERE id::text LIKE '%9001'") == 1, table
    assert json.loads(pending.sql("SELECT config FROM plugins WHERE id::text LIKE '%9001'")) == {
        "allow": ["between"], "deny": None, "hide_groups_header": False}
    assert json.loads(pending.sql("SELECT config FROM plugins WHERE id::text LIKE '%9002'")) == {"allow": ["new"], "deny": None}
    assert pending.sql("SELECT username FROM consumers WHERE id = '%s'" % consumer) == "renamed-9001"
    assert pending.sql("SELECT host FROM services WHERE id = '%s'" % service) == "moved-9001"
    assert pending.sql("SELECT algorithm FROM upstreams WHERE id::text LIKE '%9001'") == "consistent-hashing"
    assert pending.sql("SELECT cache_key FROM acls WHERE id::text LIKE '%9001'").endswith(f":between::::{workspace}")
    assert count(pending, f"consumers WHERE id = '{old_kong.identifier('c0', 2)}'") == 0


def test_odd_rows_become_what_kong_makes_of_them(old):
    def plugin(number, key):
        return (f"('{old_kong.identifier('91', number)}', 'infinity', 'other', '{{\"whitelist\": []}}', false, {key})")

    def target(number, time):
        return f"('{old_kong.identifier('7a', number)}', {time}, '{old_kong.identifier('0b', 8001)}', 'ü:%', 0)"

    def upstream(number, hash_on):
        return f"('{old_kong.identifier('0b', number)}', '-infinity', 'odd-{number}', {hash_on}, 1)"

    keys = {8001: "NULL", 8002: "''", 8003: "':'", 8004: r"'100%\:O''Brien:'", 8005: "'plugins:other:::: '", 8006: "E'plugins\n:'"}
    times = {8001: "NULL", 8002: "'2019-01-01 00:00:00.0001Z'", 8003: "'2019-01-01 00:00:00.0009Z'", 8004: "'2019-01-01 00:00:00.001Z'",
             8005: "'infinity'", 8006: "'-infinity'"}
    hashes = {8001: "NULL", 8002: "''", 8003: "'none'", 8004: "'None'"}
    old.script("INSERT INTO upstreams (id, created_at, name, hash_on, slots) VALUES " + ", ".join(upstream(*one) for one in hashes.items())
               + ";INSERT INTO plugins (id, created_at, name, config, enabled, cache_key) VALUES "
               + ", ".join(plugin(*one) for one in keys.items())
               + ";INSERT INTO targets (id, created_at, upstream_id, target, weight) VALUES " + ", ".join(target(*one) for one in times.items()))
    migrate(old, "up")
    migrate(old, "finish")
    end = ":" + old.sql("SELECT id FROM workspaces")
    kept = old.sql("SELECT json_agg(coalesce(cache_key, 'null') ORDER BY id) FROM plugins WHERE id::text LIKE '%0080__'")
    assert json.loads(kept) == ["null", "", ":" + end, "100%\\:O'Brien:" + end, "plugins:other:::: ", "plugins\n:" + end]
    assert count(old, "plugins WHERE id::text LIKE '%0080__' AND config = '{\"whitelist\": []}' AND created_at = 'infinity'") == 6
    # Of a target the newest stays, and one without a time.
    assert old.sql("SELECT string_agg(right(id::text, 1), '' ORDER BY id) FROM targets WHERE id::text LIKE '%0080__'") == "15"
    assert old.sql("SELECT string_agg(algorithm, ' ' ORDER BY id) FROM upstreams WHERE id::text LIKE '%0080__'") == (
        "consistent-hashing consistent-hashing round-robin consistent-hashing")


# Beside others.

def test_a_log_that_another_runner_removes_while_it_is_read_is_an_empty_one(pending):
    with Session(pending, "BEGIN; DROP SCHEMA silverback_undo_public CASCADE") as other:
        reader = pending.start("migrations", "status")
        wait_until(lambda: count(pending, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
        other.run("COMMIT")
        out, err = reader.communicate(timeout=60)
    assert (reader.returncode, "pending" in out) == (4, True), (out, err)


def test_a_lock_of_another_session_is_waited_for_and_named(old):
    with Session(old, "BEGIN; SELECT count(*) FROM consumers", name="report") as other:
        up = old.start("migrations", "up")
        time.sleep(3.5)
        assert up.poll() is None
        # Nodes do not queue up behind the waiting migration for longer than one attempt.
        begin = time.monotonic()
        old.sql("SET statement_timeout = '4s'; SELECT count(*) FROM consumers")
        assert time.monotonic() - begin < 3
        other.run("COMMIT")
        out, err = up.communicate(timeout=60)
    assert up.returncode == 0, (out, err)
    assert "waiting for other sessions that use the tables: process" in out + err and "report" in out + err
    assert "pending" in migrate_status(old)


@pytest.mark.parametrize("name", ["", "pgmoon", "silverback 2.7.2"])
def test_finish_stops_while_older_nodes_are_seen(pending, name):
    before = contents(pending)
    with Session(pending, "SELECT 1", name=name):
        said = migrate(pending, "finish", code=1)
        assert "still connected: " in said and "--force-finish" in said
        assert (name or "Kong or another program") in said
        assert contents(pending) == before
        assert json.loads(migrate(pending, "status", "--json", code=4))["older_nodes"]
        code, shown, _ = pending.kong("migrations", "finish", typed="n\n")
        assert code == 1 and "Finish all the same? [Y/n]" in shown and "cancelled" in shown
        assert contents(pending) == before
        migrate(pending, "finish", "--force-finish")
    assert "up to date" in migrate_status(pending)


def test_sessions_that_cannot_write_do_not_stop_finish(pending):
    pending.superuser_sql("DROP ROLE IF EXISTS monitoring; CREATE ROLE monitoring LOGIN PASSWORD 'monitoring'")
    with Session(pending, "SELECT 1", name="exporter", user="monitoring"):
        migrate(pending, "finish")


def test_finish_goes_on_when_told_on_a_terminal(pending):
    with Session(pending, "SELECT 1", name="pgmoon"):
        code, shown, _ = pending.kong("migrations", "finish", typed="y\n")
    assert code == 0 and "No pending migrations to finish" in shown


def test_nodes_of_this_version_do_not_stop_finish(pending):
    version = migrate(pending, "status", "--json", code=4)
    with Session(pending, "SELECT 1", name="silverback " + json.loads(version)["version"]):
        migrate(pending, "finish")


# What is told.

@pytest.mark.parametrize("command, before, shown", [
    ("bootstrap", None, "CREATE TABLE IF NOT EXISTS consumers"),
    ("up", [], "ALTER TABLE consumers ADD COLUMN IF NOT EXISTS ws_id.*\n +lock: ACCESS EXCLUSIVE on consumers.*rows: about 100"),
    ("up", [], "UPDATE consumers t SET created_at.*\n +lock: ROW EXCLUSIVE on consumers; rows: about 100"),
    ("finish", ["up"], "DELETE FROM targets.*\n +lock: ROW EXCLUSIVE on targets; rows: about [1-9]")])
def test_a_dry_run_tells_and_changes_nothing(server, template, command, before, shown):
    database = Database(server, "dry")
    database.create() if before is None else database.copy_of(template.name)
    for one in before or []:
        migrate(database, one)
    state = contents(database)
    assert re.search(shown, migrate(database, command, "--dry-run"))
    assert contents(database) == state
    assert "Nothing to run" in migrate(database, "finish", "--dry-run") if command == "up" else True


def test_what_would_stop_finish_is_told_before(pending, tmp_path):
    certificate = authority(tmp_path)
    pending.script(f"""INSERT INTO ca_certificates (id, created_at, cert) VALUES
        ('{old_kong.identifier('ca', 1)}', '2020-01-01Z', '{certificate}'),
        ('{old_kong.identifier('ca', 2)}', '2020-01-02Z', 'comment\n{certificate}'),
        ('{old_kong.identifier('ca', 3)}', '2020-01-03Z', 'no certificate')""")
    told = migrate(pending, "status", code=4)
    assert "in the way of 'finish': the CA certificates with the ids 'ca000000-0000-4000-8000-000000000001' and" in told
    assert "the CA certificate with id 'ca000000-0000-4000-8000-000000000003' cannot be read" in told
    assert "cannot be read" in migrate(pending, "finish", code=1)
    pending.sql("DELETE FROM ca_certificates WHERE created_at > '2020-01-01Z'")
    migrate(pending, "finish")
    der = ssl.PEM_cert_to_DER_cert(certificate)
    assert pending.sql("SELECT cert_digest FROM ca_certificates") == hashlib.sha256(der).hexdigest()


def authority(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    folder / "key", "-out", folder / "certificate", "-subj", "/CN=authority"], check=True, stderr=subprocess.DEVNULL)
    return (folder / "certificate").read_text()


def test_status_as_json(old):
    status = json.loads(migrate(old, "status", "--json", code=5))
    assert (status["state"], status["next"], status["up"]) == ("new", "kong migrations up", "none")
    migrate(old, "up")
    status = json.loads(migrate(old, "status", "--json", code=4))
    assert (status["state"], status["next"], status["up"]) == ("pending", "kong migrations finish", "done")
    core = status["subsystems"][0]
    assert core["name"] == "core" and "009_200_to_210" in core["pending"] and not core["new"]
    migrate(old, "finish")
    status = json.loads(migrate(old, "status", "--json"))
    assert (status["state"], status["next"], status["older_nodes"]) == ("up to date", None, [])

"""`kong migrations` on PostgreSQL: from databases of older versions, interrupted, twice at once, beside old nodes, and taken back.

SILVERBACK_KILLS: how often `up` and `finish` are killed (a few by default), SILVERBACK_ROWS: on how many rows."""
import hashlib
import json
import os
import random
import re
import ssl
import subprocess
import time

import old_kong
import pytest
from contents import contents, rows, schema
from gateway import wait_until
from postgres import REFERENCE, Database, Postgres, kill, wait_for_sessions_to_end

KILLS, ROWS = int(os.environ.get("SILVERBACK_KILLS", "4")), int(os.environ.get("SILVERBACK_ROWS", "40000"))
SMALL = 400


@pytest.fixture(scope="module")
def server():
    with Postgres() as one:
        yield one


@pytest.fixture(scope="module")
def template(server):
    return old_kong.make(Database(server, "template"), SMALL)


@pytest.fixture
def old(server, template):
    """A database of 1.0 with some rows."""
    database = Database(server).copy_of(template.name)
    yield database
    database.close()


@pytest.fixture
def pending(old):
    migrate(old, "up")
    return old


def migrate(database, *command, code=0):
    """Gives what it printed."""
    done, out, err = database.kong("migrations", *command)
    assert done == code, (command, out, err)
    return out + err


def count(database, what):
    return int(database.sql(f"SELECT count(*) FROM {what}"))


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
    assert "plugins 'acl' that have allow or deny lists already keep them: 1\n" in migrate(pending, "finish")
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


# Interrupted, and twice at once.

class Killing:
    """Kills a command at random instants of its life."""

    def __init__(self, database, template, before):
        self.database, self.template, self.before, self.seconds = database, template, before, None

    def _prepare(self):
        self.database.copy_of(self.template)
        for command in self.before:
            migrate(self.database, command)

    def whole(self, command):
        """Runs it to its end; gives what the database is then."""
        self._prepare()
        begin = time.monotonic()
        migrate(self.database, command)
        self.seconds = time.monotonic() - begin
        return contents(self.database)

    def kill_at(self, command, seconds):
        self._prepare()
        process = self.database.start("migrations", command)
        time.sleep(seconds)
        kill(process)


@pytest.fixture(scope="module")
def big(server):
    return old_kong.make(Database(server, "big"), ROWS)


@pytest.mark.parametrize("command, before", [("up", []), ("finish", ["up"])])
def test_killed_at_any_instant_the_next_run_completes_it(server, big, command, before):
    database = Database(server, "killed")
    killing = Killing(database, big.name, before)
    expected = killing.whole(command)
    if command == "up":
        migrate(database, "finish")
    finished = contents(database)
    begun, through = ("up interrupted", ": pending") if command == "up" else (": pending", "up to date")
    hits = 0
    for attempt in range(KILLS):
        instant = (attempt + random.random()) / KILLS * killing.seconds
        killing.kill_at(command, instant)
        status = migrate_status(database)
        hits += begun in status
        said = "" if through in status else migrate(database, command)
        assert contents(database) == expected, (instant, status, said)
        if command == "up":
            migrate(database, "finish")
            assert contents(database) == finished, instant
    assert hits, "no kill hit"
    print(f"{hits} of {KILLS} kills hit `{command}`, which takes {killing.seconds:.1f} s")
    database.close()


def migrate_status(database):
    return database.kong("migrations", "status")[1]


@pytest.mark.parametrize("end", ["cancel", "terminate"])
def test_an_up_that_the_server_ends_is_gone_on_with(server, template, pending, end):
    expected = contents(pending)
    pending.copy_of(template.name)
    signal = f"SELECT pg_{end}_backend(pid) FROM pg_stat_activity WHERE datname = '{pending.name}' AND wait_event_type = 'Lock'"
    with Session(pending, "BEGIN; SELECT count(*) FROM keyauth_credentials"):
        up = pending.start("migrations", "up")
        while up.poll() is None and not server.admin("postgres", signal):
            time.sleep(0.02)
        assert up.wait(timeout=60) == 1, up.communicate()
        assert "up interrupted" in migrate_status(pending)
    migrate(pending, "up")
    assert contents(pending) == expected


def test_a_killed_up_is_taken_back(server, big):
    before = contents(big)
    killing = Killing(Database(server, "killed"), big.name, [])
    killing.whole("up")
    for part in (0.3, 0.8):
        killing.kill_at("up", killing.seconds * part)
        wait_for_sessions_to_end(server, killing.database.name)
        # On a busy machine the kill may come when all is done.
        if any(word in migrate_status(killing.database) for word in ("interrupted", ": pending")):
            migrate(killing.database, "abort", "--yes")
        assert contents(killing.database) == before
    killing.database.close()


@pytest.mark.parametrize("command, before, said", [
    ("bootstrap", [], "already bootstrapped|Database is up-to-date"), ("up", [], "Database has pending migrations"),
    ("finish", ["up"], "No pending migrations to finish|aborted: another node is performing database changes")])
def test_of_two_runners_one_does_the_work(server, template, command, before, said):
    database = Database(server, "two")
    database.create() if command == "bootstrap" else database.copy_of(template.name)
    for one in before:
        migrate(database, one)
    runners = [database.start("migrations", command) for _ in range(4)]
    outcomes = [(*runner.communicate(timeout=120), runner.returncode) for runner in runners]
    workers = [out for out, _, _ in outcomes if "processed" in out]
    assert len(workers) == 1, outcomes
    for out, err, code in outcomes:
        assert re.search(said, out), (out, err)
        assert code == (1 if "aborted" in out else 0), (out, err)
    assert migrate_status(database).startswith("database 'two': " + ("pending" if command == "up" else "up to date"))
    single = Database(server, "one")
    single.create() if command == "bootstrap" else single.copy_of(template.name)
    for one in [*before, command]:
        migrate(single, one)
    assert contents(database) == contents(single)


# Beside others.

class Session:
    """A session of somebody else, which holds what its first statement took."""

    def __init__(self, database, statement, name="", user="kong"):
        env = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(database.server.port), "PGUSER": user, "PGPASSWORD": user,
               "PGDATABASE": database.name, "PGAPPNAME": name}
        self.process = subprocess.Popen(["psql", "-X", "-q", "-A", "-t"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.run(statement)

    def run(self, statement):
        self.process.stdin.write(statement + ";\nSELECT 'done';\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.strip() == "done":
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


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


# Looking, and taking back.

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


def test_abort_gives_back_the_database_as_it_was(old):
    before = contents(old)
    migrate(old, "up")
    assert contents(old) != before
    assert "Database is as it was before 'up'" in migrate(old, "abort")
    assert contents(old) == before
    migrate(old, "up")
    migrate(old, "finish")


def test_abort_keeps_what_was_written_since_and_names_what_goes(server, old):
    consumer, service = old.sql("SELECT min(id::text) FROM consumers"), old.sql("SELECT min(id::text) FROM services")
    writes = old_kong.statements(9001, consumer, service)
    only_old = Database(server, "only_old").copy_of(old.name)
    migrate(old, "up")
    old.script(writes)
    workspace = old.sql("SELECT id FROM workspaces")
    old.script(f"INSERT INTO vaults_beta (id, name, prefix, config, ws_id) VALUES ('{old_kong.identifier('f', 1)}', 'env', 'e', '{{}}', '{workspace}');"
               f"UPDATE services SET tls_verify = true WHERE id = '{service}'")
    state = contents(old)
    said = migrate(old, "abort", code=1)
    assert "1 row of vaults_beta" in said and "tls_verify of 1 row of services" in said and "--yes" in said
    assert contents(old) == state
    migrate(old, "abort", "--yes")
    only_old.script(writes)
    now, expected = contents(old), contents(only_old)
    now[1].pop("cluster_events"), expected[1].pop("cluster_events")
    assert now == expected


def test_a_role_that_may_not_make_schemas_is_enough(old):
    old.superuser_sql(f"ALTER DATABASE {old.name} OWNER TO postgres; GRANT CREATE ON SCHEMA public TO kong")
    before = contents(old)
    migrate(old, "up")
    assert count(old, "pg_namespace WHERE nspname LIKE 'silverback%'") == 0
    migrate(old, "abort")
    assert contents(old) == before
    migrate(old, "up")
    migrate(old, "finish")
    assert count(old, "pg_tables WHERE tablename LIKE 'silverback%'") == 0


@pytest.mark.parametrize("name", ["gateway", "My \"Gateway\""])
def test_abort_in_a_schema_of_another_name(old, name):
    before = contents(old)
    quoted = '"' + name.replace('"', '""') + '"'
    old.superuser_sql(f"ALTER SCHEMA public RENAME TO {quoted}; CREATE SCHEMA public")
    for command, code in (("up", 0), ("status", 4), ("abort", 0)):
        done, out, err = old.kong("migrations", command, env={"KONG_PG_SCHEMA": name})
        assert done == code, (command, out, err)
    old.superuser_sql(f"DROP SCHEMA public; ALTER SCHEMA {quoted} RENAME TO public")
    assert contents(old) == before


def test_after_finish_there_is_no_way_back(pending):
    migrate(pending, "finish")
    state = contents(pending)
    assert "there is no 'up' to take back" in migrate(pending, "abort", code=1)
    assert contents(pending) == state


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


def test_what_kong_finished_is_not_taken_back(pending):
    pending.sql("UPDATE schema_meta SET executed = executed || pending, pending = '{}'")
    state = contents(pending)
    assert "finished by another program" in migrate(pending, "abort", "--yes", code=1)
    assert contents(pending) == state


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


# Databases of real Kongs, where they are at hand.

NAMES = sorted(path.name.removesuffix(".before.sql") for path in REFERENCE.glob("*.before.sql"))
# Lists that a node of 2.8 writes before `finish` are lost in Kong and kept here.
KEPT = re.compile(r"row plugins \[91000000-0000-4000-8000-00000000900[345]\] config = ")


def compare(database, file):
    lost = (REFERENCE / file).read_text().splitlines()
    now = database.canonical()
    if file.endswith("between-finish.txt"):
        now, lost = ([line for line in lines if not KEPT.match(line)] for lines in (now, lost))
    assert now == lost


@pytest.mark.parametrize("name", NAMES)
def test_databases_of_real_versions_become_what_kong_makes_of_them(server, name):
    database = Database(server, "real").restore(REFERENCE / f"{name}.before.sql")
    migrate(database, "up")
    compare(database, f"{name}.up.txt")
    migrate(database, "finish")
    compare(database, f"{name}.finish.txt")
    if (REFERENCE / f"{name}.between.sql").exists():
        database.restore(REFERENCE / f"{name}.before.sql")
        migrate(database, "up")
        database.sql(file=REFERENCE / f"{name}.between.sql")
        migrate(database, "finish")
        compare(database, f"{name}.between-finish.txt")
    database.restore(REFERENCE / f"{name}.before.sql")
    database.sql("DELETE FROM locks WHERE ttl < now()")  # as whoever takes the lock
    before = database.canonical()
    migrate(database, "up")
    # One that was up to date has nothing to take back.
    code, _, err = database.kong("migrations", "abort")
    assert code == 0 or "there is no 'up' to take back" in err
    assert database.canonical() == before


def name_the_ids_of_apis(database, names):
    """The Nth API has become service 5e…1NN and route 40…1NN."""
    script = ["SET session_replication_role = replica"]
    for number, name in enumerate(names, 101):
        service, route = old_kong.identifier("5e", number), old_kong.identifier("40", number)
        found = database.sql(f"SELECT s.id || ' ' || r.id FROM services s JOIN routes r ON r.service_id = s.id WHERE s.name = '{name}'")
        for was, now in zip(found.split(), (service, route)):
            script += [f"UPDATE services SET id = '{now}' WHERE id = '{was}'", f"UPDATE routes SET id = '{now}' WHERE id = '{was}'",
                       f"UPDATE routes SET service_id = '{now}' WHERE service_id = '{was}'",
                       f"UPDATE plugins SET route_id = '{now}' WHERE route_id = '{was}'"]
    database.superuser_sql("; ".join(script))


@pytest.mark.skipif(not NAMES, reason="no databases of real versions here")
def test_apis_become_services_and_routes_as_in_kong(server):
    database = Database(server, "apis").restore(REFERENCE / "0.14.1/0.14.1.before.sql")
    names = database.sql("SELECT name FROM apis ORDER BY created_at").splitlines()
    for refused in ("up", "bootstrap"):
        before = database.canonical()
        assert "kong migrations migrate-apis" in migrate(database, refused, code=1)
        assert database.canonical() == before
    said = migrate(database, "migrate-apis")
    assert f"{len(names) - 1}/{len(names)} migrations succeeded" in said and f"1/{len(names)} migrations skipped" in said
    assert "1/1 migrations succeeded" in migrate(database, "migrate-apis", "-f")
    assert "No apis to migrate" in migrate(database, "migrate-apis", "-f")
    name_the_ids_of_apis(database, names)
    compare(database, "0.14.1/0.14.1-to-1.5.1.migrate-apis.txt")

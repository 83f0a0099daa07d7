"""`kong migrations abort`: `up` on PostgreSQL, taken back."""
import old_kong
import pytest
from contents import contents
from migrating import count, migrate, old, pending, server, template  # noqa: F401
from postgres import Database


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


def test_what_kong_finished_is_not_taken_back(pending):
    pending.sql("UPDATE schema_meta SET executed = executed || pending, pending = '{}'")
    state = contents(pending)
    assert "finished by another program" in migrate(pending, "abort", "--yes", code=1)
    assert contents(pending) == state

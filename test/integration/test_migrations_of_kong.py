"""Databases of real Kongs, where they are at hand, become what Kong 2.8.5 makes of them."""
import re

import old_kong
import pytest
from migrating import migrate, server  # noqa: F401
from postgres import REFERENCE, Database

NAMES = sorted(path.name.removesuffix(".before.sql") for path in REFERENCE.glob("*.before.sql"))


# Lists that a node of 2.8 writes before `finish` are lost in Kong and kept here.
KEPT = re.compile(r"row plugins \[91000000-0000-4000-8000-00000000900[345]\] config = ")


def compare(database, file):
    now, wanted = database.canonical(), (REFERENCE / file).read_text().splitlines()
    if file.endswith("between-finish.txt"):
        now, wanted = ([line for line in lines if not KEPT.match(line)] for lines in (now, wanted))
    assert now == wanted


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

"""Databases of every version between 1.0 and 2.8: `up` and `finish` run exactly what each of them lacks."""
import json

import pytest
from contents import contents
from migrating import migrate, old, server, template  # noqa: F401
from postgres import Database

CREDENTIALS = ("acl", "basic-auth", "hmac-auth", "jwt", "key-auth")
# What each version added: (version, subsystem, name, whether it has a second half).
ADDED = [
    ("1.1", "core", "003_100_to_110", False),
    ("1.1", "rate-limiting", "003_10_to_112", False),
    ("1.2", "core", "004_110_to_120", False),
    ("1.3", "core", "005_120_to_130", True),
    ("1.4", "core", "006_130_to_140", False),
    ("1.4", "session", "000_base_session", False),
    ("1.4", "oauth2", "003_130_to_140", False),
    *(("1.4", plugin, "002_130_to_140", False) for plugin in CREDENTIALS),
    ("1.5", "core", "007_140_to_150", False),
    ("2.0", "core", "008_150_to_200", True),
    ("2.0", "acme", "000_base_acme", False),
    ("2.1.0", "core", "009_200_to_210", True),
    ("2.1.0", "oauth2", "004_200_to_210", True),
    ("2.1.0", "rate-limiting", "004_200_to_210", False),
    *(("2.1.0", plugin, "003_200_to_210", True) for plugin in CREDENTIALS),
    *(("2.1.0", plugin, "001_200_to_210", True) for plugin in ("bot-detection", "ip-restriction")),
    ("2.1.1", "core", "010_210_to_211", False),
    ("2.1.1", "oauth2", "005_210_to_211", False),
    ("2.1.3", "core", "011_212_to_213", False),
    ("2.1.3", "acl", "004_212_to_213", True),
    ("2.2", "core", "012_213_to_220", True),
    ("2.2", "session", "001_add_ttl_index", False),
    ("2.3", "core", "013_220_to_230", False),
    ("2.7", "core", "014_230_to_270", False),
    ("2.8", "core", "015_270_to_280", False),
]
VERSIONS = list(dict.fromkeys(version for version, *_ in ADDED))


def beyond(version):
    """(subsystem, name, has a second half) of what `version` does not have."""
    return {tuple(rest) for added, *rest in ADDED if VERSIONS.index(added) > VERSIONS.index(version)}


def states(database):
    """(subsystem, name) in each state."""
    listed = json.loads(database.kong("migrations", "status", "--json")[1])["subsystems"]
    return {state: {(one["name"], name) for one in listed for name in one[state]} for state in ("executed", "pending", "new")}


def note(database, names):
    for subsystem, name, _ in names:
        database.sql("INSERT INTO schema_meta (key, subsystem, last_executed, executed) VALUES ('schema_meta', "
                     f"'{subsystem}', '{name}', '{{{name}}}') ON CONFLICT (key, subsystem) DO UPDATE SET executed = "
                     f"schema_meta.executed || EXCLUDED.executed")


def forget(database, names):
    for subsystem, name, _ in names:
        database.sql(f"UPDATE schema_meta SET executed = array_remove(executed, '{name}') WHERE subsystem = '{subsystem}'")
    database.sql("DELETE FROM schema_meta WHERE executed = '{}'; UPDATE schema_meta SET last_executed = executed[array_upper(executed, 1)]")


def names(migrations):
    return {(subsystem, name) for subsystem, name, _ in migrations}


def settled(database):
    """What is in it; the order in which migrations were run is not part of that."""
    database.sql("UPDATE schema_meta SET last_executed = '', executed = (SELECT array_agg(x ORDER BY x) FROM unnest(executed) x)")
    return contents(database)


@pytest.fixture(scope="module")
def newest(server, template):
    database = Database(server, "newest").copy_of(template.name)
    migrate(database, "up")
    migrate(database, "finish")
    return settled(database)


@pytest.mark.parametrize("version", VERSIONS[:-1:2])
def test_exactly_what_a_version_lacks_is_run(old, newest, version):
    lacking = beyond(version)
    # Only what it has is run when the rest counts as done.
    note(old, lacking)
    migrate(old, "up")
    migrate(old, "finish")
    forget(old, lacking)
    assert states(old)["new"] == names(lacking)
    pending = {one for one in lacking if one[2]}
    assert f"{len(lacking)} migrations processed" in migrate(old, "up")
    assert states(old)["pending"] == names(pending)
    migrate(old, "finish")
    assert not states(old)["pending"] | states(old)["new"]
    assert settled(old) == newest


@pytest.mark.parametrize("version", ["1.3", "2.1.0"])
def test_what_another_version_left_pending_is_finished_first(old, newest, version):
    lacking = beyond(version)
    note(old, lacking)
    migrate(old, "up")
    forget(old, lacking)
    before = states(old)
    assert before["pending"] and before["new"] == names(lacking)
    migrate(old, "up", code=1)
    assert states(old) == before
    migrate(old, "finish")
    assert states(old) == {"executed": before["executed"] | before["pending"], "pending": set(), "new": before["new"]}
    migrate(old, "up")
    migrate(old, "finish")
    assert settled(old) == newest


def test_a_foreign_key_as_2_1_named_it_stays_beside_the_usual_one(old):
    migrate(old, "up")
    migrate(old, "finish")
    old.sql("ALTER TABLE acls RENAME CONSTRAINT acls_consumer_id_fkey TO acls_consumer_id_ws_id_fkey")
    forget(old, [("acl", "003_200_to_210", True)])
    assert "1 migration processed" in migrate(old, "up")
    assert old.sql("SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = 'acls'::regclass AND "
                   "contype = 'f' AND conname ~ 'consumer'") == "acls_consumer_id_fkey acls_consumer_id_ws_id_fkey"

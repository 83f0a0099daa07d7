"""kong config db_export and db_import: what goes through every store comes back as it was."""
import json
import pathlib
import re
import tempfile
import time

import pytest
from database_server import DatabaseServer
from gateway import Gateway, wait_until

ENTITIES = ["services", "routes", "consumers", "plugins", "upstreams", "key-auths", "basic-auths", "hmac-auths", "jwts", "acls",
            "oauth2", "certificates", "snis", "ca_certificates"]
MANY = 100000


@pytest.fixture(scope="module")
def database():
    with DatabaseServer() as server:
        yield server


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="silverback-transfer-") as made:
        yield pathlib.Path(made)


def fresh(database):
    database.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    node = Gateway(**database.settings())
    node.command("migrations", "bootstrap")
    return node


def rows(node):
    """What the Admin API shows of everything, by kind and id."""
    found = {}
    for kind in ENTITIES:
        path, found[kind] = f"/{kind}?size=1000", {}
        while path:
            page = node.admin("GET", path).json
            for row in page["data"]:
                # Seconds that are left.
                if row.get("ttl"):
                    assert 4900 < row.pop("ttl") <= 5000
                found[kind][row["id"]] = row
            path = page["next"]
    for upstream in found["upstreams"]:
        targets = node.admin("GET", f"/upstreams/{upstream}/targets").json["data"]
        found[f"targets of {upstream}"] = {row["id"]: row for row in targets}
    return found


def fill(node):
    node.create("/services", {"name": "s", "url": "https://up.test:8443/x?y", "tags": ["a", "ü"], "tls_verify": True,
                              "connect_timeout": 1})
    node.create("/services/s/routes", {"name": "r", "paths": ["/a%20b", "/~[0-9]+"], "headers": {"x-one": ["1", "2"]},
                                       "methods": ["GET"], "snis": None})
    node.create("/routes", {"hosts": ["*.test"], "https_redirect_status_code": 301, "protocols": ["https"]})
    node.create("/consumers", {"username": "yes", "custom_id": "0012"})
    node.create("/consumers", {"username": "null"})
    node.create("/consumers/yes/key-auth", {"key": "k: 1 # no comment"})
    node.create("/consumers/yes/key-auth", {"key": "1e3", "ttl": 5000})
    node.create("/consumers/yes/basic-auth", {"username": "u", "password": "pässword"})
    node.create("/consumers/yes/hmac-auth", {"username": "h", "secret": "with \"quotes\" and\nlines"})
    node.create("/consumers/yes/jwt", {"key": "iss", "secret": "s"})
    node.create("/consumers/yes/acls", {"group": "0x1F"})
    node.create("/consumers/yes/oauth2", {"name": "app", "client_id": "i", "client_secret": "c", "hash_secret": True,
                                          "redirect_uris": ["https://a.test/"]})
    node.create("/plugins", {"name": "rate-limiting", "config": {"minute": 5, "policy": "local"}, "service": None})
    node.create("/routes/r/plugins", {"name": "acl", "config": {"allow": ["0x1F"]}, "enabled": False})
    node.create("/upstreams", {"name": "u", "slots": 100, "healthchecks": {"active": {"http_path": "/h"}}})
    node.create("/upstreams/u/targets", {"target": "127.0.0.1:80", "weight": 7})


def test_a_round_trip_changes_nothing(database, folder):
    files = [folder / f"{i}.yml" for i in range(4)]
    with Gateway() as sqlite:
        fill(sqlite)
        before = rows(sqlite)
        sqlite.command("config", "db_export", str(files[0]))
    postgres = fresh(database)
    postgres.command("config", "db_import", str(files[0]))
    with postgres:
        passed = rows(postgres)
        postgres.command("config", "db_export", str(files[1]))
        # Again, into a node that runs and has all of it.
        postgres.command("config", "db_import", str(files[1]))
        assert rows(postgres) == passed
    again = Gateway()
    again.command("config", "db_import", str(files[1]))
    with again:
        after = rows(again)
        again.command("config", "db_export", str(files[2]))
    for kind in before:
        assert before[kind] == passed[kind] == after[kind], kind
    # The id of the cluster is there from the first migration of a database, without a time.
    texts = [re.sub(r"^ *-? *ttl: .*\n|^parameters:\n(?:[ -].*\n)*", "", file.read_text(), flags=re.M) for file in files[:3]]
    assert texts[0] == texts[1] == texts[2]


def test_a_running_node_and_others_serve_what_is_imported(database, folder):
    one = fresh(database)
    file = folder / "kong.yml"
    file.write_text(json.dumps({"_format_version": "2.1", "plugins": [{"name": "request-termination", "config": {"status_code": 418}}],
                                "routes": [{"name": "r", "paths": ["/r/"]}]}))
    with one, Gateway(**database.settings()) as two:
        one.command("config", "db_import", str(file))
        for node in (one, two):
            wait_until(lambda n=node: n.proxy("GET", "/r/").status == 418)


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_large_import_says_how_far_it_is(database, folder, store):
    file = folder / "kong.yml"
    file.write_text(json.dumps({"_format_version": "2.1", "consumers": [
        {"username": f"c{i}", "keyauth_credentials": [{"key": f"k{i}"}]} for i in range(MANY // 2)]}))
    node = fresh(database) if store == "postgres" else Gateway()
    begun = time.time()
    said = node.command("config", "db_import", str(file)).stdout
    print(f"{store}: {MANY} rows in {time.time() - begun:.1f} s")
    assert f"rows imported: {MANY} of {MANY}" in said, said
    assert said.count("rows imported") >= 8, said
    with node:
        assert node.admin("GET", "/key-auths/k4999").status == 200


def test_an_export_makes_its_folder(folder):
    with Gateway() as node:
        node.create("/services", {"name": "s", "url": "http://a.test"})
        node.command("config", "db_export", str(folder / "missing" / "kong.yml"))
        assert "a.test" in (folder / "missing" / "kong.yml").read_text()

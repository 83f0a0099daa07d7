"""Blue/green: nodes of Kong 1.0 and of ours on one database between `up` and `finish`, each serving what the other writes."""
import uuid

import old_kong
import pytest
from gateway import Gateway, wait_until
from postgres import Database, Postgres


@pytest.fixture(scope="module")
def server():
    with Postgres() as one:
        yield one


@pytest.fixture
def pending(server):
    database = old_kong.make(Database(server))
    code, out, err = database.kong("migrations", "up")
    assert code == 0, out + err
    yield database
    database.close()


class OldNode:
    """Writes as a node of Kong 1.0: its columns and cache keys, no workspace, events without one, no NOTIFY."""

    def __init__(self, database):
        self.database, self.id = database, uuid.uuid4()

    def tell(self, *keys):
        for key in keys:
            self.database.sql("INSERT INTO cluster_events (id, node_id, at, nbf, expire_at, channel, data) VALUES "
                              f"('{uuid.uuid4()}', '{self.id}', now(), NULL, now() + interval '1 hour', 'invalidations', '{key}')")

    def create(self, table, event="{id}::::", **columns):
        """Gives the id."""
        columns = {"id": str(uuid.uuid4()), "created_at": "2021-06-01 12:00:00+00", **columns}
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in columns.values())
        names = ", ".join(f'"{name}"' for name in columns)
        self.database.sql(f"INSERT INTO {table} ({names}) VALUES ({values})")
        self.tell(f"{table}:{event.format(**columns)}", *(["router:version"] if table in ("services", "routes") else []))
        return columns["id"]

    def service(self, name, port):
        return self.create("services", updated_at="2021-06-01 12:00:00+00", name=name, retries=5, protocol="http", host="127.0.0.1",
                           port=port, connect_timeout=60000, write_timeout=60000, read_timeout=60000)

    def route(self, service, path):
        return self.create("routes", updated_at="2021-06-01 12:00:00+00", service_id=service, protocols="{http,https}",
                           paths="{%s}" % path, regex_priority=0, strip_path=True, preserve_host=False)

    def plugin(self, name, service, config):
        key = f"{name}::{service}::"
        plugin = self.create("plugins", key, name=name, service_id=service, config=config, enabled=True, run_on="first",
                             cache_key="plugins:" + key)
        self.tell("plugins_map:version", "plugins:version")
        return plugin

    def consumer(self, name, key, group):
        consumer = self.create("consumers", username=name)
        self.create("keyauth_credentials", "{key}::::", consumer_id=consumer, key=key)
        if group:
            self.create("acls", "{consumer_id}:{group}:::", consumer_id=consumer, group=group,
                        cache_key=f"acls:{consumer}:{group}:::")
        return consumer

    def change(self, sql, *keys):
        self.database.sql(sql)
        self.tell(*keys)


KEY_AUTH = ('{"key_names": ["apikey"], "hide_credentials": false, "anonymous": null, "key_in_body": false,'
            ' "run_on_preflight": true}')


def node_on(database, **settings):
    return Gateway(**database.server.settings(database.name), KONG_DB_UPDATE_FREQUENCY="0.2", **settings)


def test_our_node_serves_what_old_nodes_write(pending, upstream):
    with node_on(pending) as node:
        old = OldNode(pending)

        def answers(status, key=None):
            return lambda: node.proxy("GET", "/old/", headers={"apikey": key} if key else {}).status == status

        service = old.service("blue", upstream)
        route = old.route(service, "/old")
        wait_until(answers(200))
        old.plugin("key-auth", service, KEY_AUTH)
        wait_until(answers(401))
        old.consumer("ann", "ann-key", "friends")
        old.consumer("bob", "bob-key", None)
        wait_until(answers(200, "ann-key"))
        wait_until(answers(200, "bob-key"))
        # Under its old name a list counts as under its new one.
        acl = old.plugin("acl", service, '{"whitelist": ["friends"], "blacklist": null, "hide_groups_header": false}')
        wait_until(answers(403, "bob-key"))
        assert answers(200, "ann-key")()
        assert node.admin("GET", f"/plugins/{acl}").json["config"]["allow"] == ["friends"]
        old.change(f"UPDATE plugins SET config = jsonb_set(config, '{{whitelist}}', '[\"others\"]') WHERE id = '{acl}'",
                   f"plugins:acl::{service}::", "plugins_map:version")
        wait_until(answers(403, "ann-key"))
        code, out, err = pending.kong("migrations", "finish")
        assert code == 0, out + err
        assert answers(403, "ann-key")()
        assert node.admin("PATCH", f"/plugins/{acl}", {"config": {"allow": ["friends"]}}).status == 200
        wait_until(answers(200, "ann-key"))
        assert answers(403, "bob-key")()
        assert node.admin("DELETE", f"/routes/{route}").status == 204
        wait_until(answers(404))
    # A node that starts now reads the same.
    with node_on(pending) as node:
        assert node.admin("GET", f"/plugins/{acl}").json["config"]["allow"] == ["friends"]


def test_old_nodes_find_what_our_node_writes(pending, upstream):
    with node_on(pending) as node:
        pending.sql("DELETE FROM cluster_events")
        service = node.create("/services", {"name": "green", "url": f"http://127.0.0.1:{upstream}"})["id"]
        route = node.create("/services/green/routes", {"paths": ["/green"]})["id"]
        consumer = node.create("/consumers", {"username": "carl"})["id"]
        node.create("/consumers/carl/key-auth", {"key": "carl-key"})
        # By the columns that 1.0 reads.
        assert pending.sql(f"SELECT name, protocol, host, port FROM services WHERE id = '{service}'") == f"green|http|127.0.0.1|{upstream}"
        assert pending.sql(f"SELECT service_id, paths, strip_path FROM routes WHERE id = '{route}'") == f"{service}|{{/green}}|t"
        assert pending.sql(f"SELECT key FROM keyauth_credentials WHERE consumer_id = '{consumer}'") == "carl-key"
        told = pending.sql("SELECT data FROM cluster_events WHERE channel = 'invalidations'").splitlines()
        for key in (f"services:{service}:", f"routes:{route}:", "router:version", f"consumers:{consumer}:",
                    "keyauth_credentials:carl-key:"):
            assert any(data.startswith(key) for data in told), (key, told)

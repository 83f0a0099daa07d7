"""The database goes in every way that it can: requests go on without one failure, writes are refused in time, and nodes recover by
themselves."""
import time

import pytest
from database_cluster import DatabaseCluster
from database_server import DatabaseServer, Gate
from gateway import Gateway, wait_until
from load import Load

TIMEOUT = 2.0


@pytest.fixture
def database():
    with DatabaseServer() as server:
        Gateway(**server.settings()).command("migrations", "bootstrap")
        yield server


def settings(database, **more):
    return database.settings(KONG_PG_TIMEOUT=str(int(TIMEOUT * 1000)), **more)


def configure(node, upstream):
    node.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
    node.create("/services/s/routes", {"name": "r", "paths": ["/r/"], "strip_path": False})
    node.create("/services/s/plugins", {"name": "key-auth"})
    node.create("/services/s/plugins", {"name": "rate-limiting", "config": {"hour": 100000000, "policy": "local"}})
    node.create("/services/s/routes", {"name": "shared", "paths": ["/shared/"], "strip_path": False})
    node.create("/routes/shared/plugins", {"name": "rate-limiting", "config": {"year": 100000000, "policy": "cluster"}})
    node.create("/consumers", {"username": "ann"})
    node.create("/consumers/ann/key-auth", {"key": "k"})
    wait_until(lambda: node.proxy("GET", "/r/x", headers={"apikey": "k"}).status == 200)


REQUESTS = [("GET", "/r/1", {"apikey": "k"}, 200, b"/r/1"), ("GET", "/shared/1", {"apikey": "k"}, 200, b"/shared/1"),
            ("GET", "/r/2", {"apikey": "wrong"}, 401, b"")]


def refused_in_time(node):
    answer = node.admin("POST", "/consumers", {"username": f"c{time.time()}"})
    assert answer.status in (500, 503), (answer.status, answer.body)
    assert "message" in answer.json


def writes_again(node):
    wait_until(lambda: node.admin("POST", "/consumers", {"username": f"c{time.time()}"}).status == 201)


def reaches(node):
    return node.admin("GET", "/status").json["database"]["reachable"]


def stopped(database):
    database.stop()
    return database.start


def frozen(database):
    database.freeze()
    return database.thaw


def read_only(database):
    database.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    database.sql("SELECT pg_reload_conf()")

    def end():
        database.sql("ALTER SYSTEM RESET default_transaction_read_only")
        database.sql("SELECT pg_reload_conf()")
    return end


def refusing(database):
    database.sql("ALTER ROLE kong NOLOGIN", user="postgres")
    database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'kong'", user="postgres")
    return lambda: database.sql("ALTER ROLE kong LOGIN", user="postgres")


@pytest.mark.parametrize("outage", [stopped, frozen, read_only, refusing])
def test_requests_go_on(database, upstream, outage):
    with Gateway(**settings(database, KONG_DB_UPDATE_FREQUENCY="1")) as node:
        configure(node, upstream)
        with Load(node.proxy_port, 16, REQUESTS) as load:
            for _ in range(2):
                end = outage(database)
                try:
                    time.sleep(TIMEOUT)
                    refused_in_time(node)
                    if outage is not read_only:
                        wait_until(lambda: reaches(node) is False)
                finally:
                    end()
                writes_again(node)
                wait_until(lambda: reaches(node) is True)
                # Others are heard of again, too.
                database.sql("UPDATE services SET read_timeout = read_timeout + 1")
        assert not load.failures, load.failures[:5]
        assert load.count > 100
        # A change that somebody else made meanwhile.
        with Gateway(**settings(database)) as other:
            other.create("/services/s/routes", {"paths": ["/new/"]})
            wait_until(lambda: node.proxy("GET", "/new/", headers={"apikey": "k"}).status == 200)


def test_restarted_under_load_again_and_again(database, upstream):
    with Gateway(**settings(database)) as node:
        configure(node, upstream)
        with Load(node.proxy_port, 16, REQUESTS) as load:
            for _ in range(5):
                database.stop()
                database.start()
                writes_again(node)
        assert not load.failures, load.failures[:5]


def test_a_connection_that_is_cut_or_stalls(database, upstream):
    with Gate(database.port) as gate, Gateway(**settings(database, KONG_PG_PORT=str(gate.port))) as node:
        configure(node, upstream)
        with Load(node.proxy_port, 8, REQUESTS) as load:
            for _ in range(3):
                gate.cut()
                writes_again(node)
                gate.stall()
                refused_in_time(node)
                gate.cut()
                gate.open()
                writes_again(node)
                gate.close()
                refused_in_time(node)
                gate.open()
                writes_again(node)
            gate.delay = 0.05
            writes_again(node)
            gate.delay = 0
        assert not load.failures, load.failures[:5]


def test_starts_from_the_replica(database, upstream):
    node = Gateway(**settings(database))
    with node:
        configure(node, upstream)
        node.stop()
        database.stop()
        said = node.command("start").stdout
        assert "serving what this node knew last" in said, said
        assert node.proxy("GET", "/r/x", headers={"apikey": "k"}).status == 200
        wait_until(lambda: reaches(node) is False)
        wait_until(lambda: "kong_datastore_reachable 0" in node.request(node.status_port, "GET", "/metrics").body.decode())
        wait_until(lambda: "the database cannot be followed" in node.error_log())
        refused_in_time(node)
        database.start()
        writes_again(node)
        wait_until(lambda: reaches(node) is True)
        wait_until(lambda: "kong_datastore_reachable 1" in node.request(node.status_port, "GET", "/metrics").body.decode())
        wait_until(lambda: "is followed again" in node.error_log())


def test_does_not_start_without_either(database):
    database.stop()
    node = Gateway(**settings(database))
    done = node.command("start", check=False)
    assert done.returncode == 1
    assert "Connection refused" in done.stdout or "connection refused" in done.stdout, done.stdout
    database.start()


def test_stopped_frozen_and_failed_over_in_turn(upstream):
    """The long form, with numbers: ./dev bench outages."""
    with DatabaseCluster() as database:
        node = Gateway(**database.settings(KONG_PG_TIMEOUT=str(int(TIMEOUT * 1000))))
        node.command("migrations", "bootstrap")
        with node:
            configure(node, upstream)
            with Load(node.proxy_port, 16, REQUESTS) as load:
                for damage in database.damages.values():
                    database.wait_for_copy()
                    end = damage()
                    time.sleep(TIMEOUT)
                    refused_in_time(node)
                    end()
                    writes_again(node)
            assert not load.failures, load.failures[:5]
            assert load.count > 100
            assert len(node.admin("GET", "/consumers?size=1000").json["data"]) == int(database.sql("SELECT count(*) FROM consumers"))


def test_a_write_that_a_failover_loses_is_not_served_on(upstream):
    with DatabaseCluster() as database:
        node = Gateway(**database.settings(KONG_PG_TIMEOUT=str(int(TIMEOUT * 1000)), KONG_DB_UPDATE_FREQUENCY="1"))
        node.command("migrations", "bootstrap")
        with node:
            configure(node, upstream)
            database.wait_for_copy()
            database.standby.sql("ALTER SYSTEM SET primary_conninfo = ''")
            database.standby.sql("SELECT pg_reload_conf()")
            wait_until(lambda: database.standby.sql("SELECT count(*) FROM pg_stat_wal_receiver") == "0")
            node.create("/services/s/routes", {"paths": ["/lost/"]})
            node.create("/consumers/ann/key-auth", {"key": "lost"})
            assert node.proxy("GET", "/lost/x", headers={"apikey": "lost"}).status == 200
            database.fail_over()()
            writes_again(node)
            assert database.sql("SELECT count(*) FROM keyauth_credentials WHERE key = 'lost'") == "0"
            wait_until(lambda: node.proxy("GET", "/r/x", headers={"apikey": "lost"}).status == 401)
            wait_until(lambda: node.proxy("GET", "/lost/x", headers={"apikey": "k"}).status == 404)
            assert node.proxy("GET", "/r/x", headers={"apikey": "k"}).status == 200

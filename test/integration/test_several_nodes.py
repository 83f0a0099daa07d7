"""Nodes on one PostgreSQL: each serves the others' writes at once, also those of Kong nodes, and makes up for what it missed."""
import os
import signal
import time
import uuid

import pytest
from database_server import DatabaseServer
from gateway import Gateway, NginxServer, free_port, wait_until


@pytest.fixture(scope="module")
def database():
    with DatabaseServer() as server:
        yield server


@pytest.fixture
def fresh(database):
    database.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    node = Gateway(**database.settings())
    node.command("migrations", "bootstrap")
    return database


def serves(node, path, status=200):
    return node.proxy("GET", path).status == status


def test_a_write_is_served_by_the_other_node_at_once(fresh, upstream):
    with Gateway(**fresh.settings()) as one, Gateway(**fresh.settings()) as two:
        one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        wait_until(lambda: two.admin("GET", "/services/s").status == 200)
        for i in range(100):
            writer, reader = (one, two) if i % 2 else (two, one)
            writer.create("/services/s/routes", {"name": f"r{i}", "paths": [f"/r{i}/"]})
            wait_until(lambda: serves(reader, f"/r{i}/"), every=0.001)
        for i in range(100):
            writer, reader = (one, two) if i % 2 else (two, one)
            assert writer.admin("DELETE", f"/routes/r{i}").status == 204
            wait_until(lambda: serves(reader, f"/r{i}/", 404), every=0.001)


def kong_writes(database, sql, *events):
    """As a Kong 2.8 node does: the row, then its events, without NOTIFY."""
    database.sql(sql)
    for channel, data in events:
        database.sql("INSERT INTO cluster_events (id, node_id, at, nbf, expire_at, channel, data) VALUES "
                     f"('{uuid.uuid4()}', '{uuid.uuid4()}', CURRENT_TIMESTAMP(3) AT TIME ZONE 'UTC', NULL, "
                     f"CURRENT_TIMESTAMP(3) AT TIME ZONE 'UTC' + INTERVAL '3600 second', '{channel}', '{data}')")


def test_without_notify_a_write_is_served_within_the_update_frequency(fresh, upstream):
    with Gateway(**fresh.settings(KONG_DB_UPDATE_FREQUENCY="1")) as node:
        node.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        route = node.create("/services/s/routes", {"paths": ["/r/"]})["id"]
        for i in range(5):
            kong_writes(fresh, f"UPDATE routes SET paths = '{{/r{i}/}}' WHERE id = '{route}'",
                        ("invalidations", f"routes:{route}:::::"), ("invalidations", "router:version"))
            wait_until(lambda: serves(node, f"/r{i}/"))


def test_a_session_that_is_cut_costs_no_write(fresh, upstream):
    with Gateway(**fresh.settings()) as one, Gateway(**fresh.settings()) as two:
        one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        for i in range(5):
            fresh.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                      "AND datname = 'kong' AND application_name <> 'psql'")
            one.create("/services/s/routes", {"paths": [f"/r{i}/"]})
            wait_until(lambda: serves(two, f"/r{i}/"))


def test_writes_of_kong_nodes(fresh, upstream):
    with Gateway(**fresh.settings(KONG_DB_UPDATE_FREQUENCY="0.2")) as node:
        service = node.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})["id"]
        route = node.create("/services/s/routes", {"paths": ["/r/"]})["id"]
        workspace = fresh.sql("SELECT id FROM workspaces WHERE name = 'default'")
        assert serves(node, "/r/")
        plugin = str(uuid.uuid4())
        key = f"plugins:key-auth:{route}::::{workspace}"
        kong_writes(fresh, "INSERT INTO plugins (id, created_at, name, route_id, config, enabled, cache_key, protocols, ws_id) "
                    f"VALUES ('{plugin}', now(), 'key-auth', '{route}', '{{\"key_names\": [\"apikey\"], \"hide_credentials\": false, "
                    '"key_in_header": true, "key_in_query": true, "key_in_body": false, "run_on_preflight": true}\', '
                    f"true, '{key}', '{{http,https}}', '{workspace}')",
                    ("invalidations", key), ("invalidations", "plugins_iterator:version"))
        wait_until(lambda: serves(node, "/r/", 401))
        consumer = str(uuid.uuid4())
        kong_writes(fresh, f"INSERT INTO consumers (id, username, ws_id) VALUES ('{consumer}', 'ann', '{workspace}')",
                    ("invalidations", f"consumers:{consumer}:::::{workspace}"))
        kong_writes(fresh, "INSERT INTO keyauth_credentials (id, consumer_id, key, ws_id) VALUES "
                    f"('{uuid.uuid4()}', '{consumer}', 'k:1', '{workspace}')",
                    ("invalidations", f"keyauth_credentials:k:1:::::{workspace}"))
        with_key = {"apikey": "k:1"}
        wait_until(lambda: node.proxy("GET", "/r/", headers=with_key).status == 200)
        # The consumer goes, and with it the credential, which nobody tells of.
        kong_writes(fresh, f"DELETE FROM consumers WHERE id = '{consumer}'",
                    ("invalidations", f"consumers:{consumer}:::::{workspace}"))
        wait_until(lambda: node.proxy("GET", "/r/", headers=with_key).status == 401)
        kong_writes(fresh, f"DELETE FROM plugins WHERE id = '{plugin}'", ("invalidations", key))
        wait_until(lambda: serves(node, "/r/"))
        kong_writes(fresh, f"UPDATE services SET host = '127.0.0.1', port = 1 WHERE id = '{service}'",
                    ("invalidations", f"services:{service}:::::{workspace}"), ("invalidations", "router:version"))
        wait_until(lambda: serves(node, "/r/", 502))


def test_kong_nodes_are_told(fresh):
    with Gateway(**fresh.settings()) as node:
        fresh.sql("DELETE FROM cluster_events")
        upstream_id = node.create("/upstreams", {"name": "u"})["id"]
        target_id = node.create("/upstreams/u/targets", {"target": "127.0.0.1:80"})["id"]
        workspace = fresh.sql("SELECT id FROM workspaces WHERE name = 'default'")
        told = fresh.sql("SELECT channel || ' ' || data FROM cluster_events ORDER BY at, channel").splitlines()
        assert sorted(told) == sorted([
            f"balancer:upstreams create:{upstream_id}:u", f"invalidations upstreams:{upstream_id}:::::{workspace}",
            f"balancer:targets create:{upstream_id}", f"invalidations targets:{target_id}:::::{workspace}"])
        # Kong nodes ask for what is not older than their last look and not younger than now.
        assert fresh.sql("SELECT count(*) FROM cluster_events WHERE expire_at > now() + interval '59 minutes' "
                         "AND at <= now() + interval '1 second'") == "4"


def test_health_that_is_set_by_hand_counts_on_all_nodes(fresh, upstream):
    with Gateway(**fresh.settings()) as one, Gateway(**fresh.settings()) as two:
        one.create("/upstreams", {"name": "u", "healthchecks": {"passive": {"unhealthy": {"http_failures": 1}}}})
        one.create("/upstreams/u/targets", {"target": f"127.0.0.1:{upstream}"})
        one.create("/services", {"name": "s", "url": "http://u"})
        one.create("/services/s/routes", {"paths": ["/"]})
        wait_until(lambda: serves(two, "/x"))
        for action, status in (("unhealthy", 503), ("healthy", 200), ("unhealthy", 503)):
            assert one.admin("POST", f"/upstreams/u/targets/127.0.0.1:{upstream}/{action}").status == 204
            wait_until(lambda: serves(two, "/x", status))
            assert serves(one, "/x", status)


def test_a_node_that_was_away_catches_up(fresh, upstream):
    with Gateway(**fresh.settings()) as one:
        one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        two = Gateway(**fresh.settings())
        two.start()
        try:
            one.create("/services/s/routes", {"name": "old", "paths": ["/old"]})
            wait_until(lambda: serves(two, "/old"))
            # Its worker that follows is stopped in its tracks, as a machine that sleeps, and the events of that time are gone.
            _, workers = two.pids()
            for pid in workers:
                os.kill(pid, signal.SIGSTOP)
            one.create("/services/s/routes", {"paths": ["/new"]})
            one.admin("DELETE", "/routes/old")
            fresh.sql("DELETE FROM cluster_events")
            fresh.sql("UPDATE services SET name = 'renamed'")
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
            two.command("reload")
            wait_until(lambda: serves(two, "/new"))
            wait_until(lambda: serves(two, "/old", 404))
        finally:
            two.stop()


def test_another_worker_takes_over(fresh, upstream):
    with Gateway(workers=2, **fresh.settings()) as one, Gateway(workers=2, **fresh.settings()) as two:
        two.wanted_alarm = "exited on signal 9"
        one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        for i in range(4):
            for pid in two.pids()[1]:
                # Whichever it is that follows.
                os.kill(pid, signal.SIGKILL)
                one.create("/services/s/routes", {"paths": [f"/r{i}-{pid}/"]})
                wait_until(lambda: serves(two, f"/r{i}-{pid}/"))
            wait_until(lambda: len(two.pids()[1]) == 2)
        for i in range(3):
            two.command("reload")
            one.create("/services/s/routes", {"paths": [f"/after{i}"]})
            wait_until(lambda: serves(two, f"/after{i}"))


def test_reads_go_to_the_copy_while_it_has_what_the_node_wrote(fresh):
    with DatabaseServer(of=fresh) as copy:
        with Gateway(**fresh.settings(KONG_PG_RO_HOST="127.0.0.1", KONG_PG_RO_PORT=str(copy.port), KONG_PG_RO_TIMEOUT="1000")) as node:
            node.create("/consumers", {"username": "ann"})
            wait_until(lambda: node.admin("GET", "/consumers/ann").status == 200)
            applications = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'kong' AND application_name <> 'psql'"
            wait_until(lambda: node.admin("GET", "/consumers/ann").status == 200 and copy.sql(applications) != "0")
            # It falls behind: what the node itself wrote is there all the same.
            copy.sql("SELECT pg_wal_replay_pause()")
            for i in range(20):
                node.create("/consumers", {"username": f"c{i}"})
                assert node.admin("GET", f"/consumers/c{i}").status == 200
            copy.sql("SELECT pg_wal_replay_resume()")
            wait_until(lambda: copy.sql("SELECT count(*) FROM consumers") == "21")
            assert len(node.admin("GET", "/consumers").json["data"]) == 21
            # It goes: the other server answers.
            copy.stop()
            for i in range(5):
                assert node.admin("GET", f"/consumers/c{i}").status == 200


def test_what_answers_used_is_one_sum_for_all_nodes(fresh):
    port = free_port()
    counts = ("SELECT string_agg(period || '=' || value, ' ' ORDER BY period) FROM response_ratelimiting_metrics "
              "WHERE period_date = date_trunc('year', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'")
    with NginxServer(f'server {{ listen 127.0.0.1:{port}; add_header X-Kong-Limit "video=2, img=1"; location / {{ return 200; }} }}'), \
            Gateway(**fresh.settings()) as one, Gateway(**fresh.settings()) as two:
        one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{port}"})
        one.create("/services/s/routes", {"name": "r", "paths": ["/r/"]})
        one.create("/routes/r/plugins", {"name": "response-ratelimiting", "config": {
            "limits": {"video": {"year": 6}, "img": {"year": 9}}, "policy": "cluster"}})
        wait_until(lambda: "X-RateLimit-Limit-video-year" in two.proxy("GET", "/r/").headers)
        wait_until(lambda: fresh.sql(counts) == "img_year=1 video_year=2")
        for i, (status, left) in enumerate([(200, "2"), (200, "0"), (429, "0"), (429, "0")]):
            answer = (one, two)[i % 2].proxy("GET", "/r/")
            assert (answer.status, answer.headers["X-RateLimit-Remaining-video-year"]) == (status, left)
            used = min(i + 2, 3)
            wait_until(lambda: fresh.sql(counts) == f"img_year={used} video_year={2 * used}")


def test_a_purge_of_kept_answers_reaches_all_nodes(fresh, upstream):
    with Gateway(**fresh.settings()) as one, Gateway(**fresh.settings()) as two:
        one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        one.create("/services/s/routes", {"name": "r", "paths": ["/r/"]})
        plugin = one.create("/routes/r/plugins", {"name": "proxy-cache", "config": {
            "strategy": "memory", "content_type": ["text/plain"]}})["id"]

        def kept(node):
            return node.proxy("GET", "/r/").headers.get("X-Cache-Status") == "Hit"
        for purge in lambda key: f"/proxy-cache/{plugin}/caches/{key}", lambda key: "/proxy-cache":
            wait_until(lambda: kept(one) and kept(two))
            key = one.proxy("GET", "/r/").headers["X-Cache-Key"]
            assert one.admin("DELETE", purge(key)).status == 204
            wait_until(lambda: two.admin("GET", f"/proxy-cache/{key}").status == 404)
        # What a Kong node tells is heard too.
        wait_until(lambda: kept(two))
        key = two.proxy("GET", "/r/").headers["X-Cache-Key"]
        fresh.sql("INSERT INTO cluster_events (id, node_id, at, expire_at, channel, data) VALUES (gen_random_uuid(), "
                  f"gen_random_uuid(), now(), now() + interval '1 hour', 'proxy-cache:purge', '{plugin}:{key}')")
        wait_until(lambda: two.admin("GET", f"/proxy-cache/{key}").status == 404)


def test_a_limit_of_the_policy_cluster_is_one_for_all_nodes(fresh, upstream):
    with Gateway(**fresh.settings()) as one, Gateway(**fresh.settings()) as two:
        one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        one.create("/services/s/routes", {"name": "r", "paths": ["/r/"]})
        one.create("/routes/r/plugins", {"name": "rate-limiting", "config": {"year": 20, "policy": "cluster"}})
        wait_until(lambda: "RateLimit-Limit" in two.proxy("GET", "/r/").headers)
        used, statuses = 1, []
        wait_until(lambda: fresh.sql("SELECT value FROM ratelimiting_metrics") == "1")
        for i in range(30):
            answer = (one, two)[i % 2].proxy("GET", "/r/")
            statuses.append(answer.status)
            if answer.status == 200:
                assert answer.headers["RateLimit-Remaining"] == str(18 - i)
                used += 1
                # It is told of after the answer.
                wait_until(lambda: fresh.sql("SELECT value FROM ratelimiting_metrics") == str(used))
        assert statuses == [200] * 19 + [429] * 11
        assert fresh.sql("SELECT identifier, period, service_id, route_id <> service_id, ttl > now() + interval '364 days' "
                         "FROM ratelimiting_metrics") == "127.0.0.1|year|00000000-0000-0000-0000-000000000000|t|t"
        # What Kong nodes count is counted too.
        fresh.sql("DELETE FROM ratelimiting_metrics")
        one.admin("PATCH", f"/plugins/{one.admin('GET', '/routes/r/plugins').json['data'][0]['id']}", {"config": {"year": 50}})
        fresh.sql("INSERT INTO ratelimiting_metrics (identifier, period, period_date, route_id, value) SELECT '127.0.0.1', 'year', "
                  "date_trunc('year', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', id, 48 FROM routes")
        for i, node in enumerate([two, one, two, one]):
            assert node.proxy("GET", "/r/").status == (200 if i < 2 else 429)
            time.sleep(0.1)

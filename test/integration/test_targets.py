"""Targets come and go, fail and heal, while requests go on; the health of targets is one thing for all workers."""
import collections
import os
import random
import signal
import time

import pytest
from gateway import Gateway, NginxServer, free_port, wait_until
from load import Load
from target import Target

CHECKS = {
    "active": {"timeout": 0.3, "healthy": {"interval": 0.2, "successes": 1},
               "unhealthy": {"interval": 0.2, "tcp_failures": 1, "timeouts": 1, "http_failures": 1}},
    "passive": {"unhealthy": {"tcp_failures": 1, "timeouts": 1}},
}


def make_upstream(gw, targets, healthchecks=None, service=None, **upstream):
    gw.create("/upstreams", {"name": "up", "healthchecks": healthchecks or {}, **upstream})
    for target in targets:
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{target.port}"})
    gw.create("/services", {"name": "s", "host": "up", "port": 80, **(service or {})})
    gw.create("/services/s/routes", {"name": "r", "paths": ["/r"]})


def health(gw):
    return {t["target"].split(":")[1]: t["health"] for t in gw.admin("GET", "/upstreams/up/health").json["data"]}


def tally(gw, count):
    names = collections.Counter()
    for _ in range(count):
        answer = gw.proxy("GET", "/r")
        names[answer.body.split()[0].decode() if answer.status == 200 else answer.status] += 1
    return dict(names)


@pytest.fixture
def targets():
    several = [Target(f"t{i}").start() for i in range(4)]
    yield several
    for target in several:
        target.kill()


def test_no_request_fails_while_targets_are_killed_and_healed(targets):
    with Gateway(workers=2) as gw:
        make_upstream(gw, targets, CHECKS, {"retries": 5})
        with Load(gw.proxy_port, 16, [("GET", f"/r/{i}", {}, 200, b"t") for i in range(7)]) as load:
            end, turn = time.time() + 12, 0
            while time.time() < end:
                # One or two are gone at a time; in every third round all are back in between.
                victims = random.sample(targets, 1 + turn % 2)
                # A target that came back is unhealthy until it was probed: one of the others must take the requests.
                survivors = {str(target.port) for target in targets if target not in victims}
                wait_until(lambda: any(health(gw)[port] == "HEALTHY" for port in survivors))
                for victim in victims:
                    victim.kill()
                time.sleep(random.uniform(0.1, 0.5))
                for victim in victims:
                    victim.start()
                if turn % 3 == 2:
                    wait_until(lambda: set(health(gw).values()) == {"HEALTHY"})
                turn += 1
        assert load.failures == [], (len(load.failures), load.count, load.failures[:3])
        assert load.count > 500
        wait_until(lambda: set(health(gw).values()) == {"HEALTHY"})
        assert set(tally(gw, 40)) == {"t0", "t1", "t2", "t3"}


def test_a_hanging_target_is_left_out_after_its_first_timeout(targets):
    with Gateway(workers=1) as gw:
        checks = {"passive": {"unhealthy": {"timeouts": 1}}}
        make_upstream(gw, targets[:2], checks, {"read_timeout": 500, "retries": 1})
        tally(gw, 4)
        targets[0].stop()
        assert tally(gw, 10) == {"t1": 10}
        assert health(gw) == {str(targets[0].port): "UNHEALTHY", str(targets[1].port): "HEALTHY"}
        targets[0].go_on()


def test_active_checks_take_out_and_bring_back_by_status(tmp_path):
    status = tmp_path / "status"
    status.write_text("200")
    with Target("sick", str(status)) as sick, Target("well") as well, Gateway(workers=4) as gw:
        make_upstream(gw, [sick, well], {"active": {**CHECKS["active"], "http_path": "/status"}})
        assert set(tally(gw, 8)) == {"sick", "well"}
        status.write_text("503")
        wait_until(lambda: health(gw)[str(sick.port)] == "UNHEALTHY")
        assert tally(gw, 20) == {"well": 20}  # by every worker
        status.write_text("200")
        wait_until(lambda: health(gw)[str(sick.port)] == "HEALTHY")
        wait_until(lambda: set(tally(gw, 12)) == {"sick", "well"})


def test_tcp_checks_need_no_answer(targets):
    with Gateway(workers=2) as gw:
        checks = {"active": {"type": "tcp", "timeout": 0.3, "healthy": {"interval": 0.1, "successes": 1},
                             "unhealthy": {"interval": 0.1, "tcp_failures": 2}}}
        make_upstream(gw, targets[:2], checks)
        targets[0].kill()
        wait_until(lambda: health(gw)[str(targets[0].port)] == "UNHEALTHY")
        targets[0].start()
        wait_until(lambda: health(gw)[str(targets[0].port)] == "HEALTHY")


def test_health_outlives_reloads_and_workers(targets):
    with Gateway(workers=2) as gw:
        make_upstream(gw, targets[:2], {"passive": {"unhealthy": {"http_failures": 9}}})
        path = f"/upstreams/up/targets/127.0.0.1:{targets[0].port}"
        assert gw.admin("POST", path + "/unhealthy").status == 204
        gw.command("reload")
        assert health(gw)[str(targets[0].port)] == "UNHEALTHY"
        assert tally(gw, 10) == {"t1": 10}
        assert gw.admin("POST", path + "/healthy").status == 204
        assert set(tally(gw, 10)) == {"t0", "t1"}


def test_another_worker_takes_the_checks_over(targets):
    with Gateway(workers=2) as gw:
        make_upstream(gw, targets[:2], CHECKS)
        gw.wanted_alarm = "exited on signal 9"
        time.sleep(0.5)
        for round_ in range(2):
            for worker in gw.pids()[1][:1]:
                os.kill(worker, signal.SIGKILL)
            time.sleep(0.3)
            targets[round_].kill()
            wait_until(lambda: health(gw)[str(targets[round_].port)] == "UNHEALTHY", 15)
            targets[round_].start()
            wait_until(lambda: health(gw)[str(targets[round_].port)] == "HEALTHY", 15)


def test_only_one_worker_probes(tmp_path):
    count, port = tmp_path / "count", free_port()
    count.write_text("")
    for path in (tmp_path, count):
        path.chmod(0o777)
    http = f"""log_format l "$request_uri $http_host $server_protocol";
               server {{ listen 127.0.0.1:{port}; access_log {count} l; location / {{ return 200; }} }}"""
    with Gateway(workers=4) as gw, NginxServer(http):
        gw.create("/upstreams", {"name": "up", "host_header": "host.test", "healthchecks": {"active": {
            "http_path": "/check/x=1", "healthy": {"interval": 0.5, "successes": 1}}}})
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{port}"})
        time.sleep(3.3)
        gw.admin("DELETE", "/upstreams/up")
        lines = count.read_text().splitlines()
        assert 4 <= len(lines) <= 7, lines
        assert set(lines) == {"/check/x=1 host.test HTTP/1.0"}
        time.sleep(1)
        assert len(count.read_text().splitlines()) <= len(lines) + 1


def test_changes_of_targets_keep_requests_going(targets):
    with Gateway(workers=2) as gw:
        make_upstream(gw, targets[:2], algorithm="least-connections")
        with Load(gw.proxy_port, 8, [("GET", "/r/x", {}, 200, b"t")]) as load:
            for i in range(30):
                name = f"127.0.0.1:{targets[2 + i % 2].port}"
                gw.create("/upstreams/up/targets", {"target": name, "weight": 50})
                assert gw.admin("PATCH", f"/upstreams/up/targets/{name}", {"weight": 150}).status == 200
                assert gw.admin("DELETE", f"/upstreams/up/targets/{name}").status == 204
        assert load.failures == [], load.failures[:3]


def test_a_retry_gets_the_host_of_its_own_target(targets):
    with Gateway(workers=1) as gw:
        gw.create("/upstreams", {"name": "up"})
        targets[0].kill()
        for target in (f"localhost:{targets[0].port}", f"127.0.0.1:{targets[1].port}"):
            gw.create("/upstreams/up/targets", {"target": target})
        gw.create("/services", {"name": "s", "host": "up", "port": 80})
        gw.create("/services/s/routes", {"name": "r", "paths": ["/r"]})
        for _ in range(4):
            answer = gw.request(gw.proxy_port, "POST", "/r", b"body" * 1000)
            assert answer.status == 200
            assert answer.body.decode().split()[2] == f"127.0.0.1:{targets[1].port}"
        targets[0].start()


def test_nowhere_left_to_retry_is_503(targets):
    with Gateway(workers=1) as gw:
        make_upstream(gw, targets[:2], {"passive": {"unhealthy": {"tcp_failures": 1}}})
        targets[0].kill()
        targets[1].kill()
        answer = gw.proxy("GET", "/r")
        assert (answer.status, answer.body) == (503, b"The upstream server is currently unavailable\n"), answer.body
        answer = gw.proxy("GET", "/r")
        assert answer.json == {"message": "failure to get a peer from the ring-balancer"}
        targets[0].start(), targets[1].start()

"""GET /metrics: what all workers have counted, on both listeners, and what the node knows of itself."""
import re

import pytest

from gateway import Gateway, free_port, wait_until
from sockets import TcpServer, tcp_ask


def value(text, sample):
    found = re.search("^" + re.escape(sample) + r" (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else None


def metrics(gw):
    return gw.admin("GET", "/metrics").body.decode()


def test_workers_count_together(upstream):
    with Gateway(workers=4) as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        gw.create("/services/s/routes", {"name": "r", "paths": ["/"]})
        gw.create("/plugins", {"name": "prometheus"})
        for _ in range(60):
            assert gw.proxy("GET", "/").status == 200
        count = 'kong_http_status{service="s",route="r",code="200"}'
        wait_until(lambda: value(metrics(gw), count) == 60)
        text = metrics(gw)
        for kind in "request", "upstream", "kong":
            labels = f'service="s",route="r",type="{kind}"'
            buckets = [float(n) for n in re.findall(rf"^kong_latency_bucket{{{labels},le=.*}} (\S+)$", text, re.MULTILINE)]
            assert len(buckets) == 27 and buckets == sorted(buckets) and buckets[-1] == 60
            assert value(text, f"kong_latency_count{{{labels}}}") == 60
        assert value(text, 'kong_bandwidth{service="s",route="r",type="egress"}') > 60
        assert len(re.findall(r"^kong_memory_workers_lua_vms_bytes{", text, re.MULTILINE)) == 4
        for name in "kong", "kong_db_cache", "prometheus_metrics":
            labels = f'{{shared_dict="{name}",kong_subsystem="http"}}'
            total = value(text, "kong_memory_lua_shared_dict_total_bytes" + labels)
            assert 0 < total and 0 <= value(text, "kong_memory_lua_shared_dict_bytes" + labels) < total / 4
        assert value(text, "kong_datastore_reachable") == 1 and value(text, "kong_nginx_metric_errors_total") == 0
        status = gw.request(gw.status_port, "GET", "/metrics")
        assert status.headers["Content-Type"] == "text/plain; charset=UTF-8" and count.encode() in status.body
        gw.command("reload")
        assert value(metrics(gw), count) == 60


def test_each_series_is_told_of_once(upstream):
    with Gateway() as gw:
        gw.create("/plugins", {"name": "prometheus", "config": {"per_consumer": True}})
        for i in range(5):
            gw.create("/services", {"name": f"s{i}", "url": f"http://127.0.0.1:{upstream}"})
            gw.create(f"/services/s{i}/routes", {"name": f"r{i}", "paths": [f"/{i}/"]})
            gw.proxy("GET", f"/{i}/")
        wait_until(lambda: 'service="s4"' in metrics(gw))
        lines = metrics(gw).splitlines()
        samples = [line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")]
        heads = [line for line in lines if line.startswith("#")]
        assert len(samples) == len(set(samples)) and len(heads) == len(set(heads))


def test_health_of_targets(gateway):
    dead = free_port()
    gateway.create("/upstreams", {"name": "u", "healthchecks": {"passive": {"unhealthy": {"tcp_failures": 1}}}})
    gateway.create("/upstreams/u/targets", {"target": f"127.0.0.1:{dead}"})
    gateway.create("/upstreams", {"name": "unchecked"})
    gateway.create("/upstreams/unchecked/targets", {"target": "127.0.0.1:1"})
    gateway.create("/upstreams", {"name": "nowhere"})
    gateway.create("/upstreams/nowhere/targets", {"target": "no.such.name.invalid:80"})

    def state(upstream, target, address, name):
        return value(metrics(gateway), f'kong_upstream_target_health{{upstream="{upstream}",target="{target}",'
                     f'address="{address}",state="{name}",subsystem="http"}}')
    place = f"127.0.0.1:{dead}"
    wait_until(lambda: state("u", place, place, "healthy") == 1)
    gateway.admin("POST", f"/upstreams/u/targets/{place}/unhealthy")
    wait_until(lambda: state("u", place, place, "unhealthy") == 1)
    assert state("u", place, place, "healthy") == 0
    assert state("unchecked", "127.0.0.1:1", "127.0.0.1:1", "healthchecks_off") == 1
    wait_until(lambda: state("nowhere", "no.such.name.invalid:80", "", "dns_error") == 1)


def test_sessions_are_counted():
    port = free_port()
    with Gateway(KONG_STREAM_LISTEN=f"127.0.0.1:{port}") as gw, TcpServer(b"<") as server:
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": server.port, "protocol": "tcp"})
        gw.create("/services/s/routes", {"name": "r", "protocols": ["tcp"], "destinations": [{"port": port}]})
        gw.create("/plugins", {"name": "prometheus", "protocols": ["tcp"]})
        tcp_ask(port, b"hello", 6)
        wait_until(lambda: value(metrics(gw), 'kong_stream_status{service="s",route="r",code="200"}') == 1)
        assert value(metrics(gw), 'kong_bandwidth{service="s",route="r",type="ingress"}') == 5


@pytest.mark.parametrize("plugins", ["bundled", "key-auth"])
def test_metrics_are_there_when_the_plugin_is_enabled(plugins):
    with Gateway(KONG_PLUGINS=plugins) as gw:
        assert gw.admin("GET", "/metrics").status == (200 if plugins == "bundled" else 404)

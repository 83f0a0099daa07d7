"""Rate limits whose counters are in Redis: shared by nodes, with credentials and TLS, and what happens when Redis fails."""
import subprocess
import tempfile

import pytest

from certificates import Authority
from gateway import Gateway, free_port, port_answers, wait_until


class Redis:
    """with Redis("--requirepass", "x") as r: r.ask("GET", "key")"""

    def __init__(self, *arguments, port=None, tls=None):
        self.port, self.tls = port or free_port(), tls
        self.folder = tempfile.mkdtemp(prefix="silverback-redis-")
        listen = ["--port", str(self.port)]
        if tls:
            listen = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", "--tls-cert-file",
                      str(tls.cert_file), "--tls-key-file", str(tls.key_file), "--tls-ca-cert-file", str(tls.cert_file)]
        self.command = ["redis-server", *listen, "--bind", "127.0.0.1", "--save", "", "--dir", self.folder, *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        wait_until(lambda: port_answers(self.port))
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, *words, options=()):
        return subprocess.run(["redis-cli", "-p", str(self.port), *options, *words], stdout=subprocess.PIPE, text=True,
                              check=True).stdout.strip()


def serve(gw, upstream, plugin="rate-limiting", **config):
    gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
    gw.create("/services/s/routes", {"name": "r", "paths": ["/r/"]})
    gw.create("/routes/r/plugins", {"name": plugin, "config": {"policy": "redis", "redis_host": "127.0.0.1", **config}})


def test_nodes_count_together(upstream):
    with Redis() as redis, Gateway() as one, Gateway() as two:
        for node in one, two:
            node.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
            node.admin("PUT", "/routes/7b2ba8f4-4cbc-4b0a-8d3c-1f9b9b6d9d11", {"service": {"name": "s"}, "paths": ["/r/"]})
            node.create("/routes/7b2ba8f4-4cbc-4b0a-8d3c-1f9b9b6d9d11/plugins", {"name": "rate-limiting", "config": {
                "year": 20, "policy": "redis", "redis_host": "127.0.0.1", "redis_port": redis.port}})
        answers = [(one, two)[i % 2].proxy("GET", "/r/") for i in range(30)]
        assert [answer.status for answer in answers] == [200] * 20 + [429] * 10
        assert [answer.headers["RateLimit-Remaining"] for answer in answers[:20]] == [str(19 - i) for i in range(20)]
        key = redis.ask("KEYS", "*")
        assert key.startswith("ratelimit:7b2ba8f4-4cbc-4b0a-8d3c-1f9b9b6d9d11:00000000-0000-0000-0000-000000000000:127.0.0.1:")
        wait_until(lambda: redis.ask("GET", key) == "20")
        assert 31530000 < int(redis.ask("TTL", key)) <= 31536000
        assert int(redis.ask("INFO", "clients").split("connected_clients:")[1].split()[0]) <= 5


def test_concurrent_requests_never_share_the_last_place(upstream):
    from concurrent.futures import ThreadPoolExecutor
    with Redis() as redis, Gateway(workers=2) as gw:
        serve(gw, upstream, redis_port=redis.port, year=50)
        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: gw.proxy("GET", "/r/").status, range(150)))
        assert statuses.count(200) <= 50 and set(statuses) <= {200, 429}


def test_credentials_and_database(upstream):
    with Redis("--requirepass", "secret word") as redis, Gateway() as gw:
        serve(gw, upstream, redis_port=redis.port, redis_password="secret word", redis_database=3, year=2)
        assert [gw.proxy("GET", "/r/").status for _ in range(3)] == [200, 200, 429]
        asked = redis.ask("-n", "3", "DBSIZE", options=("--no-auth-warning", "-a", "secret word"))
        assert asked == "1"
        # A warm pool does not let a wrong password pass.
        plugin = gw.admin("GET", "/routes/r/plugins").json["data"][0]["id"]
        gw.admin("PATCH", f"/plugins/{plugin}", {"config": {"redis_password": "wrong", "fault_tolerant": False}})
        assert gw.proxy("GET", "/r/").status == 500
        wait_until(lambda: "failed to get usage: WRONGPASS" in gw.error_log())
        assert "secret word" not in gw.error_log() and "wrong" not in gw.error_log().replace("WRONGPASS", "")


def test_users(upstream):
    with Redis(*"--user gateway on >pw ~* +@all --user default off".split()) as redis, Gateway() as gw:
        serve(gw, upstream, redis_port=redis.port, redis_username="gateway", redis_password="pw", year=1)
        assert [gw.proxy("GET", "/r/").status for _ in range(2)] == [200, 429]


def test_tls(upstream):
    with Authority() as ca, Authority("another") as other:
        trusted, stranger = ca.issue("redis.test"), other.issue("redis.test")
        env = {"KONG_LUA_SSL_TRUSTED_CERTIFICATE": str(ca.certificate.cert_file)}
        with Redis(tls=trusted) as redis, Redis(tls=stranger) as foreign, Gateway(**env) as gw:
            settings = {"redis_ssl": True, "redis_ssl_verify": True, "redis_server_name": "redis.test"}
            serve(gw, upstream, redis_port=redis.port, year=1, fault_tolerant=False, **settings)
            assert [gw.proxy("GET", "/r/").status for _ in range(2)] == [200, 429]
            plugin = gw.admin("GET", "/routes/r/plugins").json["data"][0]["id"]
            gw.admin("PATCH", f"/plugins/{plugin}", {"config": {"redis_port": foreign.port}})
            assert gw.proxy("GET", "/r/").status == 500
            wait_until(lambda: "certificate verify error" in gw.error_log())
            gw.admin("PATCH", f"/plugins/{plugin}", {"config": {"redis_ssl_verify": False}})
            assert gw.proxy("GET", "/r/").status == 200
            gw.admin("PATCH", f"/plugins/{plugin}", {"config": {
                "redis_port": redis.port, "redis_ssl_verify": True, "redis_server_name": "not.test"}})
            assert gw.proxy("GET", "/r/").status == 500


@pytest.mark.parametrize("tolerant", [True, False])
def test_without_redis(upstream, tolerant):
    port = free_port()
    with Gateway() as gw:
        serve(gw, upstream, redis_port=port, year=1, fault_tolerant=tolerant)
        for _ in range(3):
            answer = gw.proxy("GET", "/r/")
            assert answer.status == (200 if tolerant else 500) and "RateLimit-Limit" not in answer.headers
        with Redis(port=port) as redis:
            assert [gw.proxy("GET", "/r/").status for _ in range(2)] == [200, 429]
            redis.process.kill()
            redis.process.wait()
            assert gw.proxy("GET", "/r/").status == (200 if tolerant else 500)
        with Redis(port=port):
            assert [gw.proxy("GET", "/r/").status for _ in range(2)] == [200, 429]


def test_a_silent_redis_delays_its_own_requests_only(upstream):
    import socket
    with socket.create_server(("127.0.0.1", 0)) as silent, Gateway(workers=1) as gw:
        serve(gw, upstream, redis_port=silent.getsockname()[1], redis_timeout=300, year=1)
        gw.create("/services/s/routes", {"name": "free", "paths": ["/free/"]})
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(gw.proxy, "GET", "/r/") for _ in range(4)]
            assert gw.proxy("GET", "/free/").status == 200
            assert [each.result().status for each in waiting] == [200] * 4
        assert "failed to get usage: failed to receive: timeout" in gw.error_log()


def used(port, amounts):
    from gateway import NginxServer
    return NginxServer(f'server {{ listen 127.0.0.1:{port}; location / {{ add_header X-Kong-Limit "{amounts}"; return 200 body; }} }}')


@pytest.mark.parametrize("policy", ["local", "redis"])
def test_response_ratelimiting(policy):
    port = free_port()
    with used(port, "video=2"), Redis() as redis, Gateway(workers=2) as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{port}"})
        gw.create("/services/s/routes", {"name": "r", "paths": ["/"]})
        config = {"limits": {"video": {"year": 5}}, "policy": policy}
        if policy == "redis":
            config.update({"redis_host": "127.0.0.1", "redis_port": redis.port})
        gw.create("/routes/r/plugins", {"name": "response-ratelimiting", "config": config})
        left = []
        for i in range(5):
            if policy == "redis":
                wait_until(lambda: i == 0 or redis.ask("GET", redis.ask("KEYS", "*")) == str(min(i, 3) * 2))
            answer = gw.proxy("GET", "/")
            left.append((answer.status, answer.headers["X-RateLimit-Remaining-video-year"], answer.body))
        assert left == [(200, "3", b"body"), (200, "1", b"body"), (200, "0", b"body"), (429, "0", b""), (429, "0", b"")]

"""proxy-cache on real traffic: one memory for all workers, bounded, and seen through the Admin API."""
import json
import socketserver
import threading

import pytest

from gateway import Gateway, NginxServer, free_port, wait_until
from sockets import HttpCollector


@pytest.fixture(scope="module")
def origin():
    """Answers with a number that is another one for every request; /big/N: N kB."""
    port = free_port()
    big = "".join(f'location /big/{n} {{ return 200 "{"$kilobyte" * n}"; }}' for n in (1, 9))
    with NginxServer(f'''server {{ listen 127.0.0.1:{port};
            default_type text/plain;
            set $kilobyte "{"x" * 1000}";
            location / {{ add_header X-Path $uri; return 200 "$request_id"; }}
            {big} }}'''):
        yield port


def cached(gw, origin, **config):
    service = gw.create("/services", {"url": f"http://127.0.0.1:{origin}"})
    gw.create("/routes", {"paths": ["/"], "service": {"id": service["id"]}})
    return gw.create("/plugins", {"name": "proxy-cache", "config": {
        "strategy": "memory", "content_type": ["text/plain"], **config}})


def test_all_workers_answer_from_one_memory(origin):
    with Gateway(workers=4) as gw:
        cached(gw, origin)
        first = gw.proxy("GET", "/one")
        assert first.headers["X-Cache-Status"] == "Miss"
        assert int(first.headers["Content-Length"]) == len(first.body)
        for _ in range(40):
            again = gw.proxy("GET", "/one")
            assert (again.headers["X-Cache-Status"], again.body) == ("Hit", first.body)
            assert again.headers["X-Path"] == "/one" and "Via" in again.headers and "X-Kong-Upstream-Latency" in again.headers
        gw.command("reload")
        assert gw.proxy("GET", "/one").body == first.body


def test_the_admin_api_shows_and_removes(gateway, origin):
    plugin = cached(gateway, origin)["id"]
    key = gateway.proxy("GET", "/x").headers["X-Cache-Key"]
    for path in f"/proxy-cache/{key}", f"/proxy-cache/{plugin}/caches/{key}":
        entry = gateway.admin("GET", path).json
        assert entry["status"] == 200 and entry["headers"]["X-Path"] == "/x" and entry["ttl"] == 300
        assert gateway.admin("DELETE", path).status == 204
        assert gateway.admin("GET", path).status == gateway.admin("DELETE", path).status == 404
        assert gateway.proxy("GET", "/x").headers["X-Cache-Status"] == "Miss"
    gateway.proxy("GET", "/y")
    assert gateway.admin("DELETE", "/proxy-cache").status == 204
    assert gateway.proxy("GET", "/y").headers["X-Cache-Status"] == "Miss"
    other = gateway.create("/plugins", {"name": "cors"})["id"]
    assert gateway.admin("GET", f"/proxy-cache/{other}/caches/{key}").status == 404


def test_a_dictionary_of_its_own_never_grows(origin):
    with Gateway(KONG_NGINX_HTTP_LUA_SHARED_DICT="mine 64k") as gw:
        cached(gw, origin, memory={"dictionary_name": "mine"})
        key = gw.proxy("GET", "/0").headers["X-Cache-Key"]
        for number in range(1, 100):
            assert gw.proxy("GET", f"/{number}").headers["X-Cache-Status"] == "Miss"
        assert gw.admin("GET", f"/proxy-cache/{key}").status == 404
        assert gw.proxy("GET", "/99").headers["X-Cache-Status"] == "Hit"
        assert "mine" in gw.admin("GET", "/status").json["memory"]["lua_shared_dicts"]


def test_answers_that_are_too_large_pass(origin):
    with Gateway(KONG_NGINX_HTTP_LUA_SHARED_DICT="mine 64k") as gw:
        cached(gw, origin, memory={"dictionary_name": "mine"})
        for size, status in ((1, "Hit"), (9, "Miss"), (1, "Hit")):
            gw.proxy("GET", f"/big/{size}")
            answer = gw.proxy("GET", f"/big/{size}")
            assert (answer.headers["X-Cache-Status"], len(answer.body)) == (status, 1000 * size)


def test_an_answer_that_breaks_off_is_not_kept(gateway):
    class Broken(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Broken)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cached(gateway, server.server_address[1])
    for _ in range(3):
        with pytest.raises(Exception):
            gateway.proxy("GET", "/")
    server.shutdown()


def test_what_a_log_says_of_an_answer_from_memory(gateway, origin):
    cached(gateway, origin)
    with HttpCollector() as collector:
        gateway.create("/plugins", {"name": "http-log", "config": {"http_endpoint": f"http://127.0.0.1:{collector.port}/"}})
        for entries in 1, 2:
            gateway.proxy("GET", "/logged")
            wait_until(lambda: len(collector.bodies) == entries)
        miss, hit = (json.loads(body) for body in collector.bodies)
        assert miss["response"]["headers"]["x-cache-status"] == "Miss" and len(miss["tries"]) == 1
        assert hit["response"]["headers"]["x-cache-status"] == "Hit" and hit["tries"] == []
        assert hit["latencies"]["proxy"] >= 0

"""Upstreams and clients that misbehave at each step: the status, the body in each format, and what plugins log of it."""
import json
import pathlib
import socket
import struct
import time
import uuid

import pytest
from gateway import Gateway, NginxServer, free_port, wait_until
from sockets import HttpCollector, RawServer, read_head

BAD = "An invalid response was received from the upstream server"
LATE = "The upstream server is timing out"


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def says(text, then=lambda connection: None):
    def serve(connection, number):
        read_head(connection)
        connection.sendall(text)
        then(connection)
    return serve


def only_reads_heads(connection, number):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    read_head(connection)
    time.sleep(3)


HEADERS = b"HTTP/1.1 200 OK\r\n"
UPSTREAMS = {
    "closes": (says(b""), 502, BAD),
    "resets": (says(b"", reset), 502, BAD),
    "resets within the headers": (says(HEADERS + b"X-A: b\r\n", reset), 502, BAD),
    "is silent": (says(b"", lambda connection: time.sleep(2)), 504, LATE),
    "is silent within the headers": (says(HEADERS, lambda connection: time.sleep(2)), 504, LATE),
    "has headers too large": (says(HEADERS + b"X-A: " + b"b" * 70000 + b"\r\n\r\n"), 502, BAD),
    "has a broken header": (says(HEADERS + b"X\0A: b\r\n\r\nbody"), 502, BAD),
}


@pytest.fixture(scope="module")
def collector():
    with HttpCollector() as made:
        yield made


@pytest.fixture(scope="module")
def gw(collector):
    """Every request is logged to the collector."""
    settings = {"KONG_HEADERS": "server_tokens,latency_tokens,X-Kong-Upstream-Status"}
    with Gateway(workers=1, **settings) as made:
        made.create("/plugins", {"name": "http-log", "config": {"http_endpoint": f"http://127.0.0.1:{collector.port}/"}})
        made.create("/plugins", {"name": "correlation-id", "config": {"echo_downstream": True}})
        made.create("/services", {"name": "s", "host": "127.0.0.1", "port": 1, "retries": 1, "connect_timeout": 300,
                                  "write_timeout": 300, "read_timeout": 300})
        made.create("/services/s/routes", {"name": "r", "paths": ["/r"]})
        yield made


def to(gw, port, **members):
    assert gw.admin("PATCH", "/services/s", {"port": port, **members}).status == 200


def forget(gw, collector):
    """What earlier requests are logged with, which comes in their order."""
    marker = f"marker-{uuid.uuid4()}"
    gw.proxy("GET", f"/{marker}")
    wait_until(lambda: any(marker.encode() in body for body in list(collector.bodies)))
    collector.bodies.clear()


def logged(collector):
    wait_until(lambda: collector.bodies)
    return json.loads(collector.bodies.pop())


@pytest.mark.parametrize("method, tries", [("GET", 3), ("PUT", 3), ("DELETE", 3), ("POST", 1), ("PATCH", 1)])
def test_what_an_upstream_may_have_acted_upon_is_not_sent_again(gw, method, tries):
    with RawServer(says(b"")) as server:
        to(gw, server.port, retries=2)
        assert gw.proxy(method, "/r").status == 502
        assert server.count == tries
    to(gw, server.port, retries=1)


def test_when_to_try_again_can_be_set():
    when = {f"KONG_NGINX_PROXY_{module}_NEXT_UPSTREAM": "error timeout http_503 non_idempotent" for module in ("PROXY", "GRPC")}
    with RawServer(says(b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno")) as server, Gateway(workers=1, **when) as gw:
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": server.port, "retries": 2})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        for tries, method in ((3, "GET"), (6, "POST")):
            assert gw.proxy(method, "/r").status == 503
            assert server.count == tries


def test_a_status_that_sends_a_request_on_goes_to_another_target():
    lost, found = (says(b"HTTP/1.1 %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhm" % line)
                   for line in (b"404 Lost", b"200 OK"))
    with RawServer(lost) as one, RawServer(found) as two, \
            Gateway(workers=1, KONG_NGINX_PROXY_PROXY_NEXT_UPSTREAM="error http_404") as gw:
        checks = {"passive": {"unhealthy": {"http_failures": 2, "http_statuses": [404]}}}
        gw.create("/upstreams", {"name": "up", "healthchecks": checks})
        for server in (one, two):
            gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{server.port}"})
        gw.create("/services", {"name": "s", "host": "up"})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        assert [gw.proxy("GET", "/r").status for _ in range(8)] == [200] * 8
        # Each 404 counted as what it is.
        assert one.count == 2
        health = {t["target"]: t["health"] for t in gw.admin("GET", "/upstreams/up/health").json["data"]}
        assert health == {f"127.0.0.1:{one.port}": "UNHEALTHY", f"127.0.0.1:{two.port}": "HEALTHY"}


@pytest.mark.parametrize("kind", UPSTREAMS)
def test_upstreams_that_misbehave(gw, collector, kind):
    serve, status, message = UPSTREAMS[kind]
    with RawServer(serve) as server:
        to(gw, server.port)
        forget(gw, collector)
        answer = gw.proxy("GET", "/r", headers={"Accept": "application/json"})
        assert (answer.status, answer.json) == (status, {"message": message}), answer.body
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["Kong-Request-ID"] and int(answer.headers["X-Kong-Upstream-Latency"]) >= 0
        assert answer.headers["Via"] == "kong/2.8.5"
        entry = logged(collector)
        assert entry["response"]["status"] == status and entry["service"]["name"] == "s"
        retried = not kind.startswith("has")  # an answer that makes no sense is an answer
        assert [t["port"] for t in entry["tries"]] == [server.port] * (2 if retried else 1)
        assert not retried or (entry["tries"][0]["state"], entry["tries"][0]["code"]) == ("failed", status)
        assert entry["upstream_uri"] == "/"


FORMATS = {"application/json": '{\n  "message":"%s"\n}', "text/plain": "%s\n",
           "text/html": '<!doctype html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <title>Kong Error</title>\n'
                        "  </head>\n  <body>\n    <h1>Kong Error</h1>\n    <p>%s.</p>\n  </body>\n</html>\n",
           "application/xml": '<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>%s</message>\n</error>\n'}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_also_before_routing(gw, kind):
    to(gw, free_port())
    for request, status, message in (
            (b"GET /r HTTP/1.1\r\nHost: a\r\nAccept: %s\r\nConnection: close\r\n\r\n", 502, BAD),
            (b"GET /r HTTP/1.1\r\nHost: a\r\nAccept: %s\r\nContent-Length: x\r\n\r\n", 400, "Bad request"),
            (b"GET /r HTTP/1.1\r\nHost: a\r\nAccept: %s\r\nX-A: " + b"b" * 9000 + b"\r\n\r\n", 400, "Bad request")):
        with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
            client.sendall(request.replace(b"%s", kind.encode()))
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        head, body = answer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 %d " % status), head
        assert b"Content-Type: %s; charset=utf-8" % kind.encode() in head
        assert body.decode() == FORMATS[kind] % message


@pytest.mark.parametrize("kind", FORMATS)
def test_the_format_of_the_configuration(kind):
    with Gateway(workers=1, KONG_ERROR_DEFAULT_TYPE=kind) as gw:
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": free_port()})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        answer = gw.proxy("GET", "/r")
        assert (answer.status, answer.body.decode()) == (502, FORMATS[kind] % BAD)
        # What plugins and the router say is JSON, whatever the setting.
        assert gw.proxy("GET", "/other").json == {"message": "no Route matched with those values"}


def test_lists_of_formats(gw):
    """The error handler takes what stands before the first semicolon, plugins weigh the list."""
    to(gw, free_port())
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for accept, kind in ((browser, "application/json"), ("application/xml;q=0.1, text/html", "application/xml")):
        answer = gw.proxy("GET", "/r", headers={"Accept": accept})
        assert (answer.status, answer.body.decode()) == (502, FORMATS[kind] % BAD)
    plugin = gw.create("/services/s/plugins", {"name": "key-auth"})
    for accept, kind in ((browser, "text/html"), ("application/xml;q=0.1, text/plain;q=0.2", "text/plain")):
        answer = gw.proxy("GET", "/r", headers={"Accept": accept})
        assert (answer.status, answer.body.decode()) == (401, FORMATS[kind] % "No API key found in request")
    gw.admin("DELETE", f"/plugins/{plugin['id']}")
    answer = gw.proxy("GET", "/r", headers={"Accept": "application/grpc"})
    assert answer.body.decode() == '{"message":"%s"}' % BAD


BEFORE_ROUTING = {
    "garbage": (b"GARBAGE\r\n\r\n", 400), "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "long line": (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 9000), 414),
    "long header": (b"GET / HTTP/1.1\r\nHost: a\r\nX-A: %s\r\n\r\n" % (b"a" * 9000), 400),
    "bad chunk": (b"POST /r HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "trace": (b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
}


@pytest.mark.parametrize("kind", BEFORE_ROUTING)
def test_global_plugins_log_what_never_reached_a_route(gw, collector, kind):
    text, status = BEFORE_ROUTING[kind]
    forget(gw, collector)
    with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
        client.sendall(text)
        assert client.recv(65536).startswith(b"HTTP/1.1 %d " % status)
    entry = logged(collector)
    assert entry["response"]["status"] == status and entry["client_ip"] == "127.0.0.1"
    if kind != "bad chunk":
        assert "route" not in entry and "service" not in entry
        assert entry["latencies"]["proxy"] == -1 and entry.get("tries", []) == []


def test_connections_that_take_too_long(gw, collector):
    """A listener whose queue is full answers no further SYN."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            waiting.append(client)
        time.sleep(0.1)
        to(gw, port)
        forget(gw, collector)
        answer = gw.proxy("GET", "/r", headers={"Accept": "application/json"})
        assert (answer.status, answer.json["message"]) == (504, LATE)
        assert [t["code"] for t in logged(collector)["tries"][:1]] == [504]
        for client in waiting:
            client.close()


def test_bodies_that_nobody_reads(gw):
    with RawServer(only_reads_heads) as server:
        to(gw, server.port, retries=0)
        answer = gw.proxy("POST", "/r", b"x" * (8 << 20), {"Accept": "application/json"})
        assert (answer.status, answer.json["message"]) == (504, LATE)
    to(gw, free_port(), retries=1)


@pytest.mark.parametrize("kind", ["truncated", "bad chunks", "reset"])
def test_answers_that_break_off_are_cut_short_and_not_mended(gw, kind):
    text = {"truncated": HEADERS + b"Content-Length: 100\r\n\r\nhalf", "reset": HEADERS + b"Content-Length: 100\r\n\r\nhalf",
            "bad chunks": HEADERS + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n"}[kind]
    with RawServer(says(text, reset if kind == "reset" else lambda connection: None)) as server:
        to(gw, server.port)
        with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
            client.sendall(b"GET /r HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        assert not answer or answer.startswith(HEADERS) and not answer.endswith(b"0\r\n\r\n")


def test_bodies_above_the_limit(upstream):
    with Gateway(workers=1, KONG_NGINX_HTTP_CLIENT_MAX_BODY_SIZE="1k") as gw:
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": upstream})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        assert gw.proxy("POST", "/r", "x" * 1000).status == 200
        answer = gw.proxy("POST", "/r", "x" * 1100, {"Accept": "application/json"})
        assert (answer.status, answer.json) == (413, {"message": "Payload too large"})


@pytest.mark.parametrize("kind", ["body", "header"])
def test_clients_that_stall(upstream, kind):
    settings = {"KONG_NGINX_PROXY_CLIENT_BODY_TIMEOUT": "500ms", "KONG_NGINX_PROXY_CLIENT_HEADER_TIMEOUT": "500ms"}
    with Gateway(workers=1, **settings) as gw, HttpCollector() as collector:
        gw.create("/plugins", {"name": "http-log", "config": {"http_endpoint": f"http://127.0.0.1:{collector.port}/"}})
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": upstream})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        head = b"POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"
        with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
            client.sendall(head + (b"\r\nhalf" if kind == "body" else b""))
            assert client.recv(100) == b""  # nginx says nothing to a client that is late
        if kind == "body":
            assert logged(collector)["response"]["status"] == 408
        else:  # no request yet: nothing for plugins
            wait_until(lambda: " 408 " in pathlib.Path(gw.prefix, "logs/access.log").read_text())


def test_plain_http_at_a_port_of_tls(gw):
    with socket.create_connection(("127.0.0.1", gw.tls_port), 10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ") and b"The plain HTTP request was sent to HTTPS port" in answer


def test_clients_that_go_away_are_logged_as_499():
    with RawServer(says(b"", lambda connection: time.sleep(1))) as server, Gateway(workers=1) as gw, HttpCollector() as collector:
        gw.create("/plugins", {"name": "http-log", "config": {"http_endpoint": f"http://127.0.0.1:{collector.port}/"}})
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": server.port})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
            client.sendall(b"GET /r HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.2)
        assert logged(collector)["response"]["status"] == 499


def test_the_status_of_the_upstream_is_told_beside_ours(gw):
    """X-Kong-Upstream-Status is the upstream's, also when a plugin answers otherwise."""
    port = free_port()
    with NginxServer(f"server {{ listen 127.0.0.1:{port}; return 418 tea; }}"):
        to(gw, port)
        answer = gw.proxy("GET", "/r")
        assert (answer.status, answer.headers["X-Kong-Upstream-Status"]) == (418, "418")

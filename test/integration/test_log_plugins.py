"""Log and metric plugins on real traffic, HTTP and TCP: what receivers get, and what becomes of it when they fail."""
import json
import socket
import threading

import pytest

from certificates import Authority
from gateway import Gateway, free_port, wait_until
from sockets import HttpCollector, TcpServer, tcp_ask


class UdpSink:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port, self.texts = self.socket.getsockname()[1], []
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while True:
            self.texts.append(self.socket.recv(65536).decode())


class LineSink(TcpServer):
    """Keeps the lines that come over TCP or TLS, and answers nothing."""

    def __init__(self, **settings):
        self.lines, self.connections = [], 0
        super().__init__(**settings)

    def _serve(self, connection, address):
        self.connections += 1
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True)
            self.name = self.names.pop(connection, None)
        rest = b""
        while data := connection.recv(65536):
            rest += data
            *lines, rest = rest.split(b"\n")
            self.lines += [json.loads(line) for line in lines]


def serve(gw, upstream, name="s"):
    gw.create("/services", {"name": name, "url": f"http://127.0.0.1:{upstream}"})
    gw.create(f"/services/{name}/routes", {"name": name, "paths": ["/"]})


def test_tcp_log_keeps_its_connection(upstream):
    with Gateway(workers=1) as gw, LineSink() as sink:
        serve(gw, upstream)
        gw.create("/plugins", {"name": "tcp-log", "config": {"host": "localhost", "port": sink.port}})
        for i in range(5):
            gw.proxy("GET", f"/{i}")
            wait_until(lambda: len(sink.lines) == i + 1)
        assert [line["request"]["uri"] for line in sink.lines] == [f"/{i}" for i in range(5)]
        assert sink.connections == 1


def test_tcp_log_over_tls(upstream):
    with Authority() as ca, Gateway() as gw:
        with LineSink(certificate=ca.issue("log.test")) as sink:
            serve(gw, upstream)
            config = {"host": "127.0.0.1", "port": sink.port, "tls": True, "tls_sni": "log.test"}
            gw.create("/plugins", {"name": "tcp-log", "config": config})
            gw.proxy("GET", "/secret")
            wait_until(lambda: sink.lines)
            assert sink.lines[0]["request"]["uri"] == "/secret" and sink.name == "log.test"


def test_tcp_log_outlives_its_receiver(upstream):
    port = free_port()
    with Gateway(workers=1) as gw:
        serve(gw, upstream)
        gw.create("/plugins", {"name": "tcp-log", "config": {"host": "127.0.0.1", "port": port, "timeout": 200}})
        for i in range(3):
            assert gw.proxy("GET", f"/{i}").status == 200
        wait_until(lambda: "tcp-log 127.0.0.1" in gw.error_log())
        lines = []

        def receive():
            with socket.create_server(("127.0.0.1", port)) as listener:
                connection, _ = listener.accept()
                with connection, connection.makefile() as text:
                    lines.extend(text)
        threading.Thread(target=receive, daemon=True).start()
        gw.proxy("GET", "/last")
        gw.command("quit")  # what waits is sent before the worker ends
        wait_until(lambda: lines)


def test_statsd_and_datadog(upstream):
    sink = UdpSink()
    with Gateway() as gw:
        serve(gw, upstream)
        gw.create("/plugins", {"name": "statsd", "config": {"host": "127.0.0.1", "port": sink.port, "prefix": "p"}})
        gw.create("/plugins", {"name": "datadog", "config": {"host": "127.0.0.1", "port": sink.port}})
        gw.proxy("GET", "/x")
        wait_until(lambda: len(sink.texts) == 14)
        texts = sorted(text.split(":")[0] + text[text.index("|"):] for text in sink.texts)
        assert texts[:6] == [f"kong.{name}|{kind}|#name:s,status:200,app:kong" for name, kind in (
            ("kong_latency", "ms"), ("latency", "ms"), ("request.count", "c"), ("request.size", "ms"),
            ("response.size", "ms"), ("upstream_latency", "ms"))]
        assert texts[6:] == ["p.s.kong_latency|ms", "p.s.latency|ms", "p.s.request.count|c", "p.s.request.size|ms",
                             "p.s.request.status.200|c", "p.s.request.status.total|c", "p.s.response.size|ms",
                             "p.s.upstream_latency|ms"]


def spans_of(collector):
    return {span["name"]: span for body in collector.bodies for span in json.loads(body)}


def test_zipkin_tells_of_each_try(upstream):
    with Gateway() as gw, HttpCollector() as collector:
        gw.create("/upstreams", {"name": "u", "algorithm": "round-robin"})
        gw.create("/upstreams/u/targets", {"target": f"127.0.0.1:{free_port()}", "weight": 1000})
        gw.create("/upstreams/u/targets", {"target": f"127.0.0.1:{upstream}", "weight": 1})
        gw.create("/services", {"name": "s", "host": "u"})
        gw.create("/services/s/routes", {"name": "r", "paths": ["/"]})
        gw.create("/plugins", {"name": "zipkin", "config": {
            "http_endpoint": f"http://127.0.0.1:{collector.port}/spans", "sample_ratio": 1}})

        def retried():
            collector.bodies.clear()
            gw.proxy("GET", "/x", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
            wait_until(lambda: "GET" in spans_of(collector))
            return "GET (balancer try 2)" in spans_of(collector)
        wait_until(retried)
        spans = spans_of(collector)
        assert all(span["traceId"] == "a" * 32 for span in spans.values())
        request, proxy, first = spans["GET"], spans["GET (proxy)"], spans["GET (balancer try 1)"]
        assert request["parentId"] == "b" * 16 and proxy["parentId"] == first["parentId"] == request["id"]
        assert first["tags"]["error"] == "true" and first["tags"]["kong.balancer.state"] == "failed"
        assert [each["value"] for each in request["annotations"]] == ["krs", "krf"]
        assert [each["value"] for each in proxy["annotations"]] == ["khs", "khf", "kbs", "kas", "kaf", "kbf"]
        ends = [span["timestamp"] + span["duration"] for span in (proxy, request)]
        assert request["timestamp"] <= proxy["timestamp"] and ends[0] <= ends[1]


def test_zipkin_hands_the_trace_on(gateway):
    with TcpServer(prefix=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as server:
        serve(gateway, server.port)
        gateway.create("/plugins", {"name": "zipkin", "config": {"sample_ratio": 0, "default_header_type": "w3c"}})
        gateway.proxy("GET", "/")
        assert b"traceparent: 00-" in server.seen[0][0] and b"-00\r\n" in server.seen[0][0]


@pytest.mark.parametrize("plugin", ["tcp-log", "statsd", "datadog", "zipkin"])
def test_sessions_are_told_of_too(plugin):
    port = free_port()
    udp = UdpSink()
    with Gateway(KONG_STREAM_LISTEN=f"127.0.0.1:{port}") as gw, TcpServer(b"<") as server, LineSink() as lines, \
            HttpCollector() as http:
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": server.port, "protocol": "tcp"})
        gw.create("/services/s/routes", {"protocols": ["tcp"], "destinations": [{"port": port}]})
        config = {"tcp-log": {"host": "127.0.0.1", "port": lines.port},
                  "zipkin": {"http_endpoint": f"http://127.0.0.1:{http.port}/", "sample_ratio": 1}}
        gw.create("/plugins", {"name": plugin, "protocols": ["tcp"],
                               "config": config.get(plugin, {"host": "127.0.0.1", "port": udp.port})})
        assert tcp_ask(port, b"hello", 6) == b"<hello"
        wait_until(lambda: lines.lines or http.bodies or udp.texts)
        if plugin == "tcp-log":
            assert lines.lines[0]["session"]["received"] == 5
        elif plugin == "zipkin":
            spans = spans_of(http)
            assert set(spans) == {"stream", "stream (proxy)", "stream (balancer try 1)"}
            assert [each["value"] for each in spans["stream (proxy)"]["annotations"]] == ["kps", "kpf"]
        else:
            stem = "kong.s." if plugin == "statsd" else "kong."
            wait_until(lambda: any(text.startswith(stem + "request.size:5|") for text in udp.texts))

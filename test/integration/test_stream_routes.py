"""How connections find their routes, by sources, destinations and server names, for every protocol; and the plugins of sessions."""
import json
import socket

import pytest
from certificates import Authority
from gateway import free_port, wait_until
from sockets import HttpCollector, TcpServer, UdpServer, presented_name, tcp_ask, tls_ask, tls_connect, udp_ask
from test_stream import serve, stream_gateway, to_port


@pytest.fixture(scope="module")
def authority():
    with Authority() as ca:
        yield ca


def names(tls_port, *asked, **settings):
    """Who answers TLS connections that ask for these server names."""
    return [tls_ask(tls_port, b"1", 2, server_name=name, **settings)[:1] for name in asked]


def test_tls_by_source_destination_and_name(authority):
    gw, (one, two) = stream_gateway("127.0.0.1:{} ssl", "127.0.0.1:{} ssl")
    with gw, TcpServer(b"n") as n, TcpServer(b"d") as d, TcpServer(b"b") as b, TcpServer(b"s") as s:
        serve(gw, "tcp", n.port, {"protocols": ["tls"], "snis": ["a.test"]}, "name")
        serve(gw, "tcp", d.port, {"protocols": ["tls"], "destinations": to_port(two)}, "destination")
        serve(gw, "tcp", b.port, {"protocols": ["tls"], "snis": ["a.test"], "destinations": to_port(two)}, "both")
        serve(gw, "tcp", s.port, {"protocols": ["tls"], "sources": [{"ip": "127.0.0.1"}], "snis": ["s.test"]}, "source")
        assert names(one, "a.test", "s.test") == [b"n", b"s"]
        # A route that says more of a connection goes first.
        assert names(two, "a.test", "other.test", None) == [b"b", b"d", b"d"]
        for name in ("other.test", None):
            with pytest.raises(OSError):
                tls_connect(one, name)


def test_passthrough_by_name_and_destination(authority):
    certificate = authority.issue("inner.test", alternative_names="DNS:inner.test,DNS:other.test")
    gw, (one, two) = stream_gateway("127.0.0.1:{} ssl", "127.0.0.1:{} ssl")
    with gw, TcpServer(b"a", certificate=certificate) as a, TcpServer(b"b", certificate=certificate) as b:
        serve(gw, "tcp", a.port, {"protocols": ["tls_passthrough"], "snis": ["inner.test"]}, "name")
        serve(gw, "tcp", b.port, {"protocols": ["tls_passthrough"], "snis": ["inner.test", "other.test"],
                                  "destinations": to_port(two)}, "both")
        assert names(one, "inner.test", authority=authority.certificate) == [b"a"]
        assert names(two, "inner.test", "other.test", authority=authority.certificate) == [b"b", b"b"]
        # What has no route is terminated, and refused.
        with pytest.raises(OSError):
            tls_connect(one, "other.test")
        # TLS stays whole: the client's own certificate reaches the server.
        with tls_connect(one, "inner.test", authority.certificate) as connection:
            assert presented_name(connection) == "inner.test" and connection.version() == "TLSv1.3"


def test_passthrough_through_an_upstream_with_retries(authority):
    certificate = authority.issue("inner.test")
    gw, (port,) = stream_gateway("127.0.0.1:{} ssl")
    with gw, TcpServer(b"<", certificate=certificate) as server:
        gw.create("/upstreams", {"name": "up"})
        for target in (server.port, free_port()):
            gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{target}"})
        serve(gw, "tcp", 1, {"protocols": ["tls_passthrough"], "snis": ["inner.test"]}, host="up")
        for _ in range(6):
            assert tls_ask(port, b"1", 2, server_name="inner.test", authority=authority.certificate) == b"<1"


def test_udp_by_source_and_destination():
    gw, (one, two) = stream_gateway("127.0.0.1:{} udp reuseport", "127.0.0.1:{} udp")
    with gw, UdpServer(b"d") as d, UdpServer(b"s") as s:
        serve(gw, "udp", d.port, {"protocols": ["udp"], "destinations": [{"ip": "127.0.0.0/8", "port": one}]}, "d")
        serve(gw, "udp", s.port, {"protocols": ["udp"], "sources": [{"ip": "127.0.0.9"}]}, "s")
        assert udp_ask(one, b"1") == b"d1"
        assert udp_ask(two, b"1", 0.3) is None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind(("127.0.0.9", 0))
            client.settimeout(5)
            client.sendto(b"1", ("127.0.0.1", two))
            assert client.recv(10) == b"s1"


def test_udp_large_datagrams_and_many_clients():
    gw, (port,) = stream_gateway("127.0.0.1:{} udp reuseport")
    with gw, UdpServer(b"") as server:
        serve(gw, "udp", server.port, {"protocols": ["udp"], "destinations": to_port(port)})
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(50)]
        for i, client in enumerate(clients):
            client.settimeout(5)
            client.sendto(b"%d" % i * 500, ("127.0.0.1", port))
        for i, client in enumerate(clients):
            assert client.recv(65536) == b"%d" % i * 500
            client.close()


def test_routes_by_address_and_port_of_the_source():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    own = free_port()
    with gw, TcpServer(b"p") as p, TcpServer(b"i") as i:
        serve(gw, "tcp", p.port, {"protocols": ["tcp"], "sources": [{"port": own}]}, "port")
        serve(gw, "tcp", i.port, {"protocols": ["tcp"], "sources": [{"ip": "127.0.0.0/24"}]}, "net")
        assert tcp_ask(port, b"1", 2) == b"i1"
        with socket.create_connection(("127.0.0.1", port), 10, ("127.0.0.8", own)) as connection:
            connection.sendall(b"1")
            assert connection.recv(10)[:1] in (b"p", b"i")


def test_changes_hold_for_the_next_connection():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer(b"a") as a, TcpServer(b"b") as b:
        route = serve(gw, "tcp", a.port, {"protocols": ["tcp"], "destinations": to_port(port)})
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(b"1")
            assert connection.recv(10) == b"a1"
            assert gw.admin("PATCH", "/services/s", {"port": b.port}).status == 200
            assert tcp_ask(port, b"1", 2) == b"b1"
            connection.sendall(b"2")  # the old one goes on
            assert connection.recv(10) == b"a2"
        assert gw.admin("DELETE", f"/routes/{route['id']}").status == 204
        assert tcp_ask(port, b"1") == b""


@pytest.mark.parametrize("protocol", ["tcp", "tls", "udp"])
def test_log_plugins_see_sessions_of_every_protocol(authority, protocol):
    flag = {"tcp": "", "tls": " ssl", "udp": " udp"}[protocol]
    gw, (port,) = stream_gateway("127.0.0.1:{}" + flag)
    with gw, TcpServer(b"<") as server, UdpServer(b"<") as udp_server, HttpCollector() as collector:
        target = udp_server.port if protocol == "udp" else server.port
        serve(gw, "udp" if protocol == "udp" else "tcp", target, {"protocols": [protocol], "destinations": to_port(port)},
              read_timeout=500, write_timeout=500)  # ends sessions of UDP
        config = {"http_endpoint": f"http://127.0.0.1:{collector.port}/", "flush_timeout": 0.1}
        gw.create("/services/s/plugins", {"name": "http-log", "protocols": [protocol], "config": config})
        if protocol == "udp":
            assert udp_ask(port, b"hello") == b"<hello"
        elif protocol == "tls":
            assert tls_ask(port, b"hello", 6, server_name="a.test") == b"<hello"
        else:
            assert tcp_ask(port, b"hello", 6) == b"<hello"
        wait_until(lambda: collector.bodies)
        entry = json.loads(collector.bodies[0])
        assert entry["service"]["name"] == "s" and entry["tries"][0]["port"] == target
        assert entry["session"]["received"] >= 5 and entry["session"]["server_port"] == port


def test_plugins_that_are_for_http_only_are_refused_for_sessions():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer(b"<") as server:
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(port)})
        for name in ("key-auth", "rate-limiting", "cors", "request-termination"):
            answer = gw.admin("POST", "/routes/s/plugins", {"name": name, "protocols": ["tcp"]})
            assert answer.status == 400, (name, answer.body)
        gw.create("/plugins", {"name": "key-auth"})  # global ones for HTTP do not touch sessions
        assert tcp_ask(port, b"hi", 3) == b"<hi"

"""TCP, TLS and UDP through the gateway."""
import json
import pathlib
import socket
import ssl

import pytest

from certificates import Authority
from gateway import Gateway, free_port, wait_until
from sockets import HttpCollector, TcpServer, UdpServer, presented_name, tcp_ask, tls_ask, tls_connect, udp_ask


@pytest.fixture(scope="module")
def authority():
    with Authority() as ca:
        yield ca


def stream_gateway(*listeners, **env):
    """A gateway and the ports of its listeners; "{}" in a listener is its port."""
    ports = [free_port() for _ in listeners]
    listen = ", ".join(listener.format(port) for listener, port in zip(listeners, ports))
    return Gateway(KONG_STREAM_LISTEN=listen, **env), ports


def serve(gw, protocol, port, route, name="s", host="127.0.0.1", **service):
    gw.create("/services", {"name": name, "host": host, "port": port, "protocol": protocol, **service})
    return gw.create(f"/services/{name}/routes", {"name": name, **route})


def to_port(port):
    return [{"port": port}]


def test_tcp_is_proxied_both_ways():
    gw, (port,) = stream_gateway("127.0.0.1:{} reuseport")
    with gw, TcpServer(prefix=b"<") as server:
        assert tcp_ask(port, b"hi") == b""  # no route
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(port)})
        assert tcp_ask(port, b"hi", 3) == b"<hi"
        large = b"x" * 3_000_000
        assert len(tcp_ask(port, large, len(large))) >= len(large)
        gw.admin("PATCH", "/services/s", {"port": free_port(), "retries": 2})
        assert tcp_ask(port, b"hi") == b""  # refused by the upstream
    assert "no Route found with those values" in gw.last_log


def test_servers_that_speak_first_do_not_wait_for_the_client():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer(greeting=b"220 ready\r\n") as server:
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(port)})
        assert tcp_ask(port, b"", 11) == b"220 ready\r\n"


def test_routes_by_source_and_destination():
    gw, (one, two) = stream_gateway("0.0.0.0:{}", "0.0.0.0:{}")
    with gw, TcpServer(b"a") as a, TcpServer(b"b") as b, TcpServer(b"c") as c, TcpServer(b"d") as d:
        serve(gw, "tcp", a.port, {"protocols": ["tcp"], "destinations": to_port(one)}, "a")
        serve(gw, "tcp", b.port, {"protocols": ["tcp"], "destinations": [{"ip": "127.0.0.7", "port": one}]}, "b")
        serve(gw, "tcp", c.port, {"protocols": ["tcp"], "sources": [{"ip": "127.0.0.64/26"}]}, "c")
        serve(gw, "tcp", d.port, {"protocols": ["tcp"], "sources": [{"ip": "127.0.0.64/26"}],
                                  "destinations": to_port(two)}, "d")
        assert tcp_ask(one, b"1", 2) == b"a1"
        assert tcp_ask(one, b"1", 2, host="127.0.0.7") == b"b1"
        assert tcp_ask(one, b"1", 2, bind="127.0.0.70") == b"c1"
        assert tcp_ask(two, b"1", 2, bind="127.0.0.70") == b"d1"
        assert tcp_ask(two, b"1") == b""


def test_udp_is_proxied():
    gw, (port,) = stream_gateway("127.0.0.1:{} udp")
    with gw, UdpServer(prefix=b"<") as server:
        assert udp_ask(port, b"lost", 0.3) is None
        serve(gw, "udp", server.port, {"protocols": ["udp"], "destinations": to_port(port)})
        assert udp_ask(port, b"one") == b"<one"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            for i in range(20):  # one session
                client.sendto(b"%d" % i, ("127.0.0.1", port))
                assert client.recv(100) == b"<%d" % i


def test_tls_is_terminated_and_routed_by_name(authority):
    gw, (port,) = stream_gateway("127.0.0.1:{} ssl")
    with gw, TcpServer(prefix=b"a") as a, TcpServer(prefix=b"b") as b:
        certificate = authority.issue("a.test")
        gw.create("/certificates", {"cert": certificate.cert, "key": certificate.key, "snis": ["a.test"]})
        serve(gw, "tcp", a.port, {"protocols": ["tls"], "snis": ["a.test"]}, "a")
        serve(gw, "tcp", b.port, {"protocols": ["tls"], "snis": ["b.test"]}, "b")
        with tls_connect(port, "a.test", authority.certificate) as connection:
            assert presented_name(connection) == "a.test"
        assert tls_ask(port, b"hi", 3, server_name="a.test") == b"ahi"
        assert tls_ask(port, b"hi", 3, server_name="b.test") == b"bhi"  # by the default certificate
        for name in ("c.test", None):
            with pytest.raises(OSError):
                tls_connect(port, name)
        assert tcp_ask(port, b"not TLS\r\n\r\n") == b""


def test_tls_passes_through_beside_termination(authority):
    gw, (port,) = stream_gateway("127.0.0.1:{} ssl")
    certificate = authority.issue("inner.test")
    with gw, TcpServer(prefix=b"in", certificate=certificate) as inner, TcpServer(prefix=b"out") as outer:
        serve(gw, "tcp", inner.port, {"protocols": ["tls_passthrough"], "snis": ["inner.test"]}, "inner")
        serve(gw, "tcp", outer.port, {"protocols": ["tls"], "snis": ["outer.test"]}, "outer")
        with tls_connect(port, "inner.test", authority.certificate) as connection:
            assert presented_name(connection) == "inner.test"
        assert tls_ask(port, b"x", 3, server_name="inner.test") == b"inx"
        assert inner.seen[-1][2] == "inner.test"
        assert tls_ask(port, b"x", 4, server_name="outer.test") == b"outx"


def test_a_client_hello_may_come_in_pieces(authority):
    gw, (port,) = stream_gateway("127.0.0.1:{} ssl")
    with gw, TcpServer(prefix=b"<") as server:
        serve(gw, "tcp", server.port, {"protocols": ["tls"], "snis": ["slow.test"]})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="slow.test")
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pieces = 0
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    data = outgoing.read()
                    for i in range(0, len(data), 40):
                        connection.sendall(data[i:i + 40])
                        pieces += 1
                    incoming.write(connection.recv(65536))
            assert pieces > 5
            tls.write(b"hi")
            connection.sendall(outgoing.read())
            while True:
                try:
                    assert tls.read(10) == b"<hi"
                    break
                except ssl.SSLWantReadError:
                    incoming.write(connection.recv(65536))


def test_tls_to_the_upstream(authority):
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer(b"<", certificate=authority.issue("localhost")) as server:
        ca = gw.create("/ca_certificates", {"cert": authority.certificate.cert})
        serve(gw, "tls", server.port, {"protocols": ["tcp"], "destinations": to_port(port)}, host="localhost",
              tls_verify=True, ca_certificates=[ca["id"]])
        for _ in range(3):
            assert tcp_ask(port, b"hi", 3) == b"<hi"
        assert server.seen[-1][2] == "localhost"
        with Authority("another") as other:
            another = gw.create("/ca_certificates", {"cert": other.certificate.cert})
            gw.admin("PATCH", "/services/s", {"ca_certificates": [another["id"]], "retries": 0})
            assert tcp_ask(port, b"hi") == b""
        gw.admin("PATCH", "/services/s", {"tls_verify": False})
        assert tcp_ask(port, b"hi", 3) == b"<hi"
    assert "upstream SSL certificate verify error: (" in gw.last_log


def test_the_gateways_own_certificate_goes_to_the_upstream(authority):
    own = authority.issue("client.test")
    gw, (port,) = stream_gateway("127.0.0.1:{}", KONG_CLIENT_SSL="on", KONG_CLIENT_SSL_CERT=str(own.cert_file),
                                 KONG_CLIENT_SSL_CERT_KEY=str(own.key_file))
    with gw, TcpServer(b"<", certificate=authority.issue("localhost"), client_authority=authority.certificate) as server:
        serve(gw, "tls", server.port, {"protocols": ["tcp"], "destinations": to_port(port)}, host="localhost")
        assert tcp_ask(port, b"hi", 3) == b"<hi"
        assert dict(pair[0] for pair in server.seen[-1][3]["subject"])["commonName"] == "client.test"


def test_proxy_protocol_tells_the_client():
    gw, (port,) = stream_gateway("127.0.0.1:{} proxy_protocol", KONG_TRUSTED_IPS="127.0.0.1",
                                 KONG_NGINX_SPROXY_PROXY_PROTOCOL="on", KONG_REAL_IP_HEADER="proxy_protocol")
    with gw, TcpServer(b"<", proxy_protocol=True) as server:
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "sources": [{"ip": "192.0.2.0/24", "port": 4711}]})
        header = b"PROXY TCP4 %s 198.51.100.1 4711 5555\r\n"
        assert tcp_ask(port, header % b"192.0.2.9" + b"hi", 3) == b"<hi"
        assert server.seen[-1][0].startswith(b"PROXY TCP4 192.0.2.9 127.0.0.1 4711")
        assert tcp_ask(port, header % b"192.0.3.9" + b"hi") == b""
        assert tcp_ask(port, b"no header\r\n") == b""


def test_only_stream_listeners():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer(b"<") as server:
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(port)})
        gw.env.update(KONG_ADMIN_LISTEN="off", KONG_PROXY_LISTEN="off", KONG_STATUS_LISTEN="off")
        gw.command("restart")
        assert "http {" not in pathlib.Path(gw.prefix, "nginx.conf").read_text()
        assert tcp_ask(port, b"hi", 3) == b"<hi"


def test_retries_go_to_another_target():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer(b"<") as server:
        gw.create("/upstreams", {"name": "u"})
        gw.create("/upstreams/u/targets", {"target": f"127.0.0.1:{free_port()}"})
        gw.create("/upstreams/u/targets", {"target": f"127.0.0.1:{server.port}"})
        serve(gw, "tcp", 1, {"protocols": ["tcp"], "destinations": to_port(port)}, host="u")
        for _ in range(6):
            assert tcp_ask(port, b"hi", 3) == b"<hi"


def test_passive_checks_of_sessions():
    gw, (port,) = stream_gateway("127.0.0.1:{}", workers=1)
    with gw, TcpServer(b"<") as server:
        gw.create("/upstreams", {"name": "u", "healthchecks": {"passive": {"unhealthy": {"tcp_failures": 1}}}})
        dead = gw.create("/upstreams/u/targets", {"target": f"127.0.0.1:{free_port()}"})
        gw.create("/upstreams/u/targets", {"target": f"127.0.0.1:{server.port}"})
        serve(gw, "tcp", 1, {"protocols": ["tcp"], "destinations": to_port(port)}, host="u")
        for _ in range(4):
            assert tcp_ask(port, b"hi", 3) == b"<hi"
        health = {t["target"]: t["health"] for t in gw.admin("GET", "/upstreams/u/health").json["data"]}
        assert health == {dead["target"]: "UNHEALTHY", f"127.0.0.1:{server.port}": "HEALTHY"}


def test_access_log_and_log_plugins():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer(b"<") as server, HttpCollector() as collector:
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(port)})
        log = {"name": "http-log", "config": {"http_endpoint": f"http://127.0.0.1:{collector.port}/", "flush_timeout": 0.1}}
        gw.create("/routes/s/plugins", {**log, "protocols": ["tcp"]})
        gw.create("/plugins", {**log, "protocols": ["http"]})  # not for sessions
        assert tcp_ask(port, b"hello", 6) == b"<hello"
        wait_until(lambda: collector.bodies)
        entry = json.loads(collector.bodies[0])
        assert entry["session"] == {"received": 5, "sent": 6, "status": 200, "server_port": port}
        assert entry["upstream"] == {"received": 6, "sent": 5}
        assert entry["client_ip"] == "127.0.0.1" and entry["route"]["name"] == "s" and entry["service"]["name"] == "s"
        assert entry["tries"][0]["port"] == server.port
        assert set(entry["latencies"]) == {"kong", "session"}
        assert "request" not in entry and "response" not in entry
        access = pathlib.Path(gw.prefix, "logs/access.log").read_text()
        assert access.startswith("127.0.0.1 [") and "] TCP 200 6 5 " in access


def test_services_have_timeouts_of_their_own():
    gw, (port,) = stream_gateway("127.0.0.1:{}")
    with gw, TcpServer() as server:
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(port)}, read_timeout=300,
              write_timeout=200)
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            assert connection.recv(10) == b""  # idle for too long


def test_listener_flags():
    flags = ["ssl", "bind", "reuseport", "backlog=128", "so_keepalive=30s::5", "so_keepalive=off", "proxy_protocol", "udp",
             "udp reuseport"]
    gw, ports = stream_gateway(*[f"127.0.0.1:{{}} {flag}" for flag in flags], "[::1]:{} ipv6only=on")
    with gw, TcpServer(b"<") as server:
        rendered = pathlib.Path(gw.prefix, "nginx-kong-stream.conf").read_text()
        for flag, port in zip(flags, ports):
            assert f"listen 127.0.0.1:{port} {flag};" in rendered
        assert f":0001]:{ports[-1]} ipv6only=on;" in rendered
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(ports[-1])})
        assert tcp_ask(ports[-1], b"hi", 3, host="::1") == b"<hi"


def test_sessions_survive_a_reload():
    gw, (port,) = stream_gateway("127.0.0.1:{} reuseport")
    with gw, TcpServer(b"<") as server:
        serve(gw, "tcp", server.port, {"protocols": ["tcp"], "destinations": to_port(port)})
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(b"1")
            assert connection.recv(10) == b"<1"
            old = set(gw.pids()[1])
            gw.command("reload")
            wait_until(lambda: set(gw.pids()[1]) - old)
            connection.sendall(b"2")
            assert connection.recv(10) == b"<2"
            wait_until(lambda: tcp_ask(port, b"3", 2) == b"<3")

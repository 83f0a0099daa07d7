"""gRPC through the gateway with a real server and client: the four kinds of calls, on plaintext and on TLS."""
import queue

import grpc
import pytest
from certificates import Authority
from dns_server import A, DnsServer
from gateway import Gateway, NginxServer, free_port, wait_until
from grpc_echo import REFLECTION, GrpcClient, GrpcServer

CODE = grpc.StatusCode
BAD_GATEWAY = "An invalid response was received from the upstream server"


@pytest.fixture(scope="module")
def authority():
    with Authority() as made:
        yield made


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("grpc.test")


@pytest.fixture(scope="module", params=["plaintext", "tls"])
def path(request, authority, certificate):
    """(gateway, client settings, server): a gateway in front of a server, both of which speak plaintext or TLS."""
    tls = request.param == "tls"
    port = free_port()
    with GrpcServer(certificate=certificate if tls else None) as server, \
            Gateway(workers=2, KONG_PROXY_LISTEN=f"127.0.0.1:{port} http2{' ssl' if tls else ''}",
                    KONG_SSL_CERT=str(certificate.cert_file), KONG_SSL_CERT_KEY=str(certificate.key_file)) as gw:
        protocol = "grpcs" if tls else "grpc"
        gw.create("/services", {"name": "direct", "protocol": protocol, "host": "127.0.0.1", "port": server.port})
        gw.create("/services/direct/routes", {"protocols": [protocol], "paths": ["/test.Echo/", f"/{REFLECTION}/"]})
        gw.create("/upstreams", {"name": "up"})
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{server.port}"})
        gw.create("/services", {"name": "balanced", "protocol": protocol, "host": "up"})
        gw.create("/services/balanced/routes", {"protocols": [protocol], "hosts": ["up.test"], "paths": ["/test.Echo/"]})
        settings = {"authority": authority.certificate, "name": "grpc.test"} if tls else {}
        yield gw, port, settings, server


@pytest.fixture
def client(path):
    _, port, settings, _ = path
    with GrpcClient(port, **settings) as made:
        yield made


def test_unary_calls_with_metadata_both_ways(client):
    answer, call = client.with_call("Unary", b"hello", metadata=[("x-ask", "what"), ("x-bytes-bin", b"\0\1")])
    assert answer == b"hello"
    assert dict(call.trailing_metadata())["x-asked-for"] == "what"
    assert dict(call.trailing_metadata())["x-last"] == "2"
    first = dict(call.initial_metadata())
    assert first["x-first"] == "1" and first["via"] == "kong/2.8.5"
    large = b"x" * 3_000_000
    assert client.unary("Unary", large) == large
    assert client.unary("Unary", b"") == b""


def test_a_server_that_streams(client):
    assert [int(message) for message in client.server_stream("Counts", b"500")] == list(range(500))


def test_a_client_that_streams(client):
    assert client.client_stream("Joins", (bytes([65 + i % 26]) * 1000 for i in range(300))) == b"".join(
        bytes([65 + i % 26]) * 1000 for i in range(300))


def test_both_sides_stream_in_turns(client):
    """The answer to a message comes before the next message is sent: nothing waits for the end of a side."""
    messages = queue.Queue()
    answers = client.both_streams("Echoes", iter(messages.get, None))
    for i in range(50):
        messages.put(str(i).encode())
        assert next(answers) == f"<{i}".encode()
    messages.put(None)
    assert list(answers) == [] and answers.code() == CODE.OK


def test_reflection_is_a_call_as_any_other(path):
    _, port, settings, _ = path
    with GrpcClient(port, service=REFLECTION, **settings) as client:
        assert list(client.both_streams("ServerReflectionInfo", iter([b"\x3a\0"]))) == [b"<\x3a\0"]


def test_errors_of_the_server_arrive_with_their_trailers(client):
    assert client.error("Fails", b"RESOURCE_EXHAUSTED no more of it") == (CODE.RESOURCE_EXHAUSTED, "no more of it")
    assert client.error("Fails", b"NOT_FOUND \xc3\xa9t\xc3\xa9") == (CODE.NOT_FOUND, "\u00e9t\u00e9")
    assert client.error("Missing")[0] == CODE.UNIMPLEMENTED
    assert client.error("Sleeps", b"3", timeout=0.3)[0] == CODE.DEADLINE_EXCEEDED
    assert client.unary("Sleeps", b"0.01") == b"awake"


def test_calls_are_kept_apart_on_one_connection(client):
    calls = [client.channel.unary_unary("/test.Echo/Unary").future(str(i).encode(), timeout=20) for i in range(200)]
    assert [int(call.result()) for call in calls] == list(range(200))


def test_through_an_upstream(path, authority):
    gw, port, settings, server = path
    tls = bool(settings)
    if tls:  # the listener's certificate is another name's
        cert = authority.issue("up.test")
        gw.create("/certificates", {"cert": cert.cert, "key": cert.key, "snis": ["up.test"]})
        settings = {**settings, "name": "up.test"}
    else:
        settings = {"name": "up.test"}
    with GrpcClient(port, **settings) as client:
        assert client.unary("Unary", b"a") == b"a"
        assert len(list(client.server_stream("Counts", b"20"))) == 20
        # A target that is not there costs a retry and no call.
        gone = free_port()
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{gone}"})
        for i in range(20):
            assert client.unary("Name", b"") == b"grpc"
        assert gw.admin("DELETE", f"/upstreams/up/targets/127.0.0.1:{server.port}").status == 204
        assert client.error("Name") == (CODE.INTERNAL, BAD_GATEWAY)
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{server.port}"})
        assert gw.admin("DELETE", f"/upstreams/up/targets/127.0.0.1:{gone}").status == 204
        assert client.unary("Name", b"") == b"grpc"


def test_errors_of_the_gateway_have_a_grpc_status(path):
    gw, port, settings, _ = path
    tls = bool(settings)
    with GrpcClient(port, service="test.Other", **settings) as client:
        assert client.error("X") == (CODE.NOT_FOUND, "no Route matched with those values")
    service = gw.create("/services", {"protocol": "grpcs" if tls else "grpc", "host": "127.0.0.1", "port": free_port()})
    route = gw.create(f"/services/{service['id']}/routes",
                      {"protocols": ["grpcs" if tls else "grpc"], "paths": ["/test.Refused/", "/test.Ended/"]})
    with GrpcClient(port, service="test.Refused", **settings) as client:
        assert client.error("X") == (CODE.INTERNAL, BAD_GATEWAY)
        gw.create(f"/routes/{route['id']}/plugins", {"name": "key-auth"})
        assert client.error("X") == (CODE.UNAUTHENTICATED, "No API key found in request")
        gw.create(f"/routes/{route['id']}/plugins", {"name": "request-termination", "config": {"status_code": 403}})
    gw.admin("DELETE", f"/routes/{route['id']}/plugins/")


def test_a_timeout_of_the_service_is_a_deadline(path):
    gw, port, settings, server = path
    protocol = "grpcs" if settings else "grpc"
    gw.create("/services", {"name": "impatient", "protocol": protocol, "host": "127.0.0.1", "port": server.port,
                            "read_timeout": 300, "retries": 0})
    gw.create("/services/impatient/routes", {"protocols": [protocol], "paths": ["/test.Echo/Sleeps"]})
    with GrpcClient(port, **settings) as client:
        assert client.error("Sleeps", b"2")[0] in (CODE.DEADLINE_EXCEEDED, CODE.UNAVAILABLE)
    assert gw.admin("DELETE", "/services/impatient/routes/" + gw.admin(
        "GET", "/services/impatient/routes").json["data"][0]["id"]).status == 204


def test_other_clients_than_grpc_are_told_so(path):
    gw, port, settings, _ = path
    if not settings:
        return
    import http.client
    import ssl
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    connection.request("POST", "/test.Echo/Unary", b"x", {"Content-Type": "application/grpc"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (426, b'{"message":"Please use HTTP2 protocol"}')


def test_plaintext_grpc_at_a_grpcs_route_is_refused(authority, certificate):
    plain, tls = free_port(), free_port()
    with GrpcServer() as server, Gateway(
            workers=1, KONG_PROXY_LISTEN=f"127.0.0.1:{plain} http2, 127.0.0.1:{tls} http2 ssl",
            KONG_SSL_CERT=str(certificate.cert_file), KONG_SSL_CERT_KEY=str(certificate.key_file)) as gw:
        gw.create("/services", {"name": "s", "protocol": "grpc", "host": "127.0.0.1", "port": server.port})
        gw.create("/services/s/routes", {"protocols": ["grpcs"], "paths": ["/"]})
        with GrpcClient(tls, authority.certificate, "grpc.test") as client:
            assert client.unary("Unary", b"a") == b"a"
        with GrpcClient(plain) as client:
            assert client.error("Unary") == (CODE.CANCELLED, "gRPC request matched gRPCs route")


def test_a_server_with_tls_is_verified_and_shown_a_certificate(authority, certificate):
    plain, pair, root = free_port(), authority.issue("client.test"), str(authority.certificate.cert_file)
    settings = {"KONG_NGINX_PROXY_GRPC_SSL_VERIFY": "on", "KONG_NGINX_PROXY_GRPC_SSL_TRUSTED_CERTIFICATE": root}
    with GrpcServer(certificate=certificate, authority=authority.certificate) as server, Gateway(
            workers=1, KONG_PROXY_LISTEN=f"127.0.0.1:{plain} http2", **settings) as gw:
        own = gw.create("/certificates", {"cert": pair.cert, "key": pair.key})
        gw.create("/upstreams", {"name": "up", "host_header": "grpc.test", "client_certificate": {"id": own["id"]}})
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{server.port}"})
        gw.create("/services", {"name": "s", "protocol": "grpcs", "host": "up"})
        gw.create("/services/s/routes", {"protocols": ["grpc"], "paths": ["/"]})
        with GrpcClient(plain) as client:
            assert client.unary("Unary", b"a") == b"a"
            assert gw.admin("PATCH", "/upstreams/up", {"host_header": "other.test"}).status == 200
            assert client.error("Unary") == (CODE.INTERNAL, BAD_GATEWAY)
            assert gw.admin("PATCH", "/upstreams/up", {"host_header": "grpc.test"}).status == 200
            assert client.unary("Unary", b"a") == b"a"
            assert gw.admin("PATCH", "/upstreams/up", {"client_certificate": None}).status == 200
            assert client.error("Unary") == (CODE.INTERNAL, BAD_GATEWAY)


def test_calls_go_on_over_a_reload():
    plain = free_port()
    with GrpcServer() as server, Gateway(workers=2, KONG_PROXY_LISTEN=f"127.0.0.1:{plain} http2") as gw:
        gw.create("/services", {"name": "s", "protocol": "grpc", "host": "127.0.0.1", "port": server.port})
        gw.create("/services/s/routes", {"protocols": ["grpc"], "paths": ["/"]})
        with GrpcClient(plain) as client:
            messages = queue.Queue()
            answers = client.both_streams("Echoes", iter(messages.get, None))
            messages.put(b"1")
            assert next(answers) == b"<1"
            old = set(gw.pids()[1])
            gw.command("reload")
            wait_until(lambda: set(gw.pids()[1]) - old)
            messages.put(b"2")
            assert next(answers) == b"<2"
            assert client.unary("Unary", b"new") == b"new"  # by a new worker
            messages.put(None)
            assert list(answers) == [] and answers.code() == CODE.OK
            wait_until(lambda: not old & set(gw.pids()[1]))


def test_a_retry_names_the_next_target():
    """Both targets are names, and a call that goes on to the second one calls it by its own."""
    plain = free_port()
    with GrpcServer() as server, DnsServer({("good.test", A): ["127.0.0.1"], ("gone.test", A): ["127.0.0.1"]}) as dns, \
            Gateway(workers=1, KONG_PROXY_LISTEN=f"127.0.0.1:{plain} http2", KONG_DNS_RESOLVER=f"127.0.0.1:{dns.port}") as gw:
        gw.create("/upstreams", {"name": "up"})
        for target in (f"good.test:{server.port}", f"gone.test:{free_port()}"):
            gw.create("/upstreams/up/targets", {"target": target})
        gw.create("/services", {"name": "s", "protocol": "grpc", "host": "up"})
        gw.create("/services/s/routes", {"protocols": ["grpc"], "paths": ["/"]})
        with GrpcClient(plain) as client:
            for _ in range(6):
                assert client.unary("Authority", b"").split(b":")[0] == b"good.test"
            assert client.client_stream("Joins", [b"a", b"b"] * 100) == b"ab" * 100


@pytest.mark.parametrize("tls", [False, True])
def test_connections_of_http_and_grpc_to_one_server_are_kept_apart(certificate, tls):
    """The server speaks HTTP/1.1 to one service and HTTP/2 to the other."""
    plain, port = free_port(), free_port()
    http = f"""server {{ listen 127.0.0.1:{port} {'ssl http2' if tls else ''}; {'' if tls else 'keepalive_requests 3;'}
      ssl_certificate {certificate.cert_file}; ssl_certificate_key {certificate.key_file};
      location / {{ default_type application/grpc; add_header grpc-status 5; add_header grpc-message gone; return 200; }}
      location /http {{ return 200 "$server_protocol\\n"; }} }}"""
    with NginxServer(http), Gateway(workers=1) as gw:
        gw.command("stop")
        gw.env["KONG_PROXY_LISTEN"] += f", 127.0.0.1:{plain} http2"
        gw.start()
        for protocol in ("http", "grpc"):
            gw.create("/services", {"name": protocol, "protocol": protocol + ("s" if tls else ""), "host": "127.0.0.1",
                                    "port": port, "retries": 0})
        gw.create("/services/http/routes", {"protocols": ["http"], "paths": ["/http"], "strip_path": False})
        gw.create("/services/grpc/routes", {"protocols": ["grpc"], "paths": ["/test.Echo/"]})
        with GrpcClient(plain) as client:
            for _ in range(10):
                if tls:  # nginx speaks HTTP/2 without TLS only where it speaks nothing else
                    assert client.error("Unary") == (CODE.NOT_FOUND, "gone")
                else:
                    assert client.error("Unary")[0] == CODE.INTERNAL
                answer = gw.proxy("GET", "/http")
                assert (answer.status, answer.body) == (200, b"HTTP/1.1\n")

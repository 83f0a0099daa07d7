"""Targets that speak TLS: active checks with server names, verification and client certificates; and requests."""
import pytest
from certificates import Authority
from gateway import Gateway, NginxServer, free_port, wait_until

FAST = {"timeout": 1, "healthy": {"interval": 0.2, "successes": 1},
        "unhealthy": {"interval": 0.2, "tcp_failures": 1, "timeouts": 1, "http_failures": 1}}


@pytest.fixture(scope="module")
def authority():
    with Authority() as made:
        yield made


@pytest.fixture
def server(authority, tmp_path):
    """(port, seen): an HTTPS server that wants a client certificate; `seen` gives who asked it for what."""
    log, port, own = tmp_path / "log", free_port(), authority.issue("target.test")
    log.write_text("")
    for path in (tmp_path, log):
        path.chmod(0o777)
    http = f"""log_format l "$ssl_server_name $http_host $ssl_client_s_dn $status $request_uri";
      server {{ listen 127.0.0.1:{port} ssl; access_log {log} l; location / {{ return 200 "hello\\n"; }}
        ssl_certificate {own.cert_file}; ssl_certificate_key {own.key_file};
        ssl_verify_client on; ssl_client_certificate {authority.certificate.cert_file}; }}"""
    with NginxServer(http):
        yield port, lambda: log.read_text().splitlines()


def create(gw, port, active, **upstream):
    checks = {"active": {**FAST, "type": "https", **active}}
    gw.create("/upstreams", {"name": "up", "healthchecks": checks, **upstream})
    gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{port}"})


def health(gw):
    return gw.admin("GET", "/upstreams/up/health").json["data"][0]["health"]


def start(authority):
    return Gateway(workers=2, KONG_LUA_SSL_TRUSTED_CERTIFICATE=str(authority.certificate.cert_file))


def make_unhealthy_by_hand(gw, port):
    assert gw.admin("POST", f"/upstreams/up/targets/127.0.0.1:{port}/unhealthy").status == 204


def client_certificate(gw, authority):
    pair = authority.issue("gateway.test")
    return {"client_certificate": {"id": gw.create("/certificates", {"cert": pair.cert, "key": pair.key})["id"]}}


def test_a_probe_shows_its_certificate_and_names_the_server(authority, server):
    port, seen = server
    with start(authority) as gw:
        create(gw, port, {"https_sni": "target.test", "http_path": "/check"}, host_header="host.test",
               **client_certificate(gw, authority))
        make_unhealthy_by_hand(gw, port)
        wait_until(lambda: health(gw) == "HEALTHY")
        assert set(seen()) == {"target.test host.test CN=gateway.test 200 /check"}


def test_without_its_certificate_the_server_refuses(authority, server):
    port, seen = server
    with start(authority) as gw:
        create(gw, port, {"https_sni": "target.test", "unhealthy": {**FAST["unhealthy"], "http_statuses": [400]}})
        wait_until(lambda: health(gw) == "UNHEALTHY")
        assert seen()[0].split()[:4] == ["target.test", "127.0.0.1", "-", "400"]


def test_another_name_than_the_certificates_is_a_failure_unless_nobody_looks(authority, server):
    port, seen = server
    with start(authority) as gw:
        own = client_certificate(gw, authority)
        create(gw, port, {"https_sni": "other.test"}, **own)
        wait_until(lambda: health(gw) == "UNHEALTHY")
        assert seen() == []
        changed = {"healthchecks": {"active": {"https_verify_certificate": False}}}
        assert gw.admin("PATCH", "/upstreams/up", changed).status == 200
        wait_until(lambda: health(gw) == "HEALTHY")
        assert seen()[-1].startswith("other.test 127.0.0.1 CN=gateway.test 200")


def test_grpcs_checks_the_handshake(authority, server):
    port, _ = server
    with start(authority) as gw:
        create(gw, port, {"type": "grpcs", "https_sni": "target.test"})
        make_unhealthy_by_hand(gw, port)
        wait_until(lambda: health(gw) == "HEALTHY")
        changed = {"healthchecks": {"active": {"https_sni": "other.test"}}}
        assert gw.admin("PATCH", "/upstreams/up", changed).status == 200
        wait_until(lambda: health(gw) == "UNHEALTHY")


def test_requests_use_the_certificate_of_the_upstream(authority, server):
    port, seen = server
    with start(authority) as gw:
        gw.create("/upstreams", {"name": "up", "host_header": "target.test", **client_certificate(gw, authority)})
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{port}"})
        gw.create("/services", {"name": "s", "host": "up", "port": 443, "protocol": "https", "tls_verify": True})
        gw.create("/services/s/routes", {"name": "r", "paths": ["/r"]})
        answer = gw.proxy("GET", "/r")
        assert (answer.status, answer.body) == (200, b"hello\n"), answer.body
        assert seen() == [f"target.test target.test:{port} CN=gateway.test 200 /"]
        # A certificate is the target's no longer when the upstream names none.
        assert gw.admin("PATCH", "/upstreams/up", {"client_certificate": None}).status == 200
        assert gw.proxy("GET", "/r").status == 400


def test_what_the_configuration_says_of_verification_counts_where_a_service_says_nothing(authority):
    port, own = free_port(), authority.issue("target.test")
    http = f"""server {{ listen 127.0.0.1:{port} ssl; location / {{ return 200 "hello\\n"; }}
      ssl_certificate {own.cert_file}; ssl_certificate_key {own.key_file}; }}"""
    settings = {"KONG_NGINX_PROXY_PROXY_SSL_VERIFY": "on",
                "KONG_NGINX_PROXY_PROXY_SSL_TRUSTED_CERTIFICATE": "/etc/ssl/certs/ca-certificates.crt"}
    with NginxServer(http), Gateway(workers=1, **settings) as gw:
        gw.create("/services", {"name": "s", "url": f"https://127.0.0.1:{port}"})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        assert gw.proxy("GET", "/r").status == 502
        assert gw.admin("PATCH", "/services/s", {"tls_verify": False}).status == 200
        assert gw.proxy("GET", "/r").status == 200

"""TLS towards the servers of services: the name that is asked for, whom the gateway trusts, and what it shows of itself."""
import pytest
from certificates import Authority
from gateway import Gateway, NginxServer, free_port, wait_until


@pytest.fixture(scope="module")
def authority():
    with Authority() as made:
        yield made


class Seen:
    """A server that keeps for every request: server name, Host, the client's subject, whether the session was resumed."""

    def __init__(self, authority, folder, certificate, ask=True, chain=""):
        self.log, self.port = folder / "log", free_port()
        self.log.write_text("")
        self.told = 0
        chained = folder / "chained.crt"
        chained.write_text(certificate.cert + chain)
        for path in (folder, self.log, chained):
            path.chmod(0o777)
        http = f"""log_format l "$ssl_server_name $http_host $ssl_client_s_dn $ssl_session_reused $ssl_protocol";
          server {{ listen 127.0.0.1:{self.port} ssl; access_log {self.log} l; location / {{ return 200 "hello\\n"; }}
            ssl_certificate {chained}; ssl_certificate_key {certificate.key_file}; ssl_session_cache shared:s:1m;
            ssl_protocols TLSv1.2 TLSv1.3;
            ssl_verify_client {'optional' if ask else 'off'}; ssl_client_certificate {authority.certificate.cert_file}; }}"""
        self.nginx = NginxServer(http)

    def last(self):
        """What the server has seen of the request after the one that was asked for last; it writes it a moment after its answer."""
        wait_until(lambda: len(self.log.read_text().splitlines()) > self.told)
        lines = self.log.read_text().splitlines()
        self.told = len(lines)
        return lines[-1].split()

    def __enter__(self):
        self.nginx.__enter__()
        return self

    def __exit__(self, *arguments):
        self.nginx.__exit__(*arguments)


@pytest.fixture
def server(authority, tmp_path):
    with Seen(authority, tmp_path, authority.issue("localhost")) as made:
        yield made


def serve(gw, server, route=None, **service):
    gw.create("/services", {"name": "s", "protocol": "https", "host": "localhost", "port": server.port, **service})
    gw.create("/services/s/routes", {"name": "r", "paths": ["/"], **(route or {})})


def status(gw, **headers):
    return gw.proxy("GET", "/", headers=headers).status


def change(gw, path="/services/s", **members):
    assert gw.admin("PATCH", path, members).status == 200


def certificate(gw, pair):
    return {"id": gw.create("/certificates", {"cert": pair.cert, "key": pair.key})["id"]}


def test_the_name_is_that_of_the_host_header(server):
    with Gateway(workers=1) as gw:
        serve(gw, server)
        assert status(gw, Host="client.test") == 200
        assert server.last()[:2] == ["localhost", f"localhost:{server.port}"]
        change(gw, "/routes/r", preserve_host=True)
        assert status(gw, Host="client.test:81") == 200
        assert server.last()[:2] == ["client.test", "client.test:81"]
        change(gw, "/routes/r", preserve_host=False)
        gw.create("/upstreams", {"name": "up", "host_header": "upstream.test"})
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{server.port}"})
        change(gw, host="up")
        assert status(gw) == 200
        assert server.last()[0] == "upstream.test"
        change(gw, host="127.0.0.1")  # addresses are no server names
        assert status(gw) == 200
        assert server.last()[0] == "-"


def test_verification_by_the_authorities_of_the_service(authority, server):
    with Gateway(workers=1) as gw, Authority("another") as other:
        mine = gw.create("/ca_certificates", {"cert": authority.certificate.cert})["id"]
        another = gw.create("/ca_certificates", {"cert": other.certificate.cert})["id"]
        serve(gw, server, tls_verify=True, ca_certificates=[mine])
        assert status(gw) == 200
        change(gw, ca_certificates=[another])
        assert status(gw) == 502
        change(gw, ca_certificates=[another, mine])
        assert status(gw) == 200
        change(gw, host="127.0.0.1")  # the certificate is for another name
        assert status(gw) == 502
        change(gw, tls_verify=False)
        assert status(gw) == 200
        change(gw, tls_verify=True, host="localhost", ca_certificates=None)
        assert status(gw) == 502
        change(gw, tls_verify=None)
        assert status(gw) == 200


def test_the_depth_of_verification(authority, tmp_path):
    middle = authority.subordinate("middle")
    with middle, Seen(authority, tmp_path, middle.issue("localhost"), chain=middle.certificate.cert) as server, \
            Gateway(workers=1) as gw:
        root = gw.create("/ca_certificates", {"cert": authority.certificate.cert})["id"]
        serve(gw, server, tls_verify=True, ca_certificates=[root])
        assert status(gw) == 200
        change(gw, tls_verify_depth=0)
        assert status(gw) == 502
        change(gw, tls_verify_depth=1)
        assert status(gw) == 200


def test_certificates_that_the_gateway_shows(authority, server):
    pairs = [authority.issue(f"{name}.test") for name in ("everywhere", "service", "upstream", "renewed")]
    with Gateway(workers=1, KONG_CLIENT_SSL="on", KONG_CLIENT_SSL_CERT=str(pairs[0].cert_file),
                 KONG_CLIENT_SSL_CERT_KEY=str(pairs[0].key_file)) as gw:
        serve(gw, server)
        assert status(gw) == 200 and server.last()[2] == "CN=everywhere.test"
        own = certificate(gw, pairs[1])
        change(gw, client_certificate=own)
        assert status(gw) == 200 and server.last()[2] == "CN=service.test"
        gw.create("/upstreams", {"name": "up", "client_certificate": certificate(gw, pairs[2])})
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{server.port}"})
        change(gw, host="up")
        assert status(gw) == 200 and server.last()[2] == "CN=service.test"
        change(gw, client_certificate=None)
        assert status(gw) == 200 and server.last()[2] == "CN=upstream.test"
        change(gw, client_certificate=own)
        # A renewed certificate is shown at once: connections made with the old one are not used any more.
        change(gw, f"/certificates/{own['id']}", cert=pairs[3].cert, key=pairs[3].key)
        assert status(gw) == 200 and server.last()[2] == "CN=renewed.test"
        change(gw, client_certificate=None, host="localhost")
        assert status(gw) == 200 and server.last()[2] == "CN=everywhere.test"


def test_authorities_of_the_configuration(authority, server):
    """Where a service names none: those of lua_ssl_trusted_certificate, or of nginx' directive."""
    root = str(authority.certificate.cert_file)
    for setting in ({"KONG_LUA_SSL_TRUSTED_CERTIFICATE": root}, {"KONG_NGINX_PROXY_PROXY_SSL_VERIFY": "on",
                    "KONG_NGINX_PROXY_PROXY_SSL_TRUSTED_CERTIFICATE": root}):
        with Gateway(workers=1, **setting) as gw, Authority("another") as other:
            serve(gw, server, tls_verify=True)
            assert status(gw) == 200
            another = gw.create("/ca_certificates", {"cert": other.certificate.cert})["id"]
            change(gw, ca_certificates=[another])
            assert status(gw) == 502


@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
def test_sessions_are_resumed(server, protocols):
    with Gateway(workers=1, KONG_UPSTREAM_KEEPALIVE_POOL_SIZE="0", KONG_NGINX_PROXY_PROXY_SSL_PROTOCOLS=protocols) as gw:
        serve(gw, server)
        seen = []
        for _ in range(4):
            assert status(gw) == 200
            seen.append(server.last()[3:])
        assert seen == [[".", protocols]] + [["r", protocols]] * 3


def test_what_is_no_tls_is_a_bad_gateway(server, upstream):
    with Gateway(workers=1) as gw:
        serve(gw, server, retries=0)
        change(gw, port=upstream)  # a server that speaks plain HTTP
        assert status(gw) == 502
        change(gw, port=server.port, protocol="http")
        answer = gw.proxy("GET", "/")
        assert answer.status == 400 and b"plain HTTP request was sent to HTTPS port" in answer.body


@pytest.mark.parametrize("settings, expected", [
    ({}, 502), ({"KONG_SSL_CIPHER_SUITE": "old"}, 200), ({"KONG_NGINX_PROXY_PROXY_SSL_CIPHERS": "DEFAULT@SECLEVEL=0"}, 200)])
def test_old_servers_need_a_low_security_level(authority, settings, expected):
    port, pair = free_port(), authority.issue("old.test", "rsa")
    http = f"""server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0; return 200;
      ssl_certificate {pair.cert_file}; ssl_certificate_key {pair.key_file}; }}"""
    with NginxServer(http), Gateway(workers=1, **settings) as gw:
        gw.wanted_alarm = "SSL_do_handshake() failed"
        gw.create("/services", {"name": "s", "url": f"https://127.0.0.1:{port}", "retries": 0})
        gw.create("/services/s/routes", {"paths": ["/"]})
        assert status(gw) == expected

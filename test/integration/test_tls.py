"""TLS of clients: which certificate they are shown, and what the ssl_* properties make of the handshake."""
import json
import pathlib
import random
import socket
import ssl
import subprocess
import time

import pytest
from certificates import Authority
from gateway import Gateway
from sockets import presented_name, tls_connect


@pytest.fixture(scope="module")
def authority():
    with Authority() as made:
        yield made


def name_for(port, server_name, **settings):
    with tls_connect(port, server_name, **settings) as connection:
        return presented_name(connection)


def shown(port, *arguments):
    """What openssl s_client prints about a handshake."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments], input="", text=True,
                          errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    return done.stdout


def add(gw, authority, name, snis, **more):
    pair = authority.issue(name)
    return gw.create("/certificates", {"cert": pair.cert, "key": pair.key, "snis": snis, **more})


def test_certificates_by_name(authority):
    default = authority.issue("default.test")
    with Gateway(KONG_SSL_CERT=str(default.cert_file), KONG_SSL_CERT_KEY=str(default.key_file)) as gw:
        port = gw.tls_port
        assert name_for(port, "a.test") == name_for(port, None) == "default.test"
        exact = add(gw, authority, "exact", ["a.wild.test", "a.test"])
        add(gw, authority, "leading", ["*.wild.test"])
        add(gw, authority, "trailing", ["b.wild.*"])
        assert name_for(port, "a.test") == name_for(port, "a.wild.test") == "exact"
        assert name_for(port, "x.wild.test") == name_for(port, "b.wild.test") == "leading"
        assert name_for(port, "b.wild.org") == "trailing"
        assert name_for(port, "wild.test") == name_for(port, "x.y.wild.test") == "default.test"
        add(gw, authority, "every", ["*"])
        assert name_for(port, "wild.test") == "every"
        # Changes hold for the next handshake.
        other = authority.issue("renewed")
        assert gw.admin("PATCH", f"/certificates/{exact['id']}", {"cert": other.cert, "key": other.key}).status == 200
        assert name_for(port, "a.test") == "renewed"
        assert gw.admin("DELETE", "/snis/a.test").status == 204
        assert name_for(port, "a.test") == "every"


def test_two_kinds_of_keys_for_one_name_and_for_the_default(authority):
    ec, rsa = authority.issue("both.test"), authority.issue("both.test", "rsa")
    default = [authority.issue("default.test", kind) for kind in ("rsa", "ec")]
    with Gateway(KONG_SSL_CERT=",".join(str(c.cert_file) for c in default),
                 KONG_SSL_CERT_KEY=",".join(str(c.key_file) for c in default)) as gw:
        gw.create("/certificates", {"cert": rsa.cert, "key": rsa.key, "cert_alt": ec.cert, "key_alt": ec.key,
                                    "snis": ["both.test"]})
        for name in ("both.test", "default.test"):
            for kind, signature in (("rsa_pss_rsae_sha256", "RSA-PSS"), ("ecdsa_secp256r1_sha256", "ECDSA")):
                text = shown(gw.tls_port, "-servername", name, "-sigalgs", kind)
                assert f"Peer signature type: {signature}" in text and f"subject=CN = {name}" in text, text
        old = shown(gw.tls_port, "-servername", "both.test", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")
        assert "Peer signature type: RSA" in old and "subject=CN = both.test" in old


def test_the_chain_is_sent_whole(authority):
    pair = authority.issue("chain.test")
    with Gateway() as gw:
        gw.create("/certificates", {"cert": pair.cert + authority.certificate.cert, "key": pair.key, "snis": ["chain.test"]})
        text = shown(gw.tls_port, "-servername", "chain.test", "-showcerts")
        assert text.count("BEGIN CERTIFICATE") == 2


def handshake(port, minimum, maximum=None, ciphers=None):
    """(version, cipher) or None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = minimum, maximum or minimum
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5)) as connection:
            return connection.version(), connection.cipher()[0]
    except ssl.SSLError:
        return None


V = ssl.TLSVersion
PROTOCOLS = {
    "modern": ({"KONG_SSL_CIPHER_SUITE": "modern"}, {V.TLSv1_3}),
    "intermediate": ({}, {V.TLSv1_2, V.TLSv1_3}),
    "old": ({"KONG_SSL_CIPHER_SUITE": "old"}, {V.TLSv1, V.TLSv1_1, V.TLSv1_2, V.TLSv1_3}),
    "custom": ({"KONG_SSL_CIPHER_SUITE": "custom", "KONG_SSL_CIPHERS": "ECDHE-RSA-AES256-GCM-SHA384",
                "KONG_SSL_PROTOCOLS": "TLSv1.2"}, {V.TLSv1_2}),
    "custom with its defaults": ({"KONG_SSL_CIPHER_SUITE": "custom", "KONG_SSL_CIPHERS": "DEFAULT"},
                                 {V.TLSv1_1, V.TLSv1_2, V.TLSv1_3}),
}


@pytest.mark.parametrize("kind", PROTOCOLS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_cipher_suites_decide_the_protocols(authority, kind):
    settings, expected = PROTOCOLS[kind]
    rsa = authority.issue("rsa.test", "rsa")
    with Gateway(workers=1, KONG_SSL_CERT=str(rsa.cert_file), KONG_SSL_CERT_KEY=str(rsa.key_file), **settings) as gw:
        spoken = {v for v in (V.TLSv1, V.TLSv1_1, V.TLSv1_2, V.TLSv1_3) if handshake(gw.tls_port, v)}
        assert spoken == expected
        if kind == "custom":
            assert handshake(gw.tls_port, V.TLSv1_2)[1] == "ECDHE-RSA-AES256-GCM-SHA384"
            assert handshake(gw.tls_port, V.TLSv1_2, ciphers="ECDHE-RSA-AES128-GCM-SHA256") is None
        if kind == "intermediate":  # its group for Diffie-Hellman
            assert handshake(gw.tls_port, V.TLSv1_2, ciphers="DHE-RSA-AES128-GCM-SHA256")


def reused(port, tickets, version=V.TLSv1_2, pause=0):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    session = None
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), 5) as plain, \
                context.wrap_socket(plain, server_hostname="a.test", session=session) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
            while connection.recv(4096):
                pass
            session = connection.session
            has_ticket, was_reused = session.has_ticket, connection.session_reused
        time.sleep(pause)
    return has_ticket, was_reused


def test_sessions_are_resumed_by_any_worker(authority):
    with Gateway(workers=3) as gw:
        add(gw, authority, "a.test", ["a.test"])
        for _ in range(5):
            assert reused(gw.tls_port, tickets=True) == (True, True)
            assert reused(gw.tls_port, tickets=False) == (False, True)
            assert reused(gw.tls_port, tickets=True, version=V.TLSv1_3)[1]


def test_session_tickets_and_timeouts_can_be_set():
    with Gateway(workers=1, KONG_SSL_SESSION_TICKETS="off") as gw:
        assert reused(gw.tls_port, tickets=True) == (False, True)
    with Gateway(workers=1, KONG_SSL_SESSION_TIMEOUT="1s") as gw:
        assert not reused(gw.tls_port, tickets=True, pause=2.1)[1]
        assert reused(gw.tls_port, tickets=True)[1]


def test_http2_is_agreed_upon_where_the_listener_has_it():
    with Gateway(workers=1) as gw:
        assert "ALPN protocol: h2" in shown(gw.tls_port, "-alpn", "h2,http/1.1")
        assert "ALPN protocol: http/1.1" in shown(gw.tls_port, "-alpn", "http/1.1")
        done = subprocess.run(["curl", "-sk", "--http2", "-w", "%{http_version}", "-o", "/dev/null",
                               f"https://127.0.0.1:{gw.tls_port}/"], stdout=subprocess.PIPE, text=True, check=True)
        assert done.stdout == "2"


def test_client_certificates_are_asked_for_where_nginx_is_told_to(authority):
    server, client = authority.issue("server.test"), authority.issue("client.test")
    settings = {"KONG_NGINX_PROXY_SSL_VERIFY_CLIENT": "on",
                "KONG_NGINX_PROXY_SSL_CLIENT_CERTIFICATE": str(authority.certificate.cert_file)}
    with Gateway(workers=1, KONG_SSL_CERT=str(server.cert_file), KONG_SSL_CERT_KEY=str(server.key_file), **settings) as gw:
        add(gw, authority, "a.test", ["a.test"])
        for certificate, status in ((None, b"400"), (client, b"404")):
            with tls_connect(gw.tls_port, "a.test", certificate=certificate) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert connection.recv(100).split()[1] == status


def test_a_staple_of_the_responder_is_passed_on_where_nginx_is_told_to(authority):
    """ssl_stapling is nginx' own: the answer of the file stands beside the default certificate."""
    pair = authority.issue("ocsp.test")
    folder = authority.folder
    serial = subprocess.run(["openssl", "x509", "-in", str(pair.cert_file), "-noout", "-serial"], text=True,
                            stdout=subprocess.PIPE, check=True).stdout.strip().split("=")[1]
    index = folder / "index.txt"
    index.write_text(f"V\t361231235959Z\t\t{serial}\tunknown\t/CN=ocsp.test\n")
    ca = authority.certificate
    subprocess.run(["openssl", "ocsp", "-index", str(index), "-rsigner", str(ca.cert_file), "-rkey", str(ca.key_file), "-CA",
                    str(ca.cert_file), "-issuer", str(ca.cert_file), "-cert", str(pair.cert_file), "-ndays", "5",
                    "-respout", str(folder / "staple")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings = {"KONG_NGINX_PROXY_SSL_STAPLING": "on", "KONG_NGINX_PROXY_SSL_STAPLING_FILE": str(folder / "staple"),
                "KONG_NGINX_PROXY_SSL_TRUSTED_CERTIFICATE": str(ca.cert_file)}
    with Gateway(workers=1, KONG_SSL_CERT=str(pair.cert_file), KONG_SSL_CERT_KEY=str(pair.key_file), **settings) as gw:
        assert "OCSP Response Status: successful" in shown(gw.tls_port, "-status")
        add(gw, authority, "a.test", ["a.test"])
        assert "OCSP response: no response sent" in shown(gw.tls_port, "-status", "-servername", "a.test")


def test_ten_thousand_names(authority):
    """Each of 10 000 names has a certificate of its own, there from the first handshake on."""
    pairs = [authority.issue(f"pair-{i}.test") for i in range(20)]
    shapes = [ssl.PEM_cert_to_DER_cert(pair.cert) for pair in pairs]
    certificates = [{"cert": pairs[i % 20].cert, "key": pairs[i % 20].key,
                     "snis": [{"name": f"name-{i}.test" if i % 3 else f"*.name-{i}.test"}]} for i in range(10000)]
    gw = Gateway(KONG_DATABASE="off")
    document = pathlib.Path(gw.prefix, "certificates.json")
    document.write_text(json.dumps({"_format_version": "2.1", "certificates": certificates}))
    gw.env["KONG_DECLARATIVE_CONFIG"] = str(document)
    with gw:
        for i in random.Random(1).sample(range(10000), 1000):
            with tls_connect(gw.tls_port, f"name-{i}.test" if i % 3 else f"x.name-{i}.test") as connection:
                assert connection.getpeercert(binary_form=True) == shapes[i % 20]

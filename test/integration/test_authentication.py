"""jwt, hmac-auth, ldap-auth, session and oauth2 on real traffic, by two workers."""
import base64
import concurrent.futures
import email.utils
import hashlib
import hmac
import http.client
import json
import re
import ssl
import subprocess
import urllib.parse

import pytest
from certificates import Authority
from directory import Directory
from gateway import Gateway, wait_until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def gw():
    with Gateway() as gateway:
        gateway.wanted_alarm = "ldap-auth"
        yield gateway


@pytest.fixture
def route(gw, upstream):
    """route(plugin, ...) with plugins as (name, config): the path of a new route."""
    made = []

    def make(*plugins):
        service = gw.create("/services", {"url": f"http://127.0.0.1:{upstream}"})
        path = f"/route{len(made)}"
        made.append(gw.create(f"/services/{service['id']}/routes", {"paths": [path]})["id"])
        for name, config in plugins:
            gw.create(f"/routes/{made[-1]}/plugins", {"name": name, "config": config})
        return path

    yield make
    for route_id in made:
        gw.admin("DELETE", f"/routes/{route_id}")


@pytest.fixture
def consumer(gw):
    name = "ann"
    gw.create("/consumers", {"username": name})
    yield name
    gw.admin("DELETE", f"/consumers/{name}")


def b64url(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_tokens_of_keys_made_by_openssl(gw, route, consumer, tmp_path):
    path = route(("jwt", {}))
    for algorithm in ("RS256", "RS512"):
        key, public = tmp_path / "key.pem", tmp_path / "public.pem"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout", "-out", str(public)], check=True, stderr=subprocess.DEVNULL)
        gw.create(f"/consumers/{consumer}/jwt", {"key": algorithm, "algorithm": algorithm, "rsa_public_key": public.read_text()})
        text = b64url({"alg": algorithm}) + "." + b64url({"iss": algorithm})
        signature = subprocess.run(["openssl", "dgst", f"-sha{algorithm[2:]}", "-sign", str(key)], input=text.encode(),
                                   stdout=subprocess.PIPE, check=True).stdout
        assert gw.proxy("GET", path, headers={"Authorization": f"Bearer {text}.{b64url(signature)}"}).status == 200
        broken = bytes([signature[0] ^ 1]) + signature[1:]
        assert gw.proxy("GET", path, headers={"Authorization": f"Bearer {text}.{b64url(broken)}"}).status == 401


def test_a_signature_over_headers_and_body(gw, route, consumer):
    path = route(("hmac-auth", {"validate_request_body": True, "enforce_headers": ["date", "digest"]}))
    gw.create(f"/consumers/{consumer}/hmac-auth", {"username": "al", "secret": "sec"})
    body = b"x" * 5000

    def ask(sent):
        date = email.utils.formatdate(usegmt=True)
        digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
        text = f"date: {date}\ndigest: {digest}\nPOST {path} HTTP/1.1"
        signature = base64.b64encode(hmac.new(b"sec", text.encode(), "sha256").digest()).decode()
        return gw.proxy("POST", path, sent, {
            "Date": date, "Digest": digest,
            "Authorization": f'hmac username="al", algorithm="hmac-sha256", headers="date digest request-line", signature="{signature}"'})

    assert ask(body).status == 200
    assert ask(b"y" * 5000).status == 401


def basic(text, scheme="ldap"):
    return {"Authorization": f"{scheme} {base64.b64encode(text.encode()).decode()}"}


def test_a_directory_decides(gw, route):
    with Directory({"ann": "secret"}) as directory:
        config = {"ldap_host": "127.0.0.1", "ldap_port": directory.port, "base_dn": "dc=test", "attribute": "cn", "cache_ttl": 0}
        path = route(("ldap-auth", config))
        for _ in range(4):
            assert gw.proxy("GET", path, headers=basic("ann:secret")).status == 200
            assert gw.proxy("GET", path, headers=basic("ann:wrong")).status == 401
            assert gw.proxy("GET", path, headers=basic("bob:secret")).status == 401
        # The connections that were kept are gone: new ones are made.
        directory.stop()
        assert gw.proxy("GET", path, headers=basic("ann:secret")).status == 500
        directory.start()
        assert gw.proxy("GET", path, headers=basic("ann:secret")).status == 200


def test_a_directory_over_tls(gw, route):
    with Authority() as authority:
        pair = authority.issue("127.0.0.1", alternative_names="IP:127.0.0.1")
        ask_over_tls(gw, route, pair)


def ask_over_tls(gw, route, pair):
    with Directory({"ann": "secret"}, pair.cert_file, pair.key_file) as directory:
        config = {"ldap_host": "127.0.0.1", "base_dn": "dc=test", "attribute": "cn"}
        secure = route(("ldap-auth", {**config, "ldap_port": directory.tls_port, "ldaps": True}))
        upgraded = route(("ldap-auth", {**config, "ldap_port": directory.port, "start_tls": True}))
        doubted = route(("ldap-auth", {**config, "ldap_port": directory.tls_port, "ldaps": True, "verify_ldap_host": True}))
        assert gw.proxy("GET", secure, headers=basic("ann:secret")).status == 200
        assert gw.proxy("GET", upgraded, headers=basic("ann:secret")).status == 200
        assert gw.proxy("GET", upgraded, headers=basic("ann:no")).status == 401
        assert gw.proxy("GET", doubted, headers=basic("ann:secret")).status == 500


def test_a_directory_that_hangs_holds_up_nobody_else(gw, route):
    with Directory({"ann": "secret"}) as directory:
        config = {"ldap_host": "127.0.0.1", "ldap_port": directory.port, "base_dn": "dc=test", "attribute": "cn", "timeout": 3000}
        path, free = route(("ldap-auth", config)), route()
        directory.process.send_signal(19)  # SIGSTOP
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                waiting = [pool.submit(gw.proxy, "GET", path, None, basic(f"ann:{i}")) for i in range(8)]
                for _ in range(20):
                    assert gw.proxy("GET", free).status == 200
                assert not any(call.done() for call in waiting)
                assert {call.result().status for call in waiting} == {500}
        finally:
            directory.process.send_signal(18)


@pytest.mark.parametrize("storage", ["cookie", "kong"])
def test_a_session_takes_the_place_of_the_key(gw, route, consumer, storage):
    gw.create(f"/consumers/{consumer}/key-auth", {"key": "k"})
    gw.admin("PUT", "/consumers/guest")
    path = route(("session", {"secret": "s", "storage": storage, "cookie_secure": False}), ("key-auth", {"anonymous": "guest"}))
    first = gw.proxy("GET", path, headers={"apikey": "k"})
    cookie = {"Cookie": re.match(r"session=[^;]+", first.headers["Set-Cookie"]).group()}

    def known():
        answer = gw.proxy("GET", path, headers=cookie)
        return answer.status == 200 and "WWW-Authenticate" not in answer.headers

    # Every worker knows it. What is stored is so a moment after the answer.
    wait_until(known)
    assert all(known() for _ in range(8))
    out = gw.proxy("POST", path + "?session_logout=1", headers=cookie)
    assert out.status == 200 and "Max-Age=0" in out.headers["Set-Cookie"] and out.body == b""


class Client:
    def __init__(self, gw, path):
        self.gw, self.path = gw, path

    def post(self, path, **form):
        connection = http.client.HTTPSConnection("127.0.0.1", self.gw.tls_port, timeout=20, context=ssl._create_unverified_context())
        try:
            connection.request("POST", self.path + path, urllib.parse.urlencode(form), FORM)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def token(self, **form):
        return self.post("/oauth2/token", client_id="app", client_secret="sec", **form)

    def authorize(self, **form):
        status, body = self.post("/oauth2/authorize", client_id="app", provision_key="prov", authenticated_userid="u", **form)
        return urllib.parse.parse_qs(urllib.parse.urlsplit(body["redirect_uri"]).query)

    def use(self, token):
        return self.gw.proxy("GET", self.path, headers={"Authorization": f"Bearer {token}"}).status


@pytest.fixture
def client(gw, route, consumer):
    gw.create(f"/consumers/{consumer}/oauth2", {"name": "app", "client_id": "app", "client_secret": "sec", "redirect_uris": ["http://app.test/"]})
    return Client(gw, route(("oauth2", {"provision_key": "prov", "enable_authorization_code": True, "enable_client_credentials": True,
                                        "enable_password_grant": True, "scopes": ["email"]})))


def test_every_worker_knows_a_token_at_once(client):
    for _ in range(5):
        status, body = client.token(grant_type="client_credentials")
        assert status == 200
        assert {client.use(body["access_token"]) for _ in range(6)} == {200}


def test_a_code_is_good_for_one_token_however_many_ask(client):
    code = client.authorize(response_type="code", scope="email")["code"][0]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.token(grant_type="authorization_code", code=code), range(8)))
    assert sorted(status for status, _ in answers) == [200] + [400] * 7


def test_a_refresh_token_is_good_for_one_pair(client):
    _, first = client.token(grant_type="password", provision_key="prov", authenticated_userid="u")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.token(grant_type="refresh_token", refresh_token=first["refresh_token"]), range(8)))
    assert sorted(status for status, _ in answers) == [200] + [400] * 7
    assert client.use(first["access_token"]) == 401
    assert client.use(next(body for status, body in answers if status == 200)["access_token"]) == 200


def test_tokens_are_written_where_the_admin_api_finds_them(gw, client):
    _, body = client.token(grant_type="client_credentials")
    row = gw.admin("GET", f"/oauth2_tokens/{body['access_token']}").json
    assert row["expires_in"] == 7200 and 1209500 < row["ttl"] <= 1209600
    assert gw.admin("DELETE", f"/oauth2_tokens/{body['access_token']}").status == 204
    assert client.use(body["access_token"]) == 401


def test_a_hashed_secret_is_checked(gw, client, consumer):
    gw.create(f"/consumers/{consumer}/oauth2", {"name": "h", "client_id": "h", "client_secret": "hsec", "hash_secret": True,
                                                "redirect_uris": ["http://h.test/"]})
    ask = {"grant_type": "client_credentials", "client_id": "h"}
    assert client.post("/oauth2/token", client_secret="hsec", **ask)[0] == 200
    assert client.post("/oauth2/token", client_secret="no", **ask)[0] == 400

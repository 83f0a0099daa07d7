"""Certificates from an ACME server: ordered at the first handshake, shown, renewed, and what happens when that fails."""
import base64
import contextlib
import json
import ssl
import subprocess

import pytest
from gateway import Gateway, wait_until
from pebble import Pebble
from sockets import tls_connect
from test_redis_limits import Redis

CHALLENGES = "/.well-known/acme-challenge/"
PATIENCE = 120  # keys of accounts take a machine with much to do long


def shown(gw, name):
    """What the certificate says that a client gets which asks for `name`."""
    with tls_connect(gw.tls_port, server_name=name) as connection:
        pem = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))
    text = subprocess.run(["openssl", "x509", "-noout", "-issuer", "-serial", "-ext", "subjectAltName", "-pubkey"], input=pem,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return {"pebble": "Pebble" in text, "name": f"DNS:{name}" in text, "serial": text.split("serial=")[1].split()[0],
            "key": text[text.index("-----BEGIN PUBLIC"):]}


def is_issued(gw, name):
    certificate = shown(gw, name)
    return certificate["pebble"] and certificate["name"]


def config(acme, storage, **more):
    return {"account_email": "me@a.test", "api_uri": acme.directory, "cert_type": "ecc", "storage": storage, **more}


def account_name(acme):
    return f"kong_acme:account:{acme.directory}:{base64.b64encode(b'me@a.test').decode()}"


def small_account():
    """As Kong keeps accounts, with a key that does not take long."""
    key = subprocess.run(["openssl", "genrsa", "2048"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.dumps({"key": key.stdout})


@contextlib.contextmanager
def node(hosts, account=None, pebble=None, **settings):
    """A gateway that is not started yet, and an authority that asks it."""
    gw = Gateway(**settings)
    with Pebble(gw.proxy_port, hosts, account, **(pebble or {})) as acme:
        gw.env["KONG_LUA_SSL_TRUSTED_CERTIFICATE"] = acme.trusted
        gw.env["KONG_LUA_SSL_VERIFY_DEPTH"] = "3"
        yield gw, acme


HOSTS = ["a.test", "b.w.test", "posted.test", "other.test"]


@pytest.fixture(scope="module")
def made():
    """With a database: certificates are rows."""
    with node(HOSTS, pebble={"PEBBLE_ALTERNATE_ROOTS": "1"}) as (gw, acme), gw:
        gw.create("/services", {"name": "s", "url": "http://127.0.0.1:9"})
        gw.create("/services/s/routes", {"name": "r", "paths": [CHALLENGES]})
        gw.create("/acme_storage", {"key": account_name(acme), "value": small_account()})
        gw.plugin = gw.create("/plugins", {"name": "acme", "config": config(
            acme, "kong", domains=["a.test", "*.w.test", "posted.test", "lost.test"])})
        gw.acme = acme
        yield gw


def keys(gw):
    return [row["key"] for row in gw.admin("GET", "/acme_storage").json["data"]]


def test_a_handshake_brings_a_certificate(made):
    assert not shown(made, "a.test")["pebble"]  # at first the default one
    wait_until(lambda: is_issued(made, "a.test"), PATIENCE)
    rows = made.admin("GET", "/certificates").json["data"]
    assert [row["snis"] for row in rows] == [["a.test"]] and rows[0]["tags"] == ["managed-by-acme"]
    wait_until(lambda: "kong_acme:renew_config:a.test" in keys(made))
    wait_until(lambda: set(keys(made)) == {account_name(made.acme), "kong_acme:renew_config:a.test"})
    # One order, however many handshakes of however many workers ask for it.
    assert made.acme.orders() == 1


def test_wildcards_stand_for_names(made):
    assert not shown(made, "b.w.test")["pebble"]
    wait_until(lambda: is_issued(made, "b.w.test"), PATIENCE)


def test_other_names_are_left_alone(made):
    before = made.acme.orders()
    for name in ["other.test", "w.test", None]:
        assert not shown(made, name)["pebble"]
    assert not [key for key in keys(made) if "other.test" in key] and made.acme.orders() == before


def test_challenges_are_answered(made):
    made.create("/acme_storage", {"key": "token#http-01", "value": "token.print"})
    answer = made.proxy("GET", CHALLENGES + "token", headers={"Host": "a.test"})
    assert (answer.status, answer.body) == (200, b"token.print\n")
    assert answer.headers["Content-Type"].startswith("text/plain")
    unknown = made.proxy("GET", CHALLENGES + "x", headers={"Host": "a.test"})
    assert (unknown.status, unknown.body) == (404, b"Not found\n")
    # Not of names that are none of ours: that goes to the service.
    assert made.proxy("GET", CHALLENGES + "token", headers={"Host": "other.test"}).status == 502


def test_what_fails_is_left_alone_for_a_while(made):
    shown(made, "lost.test")
    wait_until(lambda: "kong_acme:fail_backoff:lost.test" in keys(made), PATIENCE)
    wait_until(lambda: "could not create certificate for host: lost.test" in made.error_log())
    answer = made.admin("POST", "/acme", {"host": "lost.test"})
    assert answer.status == 500
    assert answer.json["message"].startswith("failed to update certificate: please try again in ")
    assert not shown(made, "lost.test")["pebble"]


def test_certificates_are_ordered_and_shown_by_the_admin_api(made):
    answer = made.request(made.admin_port, "POST", "/acme", {"host": "posted.test"}, timeout=PATIENCE)
    assert (answer.status, answer.json) == (201, {"message": "certificate for host posted.test is created"})
    assert is_issued(made, "posted.test")
    one = made.admin("GET", "/acme/certificates/posted.test").json["data"]
    assert one["host"] == "posted.test" and one["valid"] and one["pubkey_type"] == "id-ecPublicKey"
    assert one["issuer_cn"].startswith("Pebble Intermediate CA")
    assert one["serial_number"].replace(":", "").lstrip("0") == shown(made, "posted.test")["serial"].lstrip("0")
    assert one in made.admin("GET", "/acme/certificates").json["data"]
    assert made.admin("GET", "/acme/certificates?invalid_only=true").json["data"] == {}
    assert made.admin("GET", "/acme/certificates/other.test").status == 404
    assert made.admin("POST", "/acme", {}).status == made.admin("POST", "/acme", {"host": "a:80"}).status == 400


def test_certificates_are_renewed_with_their_keys(made):
    wait_until(lambda: is_issued(made, "a.test"), PATIENCE)
    before = shown(made, "a.test")
    assert made.admin("PATCH", "/acme").status == 202  # nothing is due
    issuer = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline"], input=made.acme.root(1), text=True,
                            stdout=subprocess.PIPE, check=True).stdout.split("=", 2)[-1].strip()
    changed = {"config": {"renew_threshold_days": 100000, "preferred_chain": issuer}}
    assert made.admin("PATCH", f"/plugins/{made.plugin['id']}", changed).status == 200
    assert made.admin("PATCH", "/acme").status == 202
    wait_until(lambda: shown(made, "a.test")["serial"] != before["serial"], PATIENCE)
    after = shown(made, "a.test")
    assert after["pebble"] and after["key"] == before["key"]
    # The one before is gone when the new plan is written down.
    wait_until(lambda: [row["snis"] for row in made.admin("GET", "/certificates").json["data"]].count(["a.test"]) == 1
               and all(row["snis"] for row in made.admin("GET", "/certificates").json["data"]), PATIENCE)
    assert "the default one is used" not in made.error_log()


def declarative(acme, storage, **more):
    return {"_format_version": "1.1", "services": [{"name": "s", "url": "http://127.0.0.1:9", "routes": [
        {"name": "r", "paths": [CHALLENGES]}]}], "plugins": [{"name": "acme", "config": config(acme, storage, **more)}]}


def test_without_a_database_memory_keeps_them():
    with node(["a.test"], KONG_DATABASE="off") as (gw, acme), gw:
        assert gw.admin("POST", "/config", declarative(acme, "shm", domains=["a.test"])).status == 201
        wait_until(lambda: is_issued(gw, "a.test"), PATIENCE)
        # Both workers show it: whoever takes the connection.
        assert all(is_issued(gw, "a.test") for _ in range(8))
        assert acme.orders() == 1
        assert [row["host"] for row in gw.admin("GET", "/acme/certificates").json["data"]] == ["a.test"]
        # A reload keeps what is in memory.
        gw.command("reload")
        assert is_issued(gw, "a.test")


def test_redis_keeps_what_nodes_of_kong_have_put_there():
    account = ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W")
    with Redis() as redis, node(["a.test"], account, KONG_DATABASE="off") as (gw, acme), gw:
        redis.ask("SET", account_name(acme), small_account())
        made = declarative(acme, "redis", domains=["a.test"], eab_kid=account[0], eab_hmac_key=account[1], cert_type="rsa",
                           rsa_key_size=2048, storage_config={"redis": {"host": "127.0.0.1", "port": redis.port}})
        assert gw.admin("POST", "/config", made).status == 201
        wait_until(lambda: is_issued(gw, "a.test"), PATIENCE)
        pair = json.loads(redis.ask("GET", "kong_acme:cert_key:a.test"))
        assert pair["cert"].startswith("-----BEGIN CERTIFICATE") and "PRIVATE KEY" in pair["key"]
        wait_until(lambda: redis.ask("EXISTS", "kong_acme:update_lock:a.test") == "0")
        assert redis.ask("EXISTS", "kong_acme:renew_config:a.test") == "1" and acme.orders() == 1
        gw.stop()
        gw.start()
        assert gw.admin("POST", "/config", made).status == 201
        # A node that comes new shows what is there, as soon as it has heard of it.
        wait_until(lambda: is_issued(gw, "a.test"), PATIENCE)
        assert acme.orders() == 1

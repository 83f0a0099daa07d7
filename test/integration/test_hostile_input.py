"""Whatever a client sends, it gets a clear refusal and the worker lives on."""
import json
import random
import socket

import pytest

from gateway import Gateway


@pytest.fixture(scope="module")
def gw():
    with Gateway() as running:
        yield running


def alive(gw, before):
    assert gw.admin("GET", "/").status == 200
    assert gw.pids()[1] == before, "a worker has died"


def test_random_bytes_on_every_listener(gw):
    rng, workers = random.Random(7), gw.pids()[1]
    for port in (gw.admin_port, gw.proxy_port, gw.tls_port, gw.status_port):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.settimeout(5)
                try:
                    s.sendall(rng.randbytes(8192) + b"\r\n\r\n")
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(4096):
                        pass
                except OSError:
                    pass
    alive(gw, workers)


BODIES = [b"{", b"null", b"[]", b'"x"', b"3", b"{" * 5000, b'{"name":"a\\u0000b","url":"http://x.test"}',
          b'{"name":"\xff\xfe","url":"http://x.test"}', b"[" * 100000, b'{"host":' + b"9" * 5000 + b"}", b"\x00" * 100]
VALUES = [None, True, 0, -1, 1.5, 1e300, "", "x" * 100000, [], {}, [[]], [{}], {"id": 5}, {"id": "x"}, "a\x00b", "\ud800"]


@pytest.mark.parametrize("path", ["/services", "/routes", "/consumers", "/plugins", "/upstreams", "/certificates", "/snis"])
def test_bad_bodies_are_refused(gw, path):
    workers = gw.pids()[1]
    for body in BODIES:
        answer = gw.admin("POST", path, body, {"Content-Type": "application/json"})
        assert 400 <= answer.status < 500, (path, body[:40], answer.status)
        assert json.loads(answer.body)["message"]
    alive(gw, workers)


@pytest.mark.parametrize("entity", ["services", "routes", "consumers", "plugins", "upstreams", "certificates"])
def test_wrong_types_in_every_field(gw, entity):
    workers = gw.pids()[1]
    fields = [next(iter(f)) for f in gw.admin("GET", f"/schemas/{entity}").json["fields"]]
    for field in fields:
        for value in VALUES:
            body = json.dumps({field: value}).encode()
            answer = gw.admin("POST", f"/{entity}", body, {"Content-Type": "application/json"})
            assert answer.status < 500, (entity, field, value, answer.body)
            if answer.status == 201:
                gw.admin("DELETE", f"/{entity}/{answer.json['id']}")
    alive(gw, workers)


def test_large_bodies(gw):
    workers = gw.pids()[1]
    body = json.dumps({"name": "x" * (9 << 20), "url": "http://x.test"})
    assert gw.admin("POST", "/services", body, {"Content-Type": "application/json"}).status in (201, 400)
    assert gw.admin("POST", "/services", "x" * (11 << 20), {"Content-Type": "application/json"}).status == 413
    alive(gw, workers)

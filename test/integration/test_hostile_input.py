"""Whatever a client sends, it gets a clear refusal and the worker lives on."""
import json
import pathlib
import random
import re
import socket
import ssl

import h2.connection
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


def test_streams_that_are_reset_at_once(gw, upstream):
    """Whatever requests are abandoned at, also waiting for the upstream or for plugins: nothing is left of them."""
    workers = gw.pids()[1]
    gw.create("/services", {"name": "reset", "host": "127.0.0.1", "port": upstream})
    gw.create("/services/reset/routes", {"paths": ["/reset"]})
    gw.create("/services/reset/plugins", {"name": "rate-limiting", "config": {"hour": 10 ** 9, "policy": "local"}})
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    before = None
    for turn in range(30):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", gw.tls_port), 5)) as client:
            connection = h2.connection.H2Connection()
            connection.initiate_connection()
            try:
                for stream in range(1, 400, 2):
                    connection.send_headers(stream, [(":method", "POST"), (":path", f"/reset/{stream}"), (":scheme", "https"),
                                                     (":authority", "a.test")], end_stream=stream % 3 == 0)
                    connection.reset_stream(stream)
                    if stream % 20 == 1:
                        client.sendall(connection.data_to_send())
            except OSError:  # enough, says nginx
                pass
        if turn == 10:
            before = resident(workers)
    alive(gw, workers)
    assert resident(workers) - before < 8


def resident(pids):
    """Megabytes."""
    return sum(int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))
               for pid in pids) / 1024

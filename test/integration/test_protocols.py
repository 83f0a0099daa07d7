"""HTTP in all its forms through the gateway: old and new versions, upgrades, trailers, and who the client is."""
import asyncio
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest
import websockets
from gateway import Gateway, free_port, wait_until
from sockets import RawServer, read_head, read_until

# SILVERBACK_WEBSOCKET_MB=1024 sends a gigabyte.
MEGABYTES = int(os.environ.get("SILVERBACK_WEBSOCKET_MB", "64"))


def serve(gw, port, route=None, **service):
    gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": port, **service})
    return gw.create("/services/s/routes", {"name": "r", "paths": ["/"], **(route or {})})


def answer_ok(connection, number):
    """Answers every request with its own head."""
    while True:
        head, rest = read_head(connection)
        if not head:
            return
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length:
            while len(rest) < int(length.group(1)):
                rest += connection.recv(65536)
        elif b"chunked" in head.lower():
            rest = read_until(connection, b"0\r\n\r\n", rest)
        body = head + b"\n\n" + rest[:1000]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def ask(port, text):
    """Sends raw bytes and reads to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(text)
        return read_all(connection)


def read_all(connection):
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return answer


def memory(gw):
    """Resident megabytes of the largest worker."""
    return max(int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))
               for pid in gw.pids()[1]) / 1024


class WebSocketServer:
    """Sends every message back."""

    def __init__(self):
        self.port, self.ready = free_port(), threading.Event()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()
        self.ready.wait(10)

    def _run(self):
        async def echo(connection):
            async for message in connection:
                await connection.send(message)

        async def start():
            self.server = await websockets.serve(echo, "127.0.0.1", self.port, compression=None, max_size=None)
            self.ready.set()

        self.loop.run_until_complete(start())
        self.loop.run_forever()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.server.close)


async def echo_through(address, megabytes, tls=None):
    piece = os.urandom(1 << 20)
    async with websockets.connect(address, ssl=tls, compression=None, max_size=None, ping_interval=None) as client:
        for _ in range(megabytes):
            await client.send(piece)
            assert await client.recv() == piece
        await client.send("text")
        assert await client.recv() == "text"
        assert await asyncio.wait_for(await client.ping(), 10) is not None


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_websockets_of_any_length_in_constant_memory(scheme):
    with WebSocketServer() as server, Gateway(workers=1) as gw:
        serve(gw, server.port)
        tls = ssl._create_unverified_context() if scheme == "wss" else None
        address = f"{scheme}://127.0.0.1:{gw.tls_port if tls else gw.proxy_port}/chat"
        asyncio.run(echo_through(address, 1, tls))
        before = memory(gw)
        asyncio.run(echo_through(address, MEGABYTES, tls))
        assert memory(gw) - before < 3


def test_a_websocket_is_idle_no_longer_than_the_service_says():
    def upgrade(connection, number):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
        connection.recv(1)

    with RawServer(upgrade) as server, Gateway(workers=1) as gw:
        serve(gw, server.port, read_timeout=500)
        answer = ask(gw.proxy_port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101") and answer.endswith(b"hello")


def test_clients_of_http_1_0():
    def chunked(connection, number):
        head, _ = read_head(connection)
        assert b" HTTP/1.1" in head
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")

    with RawServer(chunked) as server, Gateway(workers=1) as gw:
        serve(gw, server.port)
        head, body = ask(gw.proxy_port, b"GET / HTTP/1.0\r\n\r\n").split(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and b"ransfer-Encoding" not in head and body == b"abcdefg"
        assert b"Connection: close" in head


def test_trailers_are_taken_and_end_the_message():
    """nginx 1.22 passes no trailers of HTTP/1; what follows them is the next message."""
    def trailing(connection, number):
        for _ in range(2):
            head, rest = read_head(connection)
            assert b"Content-Length: 4" in head  # buffered bodies have a length
            read_until(connection, b"body", rest)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                               b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")

    with RawServer(trailing) as server, Gateway(workers=1) as gw:
        serve(gw, server.port)
        one = b"POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n%s\r\n" \
              b"4\r\nbody\r\n0\r\nX-End: 1\r\nX-More: 2\r\n\r\n"
        answer = ask(gw.proxy_port, one % (1, b"") + one % (2, b"Connection: close\r\n"))
        assert answer.count(b"HTTP/1.1 200") == 2 and answer.count(b"abc") == 2, answer


@pytest.mark.parametrize("buffering", [True, False])
def test_expect_100_continue(buffering):
    with RawServer(answer_ok) as server, Gateway(workers=1) as gw:
        serve(gw, server.port, {"request_buffering": buffering})
        with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
                           b"Connection: close\r\n\r\n")
            assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(b"body")
            answer = read_all(client)
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\n\nbody") and b"100-continue" not in answer
        # A refusal needs no body.
        gw.admin("PATCH", "/routes/r", {"hosts": ["other.test"]})
        answer = ask(gw.proxy_port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
                     b"Connection: close\r\n\r\nbody")
        assert b"HTTP/1.1 404" in answer


def wait_for(event):
    assert event.wait(10)


@pytest.mark.parametrize("buffering", [True, False])
def test_request_buffering_of_a_route(buffering):
    """Without it the upstream sees the first half of a body before the client has sent the second."""
    seen, whole = threading.Event(), threading.Event()

    def watch(connection, number):
        _, body = read_head(connection)
        while len(body) < 100_000:
            body += connection.recv(65536)
        seen.set()
        while len(body) < 200_000:
            body += connection.recv(65536)
        whole.set()
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with RawServer(watch) as server, Gateway(workers=1) as gw:
        serve(gw, server.port, {"request_buffering": buffering})
        with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
            if buffering:
                assert not seen.wait(0.3)
            else:
                wait_for(seen)
            client.sendall(b"x" * 100_000)
            wait_for(whole)
            assert client.recv(100).startswith(b"HTTP/1.1 204")


@pytest.mark.parametrize("buffering", [True, False])
def test_response_buffering_of_a_route(buffering):
    """Without it every piece of an answer is passed on as it comes."""
    go_on = threading.Event()

    def drip(connection, number):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        go_on.wait(10)
        connection.sendall(b"done")

    with RawServer(drip) as server, Gateway(workers=1) as gw:
        serve(gw, server.port, {"response_buffering": buffering})
        with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            client.settimeout(0.5 if buffering else 10)
            try:
                first = client.recv(65536)
            except TimeoutError:
                first = b""
            assert first.endswith(b"half") != buffering
            go_on.set()
            client.settimeout(10)
            assert read_until(client, b"done", first).endswith(b"halfdone")


@pytest.mark.parametrize("request_buffering", [True, False])
@pytest.mark.parametrize("response_buffering", [True, False])
def test_large_bodies_in_constant_memory(request_buffering, response_buffering):
    size, piece = 96 << 20, os.urandom(1 << 20)

    def swallow_and_give(connection, number):
        head, rest = read_head(connection)
        if head.startswith(b"POST"):
            left = size - len(rest)
            while left > 0:
                left -= len(connection.recv(1 << 20))
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size >> 20):
            connection.sendall(piece)

    with RawServer(swallow_and_give) as server, Gateway(workers=1) as gw:
        serve(gw, server.port, {"request_buffering": request_buffering, "response_buffering": response_buffering})
        command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
        source = pathlib.Path(gw.prefix, "large")
        with source.open("wb") as file:
            for _ in range(size >> 20):
                file.write(piece)
        before = memory(gw)
        for arguments in ([f"http://127.0.0.1:{gw.proxy_port}/"],
                          ["-k", "--http2", "-T", source, "-X", "POST", f"https://127.0.0.1:{gw.tls_port}/"],
                          ["-T", source, "-X", "POST", f"http://127.0.0.1:{gw.proxy_port}/"]):
            done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, timeout=60)
            assert done.stdout == f"200 {size}"
        assert memory(gw) - before < 8
        assert not list(pathlib.Path(gw.prefix, "client_body_temp").rglob("0*"))


def seen_headers(answer):
    head = answer.split(b"\r\n\r\n", 1)[1].decode().split("\n\n")[0]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in head.splitlines()[1:])}


GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n"


def test_proxy_protocol_on_a_listener():
    port = free_port()
    settings = {"KONG_PROXY_LISTEN": f"127.0.0.1:{port} proxy_protocol", "KONG_REAL_IP_HEADER": "proxy_protocol",
                "KONG_TRUSTED_IPS": "127.0.0.0/8"}
    second = struct.pack(">12sBBH4s4sHH", b"\r\n\r\n\0\r\nQUIT\n", 0x21, 0x11, 12, socket.inet_aton("192.0.2.10"),
                         socket.inet_aton("198.51.100.1"), 4711, 81)
    with RawServer(answer_ok) as server, Gateway(workers=1, **settings) as gw:
        serve(gw, server.port)
        for header, ip in ((b"PROXY TCP4 192.0.2.9 198.51.100.1 4711 81\r\n", "192.0.2.9"), (second, "192.0.2.10"),
                           (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 81\r\n", "2001:db8::1")):
            seen = seen_headers(ask(port, header + GET + b"\r\n"))
            assert (seen["x-real-ip"], seen["x-forwarded-for"]) == (ip, ip)
            assert seen["x-forwarded-port"] == str(port)
        assert ask(port, GET + b"\r\n") == b""  # without its header


def test_proxy_protocol_is_not_believed_from_strangers():
    port = free_port()
    settings = {"KONG_PROXY_LISTEN": f"127.0.0.1:{port} proxy_protocol", "KONG_REAL_IP_HEADER": "proxy_protocol"}
    with RawServer(answer_ok) as server, Gateway(workers=1, **settings) as gw:
        serve(gw, server.port)
        seen = seen_headers(ask(port, b"PROXY TCP4 192.0.2.9 198.51.100.1 4711 81\r\n" + GET + b"\r\n"))
        assert seen["x-real-ip"] == "127.0.0.1"


FORWARDED = b"X-Forwarded-For: 203.0.113.5, 192.0.2.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test\r\n" \
            b"X-Forwarded-Port: 1234\r\nX-Forwarded-Path: /p\r\nX-Forwarded-Prefix: /q\r\nX-Real-IP: 198.51.100.7\r\n"


@pytest.mark.parametrize("settings, address", [
    ({}, None),
    ({"KONG_TRUSTED_IPS": "127.0.0.1"}, "198.51.100.7"),
    ({"KONG_TRUSTED_IPS": "127.0.0.1", "KONG_REAL_IP_HEADER": "X-Forwarded-For"}, "192.0.2.9"),
    ({"KONG_TRUSTED_IPS": "127.0.0.1,192.0.2.0/24", "KONG_REAL_IP_HEADER": "X-Forwarded-For",
      "KONG_REAL_IP_RECURSIVE": "on"}, "203.0.113.5"),
    ({"KONG_TRUSTED_IPS": "0.0.0.0/0,::/0", "KONG_REAL_IP_HEADER": "X-Forwarded-For", "KONG_REAL_IP_RECURSIVE": "on"},
     "203.0.113.5"),
])
def test_who_is_believed_about_the_client(settings, address):
    with RawServer(answer_ok) as server, Gateway(workers=1, **settings) as gw:
        serve(gw, server.port)
        seen = seen_headers(ask(gw.proxy_port, GET + FORWARDED + b"\r\n"))
        assert seen["x-real-ip"] == (address or "127.0.0.1")
        believed = address is not None
        assert seen["x-forwarded-proto"] == ("https" if believed else "http")
        assert seen["x-forwarded-host"] == ("b.test" if believed else "a.test")
        assert seen["x-forwarded-port"] == ("1234" if believed else str(gw.proxy_port))
        assert seen["x-forwarded-path"] == ("/p" if believed else "/")
        assert (seen.get("x-forwarded-prefix") == "/q") == believed
        # The address behind the connection is added, believed or not.
        assert seen["x-forwarded-for"].startswith("203.0.113.5, 192.0.2.9, ")


def test_port_maps_tell_the_port_that_clients_use():
    with RawServer(answer_ok) as server:
        gw = Gateway(workers=1)
        gw.env["KONG_PORT_MAPS"] = f"80:{gw.proxy_port}, 443:{gw.tls_port}"
        with gw:
            serve(gw, server.port)
            assert seen_headers(ask(gw.proxy_port, GET + b"\r\n"))["x-forwarded-port"] == "80"
            done = subprocess.run(["curl", "-sk", f"https://127.0.0.1:{gw.tls_port}/"], stdout=subprocess.PIPE)
            assert b"X-Forwarded-Port: 443\r\n" in done.stdout + b"\r\n"


def test_ipv6_from_end_to_end():
    six = free_port()
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with RawServer(answer_ok, listener) as server, Gateway(workers=1, KONG_TRUSTED_IPS="2001:db8::/32,::1") as gw:
        gw.command("stop")
        gw.env["KONG_PROXY_LISTEN"] += f", [::1]:{six}"
        gw.start()
        serve(gw, server.port, host="[::1]")
        gw.create("/upstreams", {"name": "up"})
        gw.create("/upstreams/up/targets", {"target": f"[::1]:{server.port}"})
        for host in ("[::1]", "::1", "up"):
            assert gw.admin("PATCH", "/services/s", {"host": host}).status == 200
            with socket.create_connection(("::1", six), 10) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                seen = seen_headers(read_all(client))
            assert (seen["x-real-ip"], seen["x-forwarded-for"], seen["x-forwarded-port"]) == ("::1", "::1", str(six))
            assert seen["host"].endswith(f"1]:{server.port}")
        with socket.create_connection(("::1", six), 10) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\nX-Real-IP: 2001:db8::9\r\n\r\n")
            seen = seen_headers(read_all(client))
        assert (seen["x-real-ip"], seen["x-forwarded-host"]) == ("2001:db8::9", "[::1]")


def keepalive_answers(connection, number):
    while read_head(connection)[0]:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("settings, pause, connections", [
    ({}, 0, 1),
    ({"KONG_UPSTREAM_KEEPALIVE_POOL_SIZE": "0"}, 0, 6),
    ({"KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS": "2"}, 0, 3),
    ({"KONG_UPSTREAM_KEEPALIVE_IDLE_TIMEOUT": "1"}, 1.6, 6),
    ({"KONG_UPSTREAM_KEEPALIVE_IDLE_TIMEOUT": "0"}, 1.2, 1),
])
def test_connections_to_upstreams_are_kept_as_long_as_the_settings_say(settings, pause, connections):
    with RawServer(keepalive_answers) as server, Gateway(workers=1, **settings) as gw:
        serve(gw, server.port)
        for _ in range(6):
            assert gw.proxy("GET", "/").status == 200
            time.sleep(pause)
        assert server.count == connections


def test_more_connections_than_the_pool_has_room_for_are_closed():
    together = threading.Barrier(5, timeout=10)

    def serve_together(connection, number):
        while read_head(connection)[0]:
            if number < 5:
                together.wait()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with RawServer(serve_together) as server, Gateway(workers=1, KONG_UPSTREAM_KEEPALIVE_POOL_SIZE="2") as gw:
        serve(gw, server.port)
        threads = [threading.Thread(target=gw.proxy, args=("GET", "/")) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(connected(server.port)) == 2)


def connected(port):
    """Established connections to a local port."""
    done = subprocess.run(["ss", "-Htn", "state", "established", f"dport = :{port}"], stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def test_many_streams_of_http2_on_one_connection():
    def body(connection, number):
        while read_head(connection)[0]:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)

    with RawServer(body) as server, Gateway(workers=2) as gw:
        serve(gw, server.port)
        done = subprocess.run(["h2load", "-n2000", "-c2", "-m50", f"https://127.0.0.1:{gw.tls_port}/"],
                              stdout=subprocess.PIPE, text=True, timeout=60)
        assert "2000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout

"""Headers on their way through the gateway, where Kong does what one would not guess."""
import re
import socket

import pytest
from gateway import Gateway
from sockets import RawServer, read_head


def echo(connection, number):
    """Answers every request with its head; paths that begin with /say/ with the lines behind it."""
    while True:
        head, _ = read_head(connection)
        if not head:
            return
        path = head.split(b" ")[1].decode()
        lines = path[5:].replace("%3A", ":").replace("+", " ").split("/") if path.startswith("/say/") else []
        said = "".join(f"{line}\r\n" for line in lines).encode()
        body = head + b"\r\n"
        connection.sendall(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (said, len(body)) + body)


@pytest.fixture(scope="module")
def gw():
    with RawServer(echo) as server, Gateway(workers=1, KONG_TRUSTED_IPS="127.0.0.1") as gateway:
        gateway.create("/services", {"name": "s", "host": "127.0.0.1", "port": server.port})
        gateway.create("/services/s/routes", {"name": "all", "paths": ["/"], "strip_path": False})
        gateway.create("/services/s/routes", {"name": "stripped", "paths": ["/stripped"]})
        gateway.create("/upstreams", {"name": "sticky", "hash_on": "cookie", "hash_on_cookie": "place"})
        gateway.create("/upstreams/sticky/targets", {"target": f"127.0.0.1:{server.port}"})
        gateway.create("/services", {"name": "sticky", "host": "sticky"})
        gateway.create("/services/sticky/routes", {"paths": ["/sticky"]})
        gateway.create("/services/s/routes", {"name": "hyphen", "paths": ["/by-header"], "headers": {"X-Kind": ["a"]}})
        gateway.create("/services/s/routes", {"name": "under", "paths": ["/by-header"], "headers": {"x_place": ["a"]}})
        yield gateway


def ask(gw, path, *lines):
    """(head of the answer, its body)"""
    with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
        client.sendall("\r\n".join([f"GET {path} HTTP/1.1", "Host: h.test", "Connection: close", *lines, "", ""]).encode())
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    head, body = answer.decode().split("\r\n\r\n", 1)
    return head, body


def values(text, name):
    return re.findall(rf"(?im)^{name}: *(.*?)\r?$", text)


@pytest.mark.parametrize("name", ["X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Host", "X-Forwarded-Path",
                                  "X-Forwarded-Proto"])
def test_what_a_trusted_client_leaves_empty_stays_so(gw, name):
    assert values(ask(gw, "/stripped/x")[1], name) != []
    assert values(ask(gw, "/stripped/x", f"{name}:")[1], name) == []


@pytest.mark.parametrize("line, route", [
    ("X-Kind: a", "hyphen"), ("x_kind: a", "all"),  # a hyphen is a hyphen
    ("X-Place: a", "under"), ("x_place: a", "under"),  # an underscore is either
])
def test_hyphens_and_underscores_in_headers_of_routes(gw, line, route):
    assert values(ask(gw, "/by-header", line, "Kong-Debug: 1")[0], "Kong-Route-Name") == [route]


@pytest.mark.parametrize("cookie, known", [
    ("place=x", True), ("a=1; PLACE=x", True), ("a=1, place=x", True), ("place = x", True), ("place=", True),
    ("replace=x", False), ("a=place=x", False), ("place", False),
])
def test_cookies_that_requests_are_placed_by(gw, cookie, known):
    assert (values(ask(gw, "/sticky", f"Cookie: {cookie}")[0], "Set-Cookie") == []) == known


def test_of_several_connection_lines_the_first_names_what_is_dropped(gw):
    head, _ = ask(gw, "/say/Connection%3A+X-One/Connection%3A+X-Two/X-One%3A+1/X-Two%3A+2")
    assert values(head, "X-One") == [] and values(head, "X-Two") == ["2"]


@pytest.mark.parametrize("asked, told, kept", [
    ("websocket", "WebSocket", True), ("websocket", "h2c", False), ("h2c", "h2c", False),
])
def test_upgrade_of_an_ordinary_answer(gw, asked, told, kept):
    """Only of the protocol that was asked for may an upstream speak."""
    head, _ = ask(gw, f"/say/Upgrade%3A+{told}", f"Upgrade: {asked}")
    assert values(head, "Upgrade") == ([told] if kept else [])


def test_whatever_a_connection_line_names_is_dropped(gw):
    _, body = ask(gw, "/", "Close: 1", "X-One: 1")
    assert values(body, "Close") == ["1"]
    with socket.create_connection(("127.0.0.1", gw.proxy_port), 10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-One\r\nClose: 1\r\nX-One: 1\r\nX-Two: 2\r\n\r\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    assert [values(answer.decode(), name) for name in ("Close", "X-One", "X-Two")] == [[], [], ["2"]]

"""grpc-web and grpc-gateway in front of a real gRPC server that echoes its messages."""
import base64
import json
import pathlib
import struct

import pytest
from gateway import Gateway
from grpc_echo import GrpcServer

PROTO = """syntax = "proto3";
package test;
import "google/api/annotations.proto";
message Thing { string name = 1; int32 count = 2; repeated string tags = 3; }
service Echo {
  rpc Unary(Thing) returns (Thing) {
    option (google.api.http) = { get: "/v1/things/{name}" additional_bindings { post: "/v1/things" body: "*" } };
  }
}
"""


def frame(message, flags=0):
    return struct.pack(">BI", flags, len(message)) + message


def frames(data):
    """[(flags, message)]"""
    found = []
    while data:
        flags, size = struct.unpack(">BI", data[:5])
        found.append((flags, data[5:5 + size]))
        data = data[5 + size:]
    return found


@pytest.fixture(scope="module")
def gw():
    with GrpcServer() as server, Gateway() as gateway:
        # A folder that the workers may read.
        proto = pathlib.Path(gateway.prefix, "echo.proto")
        proto.write_text(PROTO)
        for name, config in {"grpc-web": {"proto": str(proto)}, "grpc-gateway": {"proto": str(proto)}}.items():
            gateway.create("/services", {"name": name, "protocol": "grpc", "host": "127.0.0.1", "port": server.port})
            gateway.create(f"/services/{name}/routes", {"name": name, "hosts": [name], "protocols": ["http"]})
            gateway.create(f"/routes/{name}/plugins", {"name": name, "config": config})
        yield gateway


def web(gw, method, body, content_type):
    return gw.proxy("POST", f"/test.Echo/{method}", body, {"Host": "grpc-web", "Content-Type": content_type})


def test_a_browser_calls_in_protobuf(gw):
    message = b"\n\x01n"
    answer = web(gw, "Unary", frame(message), "application/grpc-web+proto")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/grpc-web+proto"
    assert frames(answer.body) == [(0, message), (0x80, b"grpc-status:0\r\ngrpc-message:\r\n")]


def test_a_browser_calls_in_base64(gw):
    answer = web(gw, "Unary", base64.b64encode(frame(b"\n\x01n")), "application/grpc-web-text")
    pieces = answer.body.replace(b"=", b"=\n").split()
    assert frames(base64.b64decode(answer.body) if len(pieces) == 1 else
                  b"".join(base64.b64decode(piece + b"=" * (-len(piece) % 4)) for piece in pieces if piece != b"="))[0] == (0, b"\n\x01n")


def test_a_browser_calls_in_json(gw):
    answer = web(gw, "Unary", json.dumps({"name": "n", "tags": ["a", "b"]}), "application/json")
    assert answer.json == {"name": "n", "count": 0, "tags": ["a", "b"]}
    assert web(gw, "None", "{}", "application/json").status == 400


def test_a_browser_hears_why_a_call_failed(gw):
    answer = web(gw, "Fails", frame(b"NOT_FOUND gone"), "application/grpc-web+proto")
    assert frames(answer.body)[-1] == (0x80, b"grpc-status:5\r\ngrpc-message:gone\r\n")


def test_a_browser_gets_a_stream(gw):
    answer = web(gw, "Counts", frame(b"3"), "application/grpc-web+proto")
    assert [message for flags, message in frames(answer.body) if flags == 0] == [b"0", b"1", b"2"]


def rest(gw, method, path, body=None):
    return gw.proxy(method, path, body, {"Host": "grpc-gateway"})


def test_a_rest_client_gets_and_posts(gw):
    assert rest(gw, "GET", "/v1/things/a%20b?count=3&tags=x&tags=y").json == {"name": "a b", "count": 3, "tags": ["x", "y"]}
    answer = rest(gw, "POST", "/v1/things", {"name": "m", "count": 7})
    assert answer.json == {"name": "m", "count": 7} and answer.headers["Content-Type"] == "application/json"


def test_a_rest_client_hears_what_is_wrong(gw):
    assert rest(gw, "GET", "/v2/none").status == 400
    assert rest(gw, "POST", "/v1/things", "{").status == 400
    assert rest(gw, "POST", "/v1/things", {"count": "many"}).status == 400
    preflight = rest(gw, "OPTIONS", "/v1/things")
    assert preflight.status == 200 and preflight.headers["Access-Control-Allow-Methods"] == "GET,POST,PATCH,DELETE"

"""request-transformer, response-transformer and bot-detection on real traffic."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from gateway import Gateway


class Echo(BaseHTTPRequestHandler):
    """Answers with what it received; /raw/BODY answers with a JSON content type and that body."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("latin-1")
        told = {"method": self.command, "path": self.path, "headers": [[k.lower(), v] for k, v in self.headers.items()], "body": body}
        text = self.path[5:].encode() if self.path.startswith("/raw/") else json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture(scope="module")
def shared():
    with Gateway() as gw:
        yield gw


@pytest.fixture
def route(shared, echo):
    """plug(name, config) on a route of its own; gives the path below which requests reach the echo."""
    made = []

    def plug(*plugins):
        service = shared.create("/services", {"url": f"http://127.0.0.1:{echo}"})
        path = f"/r{len(made)}"
        made.append(shared.create(f"/services/{service['id']}/routes", {"paths": [path]})["id"])
        for name, config in plugins:
            shared.create(f"/routes/{made[-1]}/plugins", {"name": name, "config": config})
        return path

    yield plug
    for route_id in made:
        shared.admin("DELETE", f"/routes/{route_id}")


def test_everything_of_a_request_is_changed(shared, route):
    path = route(("request-transformer", {
        "remove": {"headers": ["X-Gone"], "querystring": ["gone"], "body": ["gone"]},
        "add": {"headers": ["X-Add:$(headers.x_in)-$(query_params.q)"], "body": ["add:1"]},
        "replace": {"uri": "/new/$(query_params.q)"}, "http_method": "PUT"}))
    told = shared.proxy("POST", f"{path}/old?q=5&gone=1", {"gone": 1, "b": [1]}, {"X-Gone": "1", "X-In": "in"}).json
    assert (told["method"], told["path"], json.loads(told["body"])) == ("PUT", "/new/5?q=5", {"b": [1], "add": "1"})
    headers = dict(map(tuple, told["headers"]))
    assert headers["x-add"] == "in-5" and "x-gone" not in headers


def test_a_large_body_goes_on_unchanged(shared, route):
    path = route(("request-transformer", {"add": {"body": ["add:1"]}}))
    body = json.dumps({"text": "x" * 300_000})
    told = shared.proxy("POST", path, body, {"Content-Type": "application/json"}).json
    assert told["body"] == body


def test_a_head_request_that_becomes_a_get_has_no_body(shared, route):
    path = route(("request-transformer", {"http_method": "GET"}))
    answer = shared.proxy("HEAD", path)
    assert answer.status == 200 and answer.body == b""
    # The next request on the same connection is not confused by a body that nobody expected.
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", shared.proxy_port, timeout=10)
    for _ in range(3):
        connection.request("HEAD", path)
        first = connection.getresponse()
        assert first.status == 200 and first.read() == b""


def test_templates_cannot_hold_up_the_gateway(shared, route):
    path = route(("request-transformer", {"add": {"headers": ["X:$((function() while true do end end)())"]}}))
    assert shared.proxy("GET", path).status == 500
    fine = route(("request-transformer", {"add": {"headers": ["X:1"]}}))
    assert shared.proxy("GET", fine).status == 200


def test_responses_are_changed_whatever_their_length(shared, route):
    path = route(("response-transformer", {"remove": {"json": ["headers", "body"]}, "add": {"json": ["extra:1"], "headers": ["X-T:1"]}}))
    answer = shared.proxy("POST", path, "y" * 200_000)
    assert answer.json == {"method": "POST", "path": "/", "extra": "1"} and answer.headers["X-T"] == "1"


def test_a_json_answer_that_is_none_is_cut(shared, route):
    path = route(("response-transformer", {"remove": {"json": ["a"]}}))
    with pytest.raises(Exception):
        shared.proxy("GET", f"{path}/raw/%7B")
    assert shared.proxy("GET", f"{path}/raw/[1]").json == [1]


def test_headers_alone_leave_the_length(shared, route):
    path = route(("response-transformer", {"add": {"headers": ["X-T:1"]}}))
    assert "Content-Length" in shared.proxy("GET", path).headers


def test_crawlers_are_refused(shared, route):
    path = route(("bot-detection", {"allow": ["^Friend"], "deny": ["^Enemy"]}))
    for agent, status in {"Mozilla/5.0": 200, "Googlebot/2.1": 403, "Friendly spider 1": 200, "Enemy": 403}.items():
        assert shared.proxy("GET", path, headers={"User-Agent": agent}).status == status, agent

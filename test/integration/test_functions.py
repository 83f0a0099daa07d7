"""pre-function and post-function on real traffic: every phase, large bodies, hostile texts."""
import concurrent.futures
import http.client

import pytest
from gateway import Gateway


@pytest.fixture(scope="module")
def gw():
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def route(gw, upstream):
    made = []

    def make(**functions):
        service = gw.create("/services", {"url": f"http://127.0.0.1:{upstream}"})
        path = f"/f{len(made)}"
        made.append(gw.create(f"/services/{service['id']}/routes", {"paths": [path]})["id"])
        gw.create(f"/routes/{made[-1]}/plugins", {"name": "pre-function", "config": {name: [text] for name, text in functions.items()}})
        return path

    yield make
    for route_id in made:
        gw.admin("DELETE", f"/routes/{route_id}")


def test_every_phase_runs(gw, route):
    path = route(access="kong.ctx.shared.seen = kong.request.get_path()",
                 header_filter="kong.response.set_header('X-Seen', kong.ctx.shared.seen)",
                 body_filter="local b = kong.response.get_raw_body() if b then kong.response.set_raw_body(b:upper()) end",
                 log="kong.log.err('logged ', kong.response.get_status())")
    answer = gw.proxy("GET", path + "/abc")
    assert answer.headers["X-Seen"] == path + "/abc" and answer.body == b"/ABC\n"
    assert "logged 200" in gw.error_log()


def test_the_rewrite_phase_is_of_those_that_apply_everywhere(gw, upstream):
    gw.create("/services", {"name": "rw", "url": f"http://127.0.0.1:{upstream}"})
    gw.create("/services/rw/routes", {"paths": ["/rw"]})
    plugin = gw.create("/plugins", {"name": "post-function", "config": {"rewrite": [
        "if kong.request.get_path() == '/stop' then kong.response.exit(418, 'stopped') end"]}})
    try:
        assert gw.proxy("GET", "/stop").status == 418
        assert gw.proxy("GET", "/rw").status == 200
    finally:
        gw.admin("DELETE", f"/plugins/{plugin['id']}")


def test_bodies_are_read_up_to_the_buffers_size(gw, route):
    path = route(access="local b, e = kong.request.get_raw_body() kong.response.exit(200, b and #b .. '' or e)")
    assert gw.proxy("POST", path, "x" * 5000).body == b"5000"
    assert b"did not fit" in gw.proxy("POST", path, "x" * 100_000).body


def test_an_upstream_in_the_place_of_an_address_is_one_that_failed(gw, route, upstream):
    gw.create("/upstreams", {"name": "instead"})
    gw.create("/upstreams/instead/targets", {"target": f"127.0.0.1:{upstream}"})
    failed = gw.proxy("GET", route(access="assert(kong.service.set_upstream('instead'))"))
    assert failed.status == 500 and failed.body == b"An unexpected error occurred\n"
    assert "Server" not in failed.headers and failed.headers["Via"] == "kong/2.8.5"
    # What a plugin says later counts.
    better = route(access=f"kong.service.set_upstream('instead') kong.service.set_target('127.0.0.1', {upstream})")
    assert gw.proxy("GET", better).status == 200
    named = route(access="kong.service.set_target('a.name', 80) assert(kong.service.set_upstream('instead'))")
    assert gw.proxy("GET", named).status == 200


def test_another_body_goes_to_the_upstream(gw, route):
    path = route(access="kong.service.request.set_raw_body('new') kong.service.request.set_path('/other')")
    assert gw.proxy("POST", path, "x" * 100_000).body == b"/other\n"


def test_buffering_shows_the_body_before_the_header(gw, route):
    path = route(access="kong.service.request.enable_buffering()",
                 header_filter="kong.response.set_header('X-Body', (kong.service.response.get_raw_body():gsub('%s', '')))")
    connection = http.client.HTTPConnection("127.0.0.1", gw.proxy_port, timeout=10)
    for i in range(3):
        connection.request("GET", f"{path}/{i}")
        answer = connection.getresponse()
        assert answer.read() == f"/{i}\n".encode() and answer.headers["X-Body"] == f"/{i}"
    connection.request("HEAD", path)
    assert connection.getresponse().read() == b""


def test_an_answer_in_the_header_filter_takes_the_place_of_the_upstreams(gw, route):
    path = route(header_filter="kong.response.exit(403, {message = 'late'}, {['X-L'] = '1'})")
    answer = gw.proxy("GET", path)
    assert (answer.status, answer.json, answer.headers["X-L"]) == (403, {"message": "late"}, "1")


def test_an_error_in_the_header_filter_closes_the_connection(gw, route):
    path = route(header_filter="error('no')")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        gw.proxy("GET", path)


HOSTILE = ["while true do end", "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) end", "return ('a'):rep(1e8):find(('a*'):rep(30) .. 'b')",
           "string.format = nil", "kong.request.get_path = nil", "getmetatable('').__index = nil", "coroutine.wrap(function() while true do end end)()",
           "local function f() return pcall(f) end f()", "ngx.re.match(('a'):rep(1000), '(a+)+$b')", "error(setmetatable)"]


def test_hostile_texts_hurt_only_their_own_requests(gw, route):
    fine = route(access="kong.response.exit(200, string.format('%s', kong.request.get_path()))")
    paths = [route(access=text) for text in HOSTILE]
    before = gw.pids()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda path: gw.request(gw.proxy_port, "GET", path, timeout=60).status, paths))
    assert set(statuses) <= {200, 500}, statuses
    for _ in range(6):
        assert gw.proxy("GET", fine).body == fine.encode()
    assert gw.pids() == before


def test_functions_of_amazon_get_bodies_from_disk_unless_these_are_skipped(gw):
    """The gateway's own listener stands in for Lambda, and tells how much it was sent."""
    gw.create("/routes", {"name": "stand-in", "paths": ["/2015-03-31"]})
    gw.create("/routes/stand-in/plugins", {"name": "pre-function", "config": {"access": [
        "kong.response.exit(200, kong.request.get_header('content-length'))"]}})
    gw.create("/routes", {"name": "fn", "paths": ["/fn"]})
    config = {"aws_key": "k", "aws_secret": "s", "host": "127.0.0.1", "port": gw.tls_port, "function_name": "fn",
              "forward_request_body": True, "base64_encode_body": False}
    plugin = gw.create("/routes/fn/plugins", {"name": "aws-lambda", "config": config})
    assert int(gw.proxy("POST", "/fn", "x" * 100_000).body) < 1000
    gw.admin("PATCH", f"/plugins/{plugin['id']}", {"config": {"skip_large_bodies": False}})
    assert int(gw.proxy("POST", "/fn", "x" * 100_000).body) > 100_000

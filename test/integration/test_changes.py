"""A change is visible when its answer is sent; nothing fails while the configuration changes or the gateway reloads."""
import threading
import time

from gateway import Gateway, wait_until
from load import Load

WORKERS = 4


def test_every_worker_serves_a_write_at_once(upstream):
    with Gateway(workers=WORKERS) as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        for i in range(150):
            gw.create("/services/s/routes", {"name": "r", "paths": [f"/v{i}"]})
            for _ in range(3):
                assert gw.proxy("GET", f"/v{i}/x").status == 200, i
            assert gw.admin("PATCH", "/routes/r", {"paths": [f"/w{i}"]}).status == 200
            for _ in range(3):
                assert gw.proxy("GET", f"/v{i}/x").status == 404, i
                assert gw.proxy("GET", f"/w{i}/x").status == 200, i
            assert gw.admin("DELETE", "/routes/r").status == 204
            for _ in range(3):
                assert gw.proxy("GET", f"/w{i}/x").status == 404, i


def test_credentials_and_plugins_count_at_once(upstream):
    with Gateway(workers=WORKERS) as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        gw.create("/services/s/routes", {"name": "r", "paths": ["/r"]})
        gw.create("/consumers", {"username": "ann"})
        for i in range(50):
            plugin = gw.create("/routes/r/plugins", {"name": "key-auth"})
            assert gw.proxy("GET", "/r").status == 401
            gw.create("/consumers/ann/key-auth", {"key": f"k{i}"})
            for _ in range(3):
                assert gw.proxy("GET", "/r", headers={"apikey": f"k{i}"}).status == 200
            assert gw.admin("DELETE", f"/consumers/ann/key-auth/k{i}").status == 204
            for _ in range(3):
                assert gw.proxy("GET", "/r", headers={"apikey": f"k{i}"}).status == 401
            assert gw.admin("DELETE", f"/plugins/{plugin['id']}").status == 204
            assert gw.proxy("GET", "/r").status == 200


def churn(gw, stop, problems):
    """Twenty writes a second that must not disturb the routes under load."""
    turn = 0
    while not stop.is_set():
        turn += 1
        for method, path, body, wanted in [("POST", "/services/s/routes", {"name": "t", "paths": [f"/t{turn}"]}, 201),
                                           ("POST", "/routes/t/plugins", {"name": "correlation-id"}, 201),
                                           ("PATCH", "/routes/t", {"paths": [f"/u{turn}"]}, 200),
                                           ("DELETE", "/routes/t", None, 204)]:
            answer = gw.admin(method, path, body)
            if answer.status != wanted:
                problems.append((method, path, answer.status, answer.body))
            time.sleep(0.05)


def serve_two_routes(gw, port):
    gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{port}"})
    gw.create("/services/s/routes", {"name": "a", "paths": ["/a"]})
    gw.create("/services/s/routes", {"name": "b", "paths": ["/b"], "strip_path": False})
    return [("GET", "/a/one", {}, 200, b"/one"), ("GET", "/b/two", {}, 200, b"/b/two"), ("GET", "/none", {}, 404, b"no Route")]


def test_no_request_fails_while_the_configuration_changes(upstream):
    with Gateway() as gw:
        requests = serve_two_routes(gw, upstream)
        stop, problems = threading.Event(), []
        writer = threading.Thread(target=churn, args=(gw, stop, problems))
        with Load(gw.proxy_port, 16, requests) as load:
            writer.start()
            time.sleep(8)
            stop.set()
            writer.join()
        assert not problems, problems[:3]
        assert not load.failures, (len(load.failures), load.failures[:3])
        assert load.count > 1000


def test_no_request_fails_while_it_reloads(upstream):
    with Gateway() as gw:
        requests = serve_two_routes(gw, upstream)
        with Load(gw.proxy_port, 16, requests) as load:
            for _ in range(8):
                gw.command("reload")
                time.sleep(0.7)
        assert not load.failures, (len(load.failures), load.failures[:3])
        assert load.count > 1000


def test_new_workers_after_a_reload_serve_the_current_configuration(upstream):
    with Gateway() as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        for i in range(6):
            gw.command("reload")
            gw.create("/services/s/routes", {"paths": [f"/after{i}"]})
            wait_until(lambda: len(gw.pids()[1]) == 2)
            for _ in range(6):
                assert gw.proxy("GET", f"/after{i}").status == 200, i

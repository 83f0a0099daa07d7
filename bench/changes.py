"""What traffic notices of changes: 64 connections while twenty Admin API writes a second change routes and plugins, then while
the gateway reloads twenty times, beside a quiet time of the same length."""
import threading
import time

from checked_load import checked_load
from gateway import Gateway, NginxServer, free_port

SECONDS, CONNECTIONS, RELOADS, WRITE_PAUSE = 60, 64, 20, 0.05

# The routes' own text, or a refusal of what no route has.
WANTED = [("/a/one", None, 200, "/one"), ("/b/two", None, 200, "/b/two"), ("/none", None, 404, "no Route")]


def load(url, seconds):
    return checked_load(url, seconds, CONNECTIONS, WANTED)


def write(gw, stop, answers):
    turn = 0
    while not stop.is_set():
        turn += 1
        for method, path, body in [("POST", "/services/s/routes", {"name": "t", "paths": [f"/t{turn}"]}),
                                   ("POST", "/routes/t/plugins", {"name": "correlation-id"}),
                                   ("PATCH", "/routes/t", {"paths": [f"/u{turn}"]}), ("DELETE", "/routes/t", None)]:
            answers.append(gw.admin(method, path, body).status)
            time.sleep(WRITE_PAUSE)


def reload(gw, stop, answers):
    for _ in range(RELOADS):
        if stop.wait(SECONDS / (RELOADS + 2)):
            return
        answers.append(200 if gw.command("reload", check=False).returncode == 0 else 500)


def run(build):
    upstream_port = free_port()
    with NginxServer(f'server {{ listen 127.0.0.1:{upstream_port}; return 200 "$request_uri\\n"; }}'), Gateway(build) as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream_port}"})
        gw.create("/services/s/routes", {"name": "a", "paths": ["/a"]})
        gw.create("/services/s/routes", {"name": "b", "paths": ["/b"], "strip_path": False})
        url = f"http://127.0.0.1:{gw.proxy_port}/"
        print("\n| 64 connections, 60 s | p99 | beside quiet | requests | failed | changes made |\n|---|---|---|---|---|---|")
        quiet, requests, failed = load(url, SECONDS)
        print(f"| quiet | {quiet:.2f} ms | 1.00 × | {requests} | {failed} | |", flush=True)
        for name, work in ("twenty writes a second", write), ("twenty reloads", reload):
            stop, answers = threading.Event(), []
            thread = threading.Thread(target=work, args=(gw, stop, answers))
            thread.start()
            p99, requests, failed = load(url, SECONDS)
            stop.set()
            thread.join()
            refused = sum(status >= 300 for status in answers)
            print(f"| {name} | {p99:.2f} ms | {p99 / quiet:.2f} × | {requests} | {failed} | {len(answers)}, "
                  f"{refused} refused |", flush=True)

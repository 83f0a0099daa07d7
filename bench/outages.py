"""Minutes of traffic on 64 connections while PostgreSQL is stopped, frozen and failed over in turn: no request may fail, and writes
go on as soon as there is a database again. OUTAGE_SECONDS: how long."""
import os
import threading
import time

from checked_load import checked_load
from database_cluster import DatabaseCluster
from gateway import Gateway, NginxServer, free_port

SECONDS, CONNECTIONS = int(os.environ.get("OUTAGE_SECONDS", "300")), 64
EVERY, AWAY = 20, 8  # seconds

WANTED = [("/keyed/1", "k", 200, "/keyed/1"), ("/open/1", None, 200, "/open/1"), ("/keyed/2", "wrong", 401, "Invalid"),
          ("/shared/1", None, 200, "/shared/1"), ("/none", None, 404, "no Route")]


def configure(gw, upstream_port):
    gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream_port}"})
    for name in "keyed", "open", "shared":
        gw.create("/services/s/routes", {"name": name, "paths": [f"/{name}"], "strip_path": False})
    gw.create("/routes/keyed/plugins", {"name": "key-auth"})
    gw.create("/services/s/plugins", {"name": "rate-limiting", "config": {"year": 1000000000, "policy": "local"}})
    gw.create("/routes/shared/plugins", {"name": "rate-limiting", "config": {"year": 1000000000, "policy": "cluster"}})
    gw.create("/consumers", {"username": "ann"})
    gw.create("/consumers/ann/key-auth", {"key": "k"})


def first_write(gw, number):
    """Seconds until a write is taken again."""
    begun = time.time()
    while gw.admin("POST", "/consumers", {"username": f"c{number}-{time.time()}"}).status != 201:
        assert time.time() - begun < EVERY, "writes are not taken again"
    return time.time() - begun


def run(build):
    upstream_port = free_port()
    upstream = NginxServer(f'server {{ listen 127.0.0.1:{upstream_port}; return 200 "$request_uri\\n"; }}')
    with upstream, DatabaseCluster() as database:
        gw = Gateway(build, workers=2, **database.settings(KONG_PROXY_ACCESS_LOG="off", KONG_PG_TIMEOUT="1000"))
        gw.command("migrations", "bootstrap")
        with gw:
            configure(gw, upstream_port)
            database.wait_for_copy()
            result, until_written = [], {name: [] for name in database.damages}
            url = f"http://127.0.0.1:{gw.proxy_port}"
            thread = threading.Thread(target=lambda: result.extend(checked_load(url, SECONDS, CONNECTIONS, WANTED)))
            begun = time.time()
            thread.start()
            kinds = list(database.damages)
            for number in range(int(SECONDS / EVERY)):
                kind = kinds[number % len(kinds)]
                database.wait_for_copy()
                end = database.damages[kind]()
                time.sleep(AWAY)
                end()
                until_written[kind].append(first_write(gw, number))
                time.sleep(max(0, begun + (number + 1) * EVERY - time.time()))
            thread.join()
    p99, requests, failed = result
    print(f"\n{CONNECTIONS} connections for {SECONDS} s, the database away for {AWAY} s every {EVERY} s: {requests} requests, "
          f"{failed} failed, p99 {p99:.2f} ms")
    print("\n| the database is | times | longest until a write is taken again |\n|---|---|---|")
    for kind, times in until_written.items():
        print(f"| {kind} | {len(times)} | {max(times, default=0):.2f} s |")

"""Processes are killed while clients write: what was acknowledged is there afterwards, nothing is half-written."""
import http.client
import os
import random
import signal
import sqlite3
import threading
import time

from gateway import Gateway, wait_until


class Writer:
    """Creates a service with a route over and over; remembers what was acknowledged."""

    def __init__(self, gw):
        self.gw, self.acknowledged, self.turn = gw, [], 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping.is_set():
            self.turn += 1
            name = f"s{self.turn}"
            try:
                answer = self.gw.admin("POST", "/services", {"name": name, "url": "http://127.0.0.1:9"})
                if answer.status == 201:
                    self.acknowledged.append(name)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


def names(gw):
    found, path = set(), "/services?size=1000"
    while path:
        page = gw.admin("GET", path).json
        found |= {row["name"] for row in page["data"]}
        path = page["next"]
    return found


def test_killed_workers_lose_nothing():
    with Gateway() as gw:
        gw.wanted_alarm = "exited on signal 9"
        with Writer(gw) as writer:
            for _ in range(10):
                time.sleep(random.uniform(0.1, 0.4))
                workers = gw.pids()[1]
                if workers:
                    os.kill(random.choice(workers), signal.SIGKILL)
        wait_until(lambda: len(gw.pids()[1]) == 2)
        assert set(writer.acknowledged) <= names(gw)
        assert len(writer.acknowledged) > 20
        assert gw.create("/services", {"name": "last", "url": "http://127.0.0.1:9"})


def test_everything_killed_at_once_loses_nothing():
    with Gateway() as gw:
        acknowledged = set()
        for _ in range(4):
            with Writer(gw) as writer:
                writer.turn = len(acknowledged) * 7 + 1000
                time.sleep(random.uniform(0.3, 0.8))
                gw.kill_all()
            acknowledged |= set(writer.acknowledged)
            gw.start()
            assert acknowledged <= names(gw)
        assert len(acknowledged) > 20


def test_starts_from_the_replica_when_the_store_is_unreadable(upstream):
    with Gateway() as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}"})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        gw.stop()
        store = os.path.join(gw.prefix, "kong.db")
        os.rename(store, store + ".away")
        os.mkdir(store)  # neither readable nor creatable
        gw.start()
        assert gw.proxy("GET", "/r").status == 200
        assert gw.admin("POST", "/services", {"name": "t", "url": "http://a.test"}).status >= 500
        assert gw.admin("GET", "/status").json["database"]["reachable"] is False
        gw.stop()
        os.rmdir(store)
        os.rename(store + ".away", store)
        sqlite3.connect(store).execute("PRAGMA integrity_check").fetchall()
        gw.start()
        assert "s" in names(gw)

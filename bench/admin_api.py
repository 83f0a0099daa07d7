#!/usr/bin/env python3
"""Measures the Admin API on the embedded store: consumers with keys made one by one, and a long list read by pages.

    bench/admin_api.py [--build build/release] [--consumers 10000] [--listed 100000]

Prints one JSON object: seconds, requests a second, and how the workers' resident memory grew meanwhile (MB).
"""
import argparse
import http.client
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test/support"))
from gateway import Gateway  # noqa: E402

BATCH = 1000


class Client:
    """One connection that is kept, as clients do."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, method, path, body=None, wanted=(200, 201)):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status in wanted, (method, path, answer.status, text[:300])
        return json.loads(text)


def resident(gw):
    pages = [int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in gw.pids()[1]]
    return sum(pages) * 4096 / 2**20


def measured(gw, work):
    before, start = resident(gw), time.monotonic()
    work()
    return round(time.monotonic() - start, 2), round(resident(gw) - before, 1)


def make_one_by_one(client, count):
    for i in range(count):
        consumer = client.call("POST", "/consumers", {"username": f"user-{i}"})
        client.call("POST", f"/consumers/{consumer['id']}/key-auth", {"key": f"key-{i}"})


def fill(client, first, last):
    for start in range(first, last, BATCH):
        client.call("POST", "/transactions", {"operations": [
            {"method": "POST", "path": "/consumers", "body": {"username": f"user-{i}"}} for i in range(start, min(start + BATCH, last))]})


def read_all(client, count):
    seen, path = 0, f"/consumers?size={BATCH}"
    while path:
        page = client.call("GET", path)
        seen += len(page["data"])
        path = page["next"] and f"{page['next']}&size={BATCH}"
    assert seen == count, (seen, count)


def measure(build, consumers=10000, listed=100000):
    with Gateway(build=build, workers=1, KONG_ADMIN_EXTENSIONS="on") as gw:
        client = Client(gw.admin_port)
        made, made_memory = measured(gw, lambda: make_one_by_one(client, consumers))
        filled, _ = measured(gw, lambda: fill(client, consumers, listed))
        read_all(client, listed)
        read, read_memory = measured(gw, lambda: read_all(client, listed))
    return {"consumers_with_keys": consumers, "seconds": made, "writes_per_second": round(2 * consumers / made),
            "memory_mb": made_memory, "fill_seconds": filled, "listed": listed, "list_seconds": read, "list_memory_mb": read_memory}


def run(build):
    """For bench.py."""
    found = measure(build)
    print(f"\nAdmin API, embedded store: {found['consumers_with_keys']} consumers with a key, one by one: {found['seconds']} s "
          f"({found['writes_per_second']} writes/s, +{found['memory_mb']} MB); {found['listed']} listed by pages of {BATCH}: "
          f"{found['list_seconds']} s (+{found['list_memory_mb']} MB)")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build")
    options.add_argument("--consumers", type=int, default=10000)
    options.add_argument("--listed", type=int, default=100000)
    args = options.parse_args()
    print(json.dumps(measure(args.build, args.consumers, args.listed)))


if __name__ == "__main__":
    main()

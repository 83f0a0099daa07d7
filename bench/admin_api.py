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


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build")
    options.add_argument("--consumers", type=int, default=10000)
    options.add_argument("--listed", type=int, default=100000)
    args = options.parse_args()
    with Gateway(build=args.build, workers=1, KONG_ADMIN_EXTENSIONS="on") as gw:
        client = Client(gw.admin_port)
        made, made_memory = measured(gw, lambda: make_one_by_one(client, args.consumers))
        filled, _ = measured(gw, lambda: fill(client, args.consumers, args.listed))
        listed, listed_memory = measured(gw, lambda: read_all(client, args.listed))
        again, again_memory = measured(gw, lambda: read_all(client, args.listed))
        print(json.dumps({
            "consumers_with_keys": args.consumers, "seconds": made, "writes_per_second": round(2 * args.consumers / made),
            "memory_mb": made_memory, "fill_seconds": filled, "listed": args.listed, "list_seconds": listed,
            "list_memory_mb": listed_memory, "list_again_seconds": again, "list_again_memory_mb": again_memory}))


if __name__ == "__main__":
    main()

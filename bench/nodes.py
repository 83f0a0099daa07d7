"""Two nodes on one PostgreSQL: how long after the beginning of a write on one the other serves it. NODE_WRITES: how many."""
import os
import statistics
import time

from database_server import DatabaseServer
from gateway import Gateway, NginxServer, free_port, wait_until

WRITES = int(os.environ.get("NODE_WRITES", "1000"))


def until_served(node, path, status, begun):
    while node.proxy("GET", path).status != status:
        assert time.perf_counter() - begun < 10, "never"
        time.sleep(0.001)
    return time.perf_counter() - begun


def write_in_turn(nodes):
    times = []
    for i in range(WRITES // 2):
        writer, reader = nodes[i % 2], nodes[1 - i % 2]
        begun = time.perf_counter()
        writer.create("/services/s/routes", {"name": f"r{i}", "paths": [f"/r{i}/"]})
        times.append(until_served(reader, f"/r{i}/", 200, begun))
    for i in range(WRITES // 2):
        writer, reader = nodes[i % 2], nodes[1 - i % 2]
        begun = time.perf_counter()
        assert writer.admin("DELETE", f"/routes/r{i}").status == 204
        times.append(until_served(reader, f"/r{i}/", 404, begun))
    return times


def run(build):
    port = free_port()
    with NginxServer(f"server {{ listen 127.0.0.1:{port}; return 200; }}"), DatabaseServer() as database:
        settings = database.settings(KONG_PROXY_ACCESS_LOG="off")
        Gateway(build, **settings).command("migrations", "bootstrap")
        with Gateway(build, **settings) as one, Gateway(build, **settings) as two:
            one.create("/services", {"name": "s", "url": f"http://127.0.0.1:{port}"})
            wait_until(lambda: two.admin("GET", "/services/s").status == 200)
            times = sorted(write_in_turn((one, two)))
    print("\n| writes on one of two nodes | median until served | longest |\n|---|---|---|")
    print(f"| {len(times)} | {statistics.median(times) * 1000:.1f} ms | {times[-1] * 1000:.1f} ms |")

"""A million consumers with keys in PostgreSQL: the first start, a start from the replica, what a worker takes, and a look-up."""
import pathlib
import re
import subprocess
import tempfile
import time

from database_server import DatabaseServer
from gateway import Gateway, NginxServer, free_port

CONSUMERS = 1000000
SECONDS = 5


def fill(database, consumers):
    workspace = database.sql("SELECT id FROM workspaces WHERE name = 'default'")
    database.sql("INSERT INTO consumers (id, created_at, username, ws_id) SELECT md5('c' || i)::uuid, now(), 'user' || i, "
                 f"'{workspace}' FROM generate_series(1, {consumers}) AS i")
    database.sql("INSERT INTO keyauth_credentials (id, created_at, consumer_id, key, ws_id) SELECT md5('k' || i)::uuid, now(), "
                 f"md5('c' || i)::uuid, 'key' || i, '{workspace}' FROM generate_series(1, {consumers}) AS i")


def start(gw):
    begun = time.time()
    said = gw.command("start").stdout
    while True:
        try:
            if gw.proxy("GET", "/", headers={"apikey": "key77", "Host": "bench.test"}).status == 200:
                break
        except OSError:
            pass
    return time.time() - begun, said


def memory(pid):
    """MB of its own, and shared (the mapped replica too)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kind = {name: int(kilobytes) // 1024 for name, kilobytes in re.findall(r"(\w+):\s+(\d+) kB", status)}
    return kind["RssAnon"], kind["VmRSS"]


def seconds_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def cpu_per_request(gw, worker, script):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        before = seconds_of(worker)
        out = subprocess.run(["wrk", "-t1", "-c16", f"-d{SECONDS}s", "-s", file.name, f"http://127.0.0.1:{gw.proxy_port}/"],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        spent = seconds_of(worker) - before
    assert "Non-2xx" not in out, out
    return spent / int(re.search(r"(\d+) requests in", out).group(1)) * 1e6


def run(build):
    port = free_port()
    script = ('request = function() return wrk.format("GET", "/", {{Host = "bench.test", apikey = "key" .. {key}}}) end\n')
    with DatabaseServer() as database, NginxServer(f'server {{ listen 127.0.0.1:{port}; return 200 "hello\n"; }}'):
        settings = database.settings(KONG_PROXY_ACCESS_LOG="off", KONG_NGINX_HTTP_KEEPALIVE_REQUESTS="1000000")
        gw = Gateway(build, workers=1, **settings)
        gw.command("migrations", "bootstrap")
        fill(database, CONSUMERS)
        with gw:
            gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{port}"})
            gw.create("/services/s/routes", {"hosts": ["bench.test"]})
            gw.create("/services/s/plugins", {"name": "key-auth"})
            gw.command("stop")
            for path in pathlib.Path(gw.prefix, "replica").iterdir():
                path.unlink()
            first, said = start(gw)
            gw.command("stop")
            again, _ = start(gw)
            worker = gw.pids()[1][0]
            same = cpu_per_request(gw, worker, script.format(key="77"))
            other = cpu_per_request(gw, worker, script.format(key=f"math.random({CONSUMERS})"))
            own, all_of_it = memory(worker)
            size = sum(path.stat().st_blocks * 512 for path in pathlib.Path(gw.prefix, "replica").iterdir()) >> 20
    progress = len(re.findall("rows so far", said))
    print(f"\n{CONSUMERS} consumers with keys in PostgreSQL; the replica takes {size} MB of the disk")
    print("\n| what | |\n|---|---|")
    print(f"| first start to the first answer | {first:.2f} s, {progress} lines of progress |")
    print(f"| start from the replica | {again:.2f} s |")
    print(f"| memory of a worker | {own} MB, {all_of_it} MB with the pages of the replica that it has touched |")
    print(f"| CPU of a request with the same key | {same:.1f} µs |")
    print(f"| with another key each time | {other:.1f} µs |")

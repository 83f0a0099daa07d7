#!/usr/bin/env python3
"""bench.py BUILD [CASE...]: what the gateway costs beside plain nginx, measured in the same run.

CPU time per request is that of the proxying worker process (user + system), one worker, 64 connections, keepalive, small bodies."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test/support"))
import admin_api  # noqa: E402
import changes  # noqa: E402
import declarative  # noqa: E402
import handshakes  # noqa: E402
import nodes  # noqa: E402
import outages  # noqa: E402
import scale  # noqa: E402
import streams  # noqa: E402
from gateway import Gateway, NginxServer, free_port, wait_until  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
ROUNDS, SECONDS, CONNECTIONS = 5, 4, 64


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def load(url, pids, headers=()):
    """Microseconds of CPU per request, requests per second, p99 in ms, failed requests."""
    before = cpu_seconds(pids)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run([*command, url], stdout=subprocess.PIPE, text=True, check=True).stdout
    used = cpu_seconds(pids) - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    p99 = float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    failed = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", out))
    failed += sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    return used / max(requests, 1) * 1e6, requests / SECONDS, p99, failed


def compare(cases):
    """Loads each case at the same time as the first, the yardstick, {name: (url, pids of the proxy, headers)}: only then do both
    meet the same machine. Alone, the faster of two keeps its neighbours busier, which costs it fewer wake-ups."""
    (yardstick, first), *others = cases.items()
    print(f"\n| case | CPU per request | beside {yardstick} | requests/s | p99 | failed |\n|---|---|---|---|---|---|")
    for name, case in others:
        rounds = [side_by_side(first, case) for _ in range(ROUNDS)]
        ratios = sorted(its[0] / raw[0] for raw, its in rounds)
        print(f"| {name} | {min(its[0] for _, its in rounds):.1f} µs, {min(raw[0] for raw, _ in rounds):.1f} µs | "
              f"{ratios[ROUNDS // 2]:.2f} × ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {max(its[1] for _, its in rounds):.0f} | "
              f"{min(its[2] for _, its in rounds):.2f} ms | {sum(its[3] for _, its in rounds)} |", flush=True)


def side_by_side(*cases):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(lambda case: load(*case), cases))


def proxying(build):
    upstream_port, raw_port = free_port(), free_port()
    upstream = NginxServer(f'server {{ listen 127.0.0.1:{upstream_port}; return 200 "hello\\n"; }}')
    raw = NginxServer(f"""upstream u {{ server 127.0.0.1:{upstream_port}; keepalive 60; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{raw_port}; location / {{ proxy_pass http://u; proxy_http_version 1.1;
  proxy_set_header Connection ""; }} }}""")
    settings = {"KONG_NGINX_HTTP_KEEPALIVE_REQUESTS": "1000000", "KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS": "1000000",
                "KONG_PROXY_ACCESS_LOG": "off"}
    with upstream, raw, Gateway(build, workers=1, **settings) as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream_port}"})
        gw.create("/services/s/routes", {"name": "plain", "paths": ["/plain"]})
        gw.create("/services/s/routes", {"name": "chain", "paths": ["/chain"]})
        gw.create("/routes/chain/plugins", {"name": "key-auth"})
        gw.create("/routes/chain/plugins", {"name": "acl", "config": {"allow": ["gold"]}})
        gw.create("/routes/chain/plugins", {"name": "rate-limiting",
                                            "config": {"hour": 1000000000, "policy": "local"}})
        gw.create("/consumers", {"username": "ann"})
        gw.create("/consumers/ann/key-auth", {"key": "secret"})
        gw.create("/consumers/ann/acls", {"group": "gold"})
        workers = gw.pids()[1]
        base = f"http://127.0.0.1:{gw.proxy_port}"
        cases = {"plain nginx": (f"http://127.0.0.1:{raw_port}/", raw.workers(), ()),
                 "silverback": (f"{base}/plain", workers, ()),
                 "silverback, key-auth + acl + rate-limiting": (f"{base}/chain", workers, ("apikey: secret",))}
        compare(cases)


def balancing(build):
    """An upstream of ten targets beside plain nginx with an upstream of ten servers; and a hashed one."""
    ports, raw_port = [free_port() for _ in range(10)], free_port()
    upstream = NginxServer("".join(f'server {{ listen 127.0.0.1:{p}; return 200 "hello\\n"; }}\n' for p in ports))
    servers = " ".join(f"server 127.0.0.1:{p};" for p in ports)
    raw = NginxServer(f"""upstream u {{ {servers} keepalive 640; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{raw_port}; location / {{ proxy_pass http://u; proxy_http_version 1.1;
  proxy_set_header Connection ""; }} }}""")
    settings = {"KONG_NGINX_HTTP_KEEPALIVE_REQUESTS": "1000000", "KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS": "1000000",
                "KONG_UPSTREAM_KEEPALIVE_POOL_SIZE": "64", "KONG_PROXY_ACCESS_LOG": "off"}
    checks = {"passive": {"unhealthy": {"tcp_failures": 3, "http_failures": 3, "timeouts": 3}, "healthy": {"successes": 1}}}
    kinds = {"round-robin": {}, "least-connections": {"algorithm": "least-connections"},
             "consistent-hashing": {"algorithm": "consistent-hashing", "hash_on": "header", "hash_on_header": "X-Key"}}
    with upstream, raw, Gateway(build, workers=1, **settings) as gw:
        cases = {"plain nginx, 10 servers": (f"http://127.0.0.1:{raw_port}/", raw.workers(), ())}
        for kind, settings in kinds.items():
            gw.create("/upstreams", {"name": f"u-{kind}", "healthchecks": checks, **settings})
            for port in ports:
                gw.create(f"/upstreams/u-{kind}/targets", {"target": f"127.0.0.1:{port}"})
            gw.create("/services", {"name": kind, "host": f"u-{kind}"})
            gw.create(f"/services/{kind}/routes", {"paths": [f"/{kind}"]})
            cases[f"silverback, {kind}, 10 targets"] = (f"http://127.0.0.1:{gw.proxy_port}/{kind}", gw.pids()[1],
                                                        ("X-Key: one",))
        compare(cases)


def start_time(build):
    """Start with 10 000 routes in the store."""
    gw = Gateway(build, workers=1)
    routes = [{"name": f"r{i}", "paths": [f"/p{i}"], "hosts": [f"h{i % 1000}.test"]} for i in range(10000)]
    document = {"_format_version": "2.1", "services": [{"name": "s", "url": "http://127.0.0.1:9", "routes": routes}]}
    path = pathlib.Path(gw.prefix, "routes.json")
    path.write_text(json.dumps(document))
    gw.command("start")
    gw.command("stop")
    gw.command("config", "db_import", str(path))
    begun = time.time()
    gw.start()
    wait_until(lambda: gw.proxy("GET", "/p9999", headers={"Host": "h999.test"}).status != 404)
    seconds = time.time() - begun
    rss = [int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{p}/status").read_text()).group(1)) // 1024
           for p in gw.pids()[1]]
    gw.__exit__(None)
    print(f"\n10 000 routes in the store: started and serving after {seconds:.2f} s, {rss[0]} MB in the worker")


def router(build):
    print("\nThe router alone:", flush=True)
    subprocess.run([str(build / "src/router/router_benchmark"), "--benchmark_min_time=0.2"], check=True)


CASES = {"proxying": proxying, "balancing": balancing, "start": start_time, "declarative": declarative.run,
         "changes": changes.run, "admin_api": admin_api.run, "router": router, "handshakes": handshakes.run, "scale": scale.run,
         "nodes": nodes.run, "outages": outages.run,
         "streams": lambda build: streams.run(build, compare)}


def main():
    build = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or CASES:
        CASES[name](build)


if __name__ == "__main__":
    main()

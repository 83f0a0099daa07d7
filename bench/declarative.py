"""A node without a database and a document of 10 000 routes: start, POST /config, and what traffic notices of it."""
import json
import pathlib
import re
import statistics
import subprocess
import threading
import time

from gateway import Gateway, NginxServer, free_port, wait_until

ROUTES, SERVICES = 10000, 100
SECONDS, CONNECTIONS, ROUNDS = 6, 16, 3


def document(upstream_port, version):
    """Every route differs from version to version."""
    per_service = ROUTES // SERVICES
    services = []
    for s in range(SERVICES):
        routes = [{"name": f"r{s}-{r}", "paths": [f"/s{s}/r{r}"], "hosts": [f"h{r}.test", "bench.test"], "tags": [f"v{version}"]}
                  for r in range(per_service)]
        services.append({"name": f"s{s}", "url": f"http://127.0.0.1:{upstream_port}", "routes": routes})
    return {"_format_version": "2.1", "services": services}


def yaml_text(doc):
    lines = ['_format_version: "2.1"', "services:"]
    for service in doc["services"]:
        lines += [f"- name: {service['name']}", f"  url: {service['url']}", "  routes:"]
        for route in service["routes"]:
            lines += [f"  - name: {route['name']}", "    paths:", f"    - {route['paths'][0]}", "    hosts:",
                      *(f"    - {host}" for host in route["hosts"]), f"    tags: [{route['tags'][0]}]"]
    return "\n".join(lines) + "\n"


def p99(url):
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-H", "Host: bench.test", url],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    failed = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", out))
    failed += sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], failed


def post(gw, text, kind):
    begun = time.time()
    answer = gw.admin("POST", "/config", text, {"Content-Type": kind})
    assert answer.status == 201, (answer.status, answer.body[:300])
    return time.time() - begun


def posting_every_second(gw, texts, stop, times):
    turn = 0
    while not stop.wait(1):
        times.append(post(gw, texts[turn % 2], "text/yaml"))
        turn += 1


def run(build):
    upstream_port = free_port()
    upstream = NginxServer(f'server {{ listen 127.0.0.1:{upstream_port}; return 200 "hello\n"; }}')
    docs = [document(upstream_port, version) for version in (1, 2)]
    texts = [yaml_text(doc) for doc in docs]
    settings = {"KONG_DATABASE": "off", "KONG_PROXY_ACCESS_LOG": "off", "KONG_ADMIN_ACCESS_LOG": "off",
                "KONG_NGINX_HTTP_KEEPALIVE_REQUESTS": "1000000", "KONG_NGINX_ADMIN_CLIENT_BODY_BUFFER_SIZE": "16m"}
    gw = Gateway(build, workers=1, **settings)
    gw.env["KONG_DECLARATIVE_CONFIG"] = str(pathlib.Path(gw.prefix, "kong.yml"))
    pathlib.Path(gw.prefix, "kong.yml").write_text(texts[0])
    with upstream:
        starts = []
        for _ in range(ROUNDS):
            begun = time.time()
            gw.start()
            wait_until(lambda: gw.proxy("GET", "/s99/r99", headers={"Host": "bench.test"}).status == 200)
            starts.append(time.time() - begun)
            gw.command("stop")
        gw.start()
        worker = gw.pids()[1][0]
        posts = {kind: [post(gw, text, kind) for _ in range(ROUNDS) for text in pair] for kind, pair in
                 (("text/yaml", texts), ("application/json", [json.dumps(doc) for doc in docs]))}
        url = f"http://127.0.0.1:{gw.proxy_port}/s50/r50"
        quiet, busy, times, failed = [], [], [], 0
        for _ in range(ROUNDS):
            latency, bad = p99(url)
            quiet.append(latency)
            failed += bad
            stop = threading.Event()
            poster = threading.Thread(target=posting_every_second, args=(gw, texts, stop, times))
            poster.start()
            latency, bad = p99(url)
            busy.append(latency)
            failed += bad
            stop.set()
            poster.join()
        rss = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{worker}/status").read_text()).group(1)) // 1024
        gw.__exit__(None)
    print(f"\n{ROUTES} routes without a database (YAML: {len(texts[0]) // 1024} KB), {rss} MB in the worker")
    print("\n| what | best | median |\n|---|---|---|")
    rows = {"start to the first answer": starts, "POST /config, YAML": posts["text/yaml"],
            "POST /config, JSON": posts["application/json"], "POST /config under load": times}
    for name, values in rows.items():
        print(f"| {name} | {min(values):.3f} s | {statistics.median(values):.3f} s |")
    print(f"| p99 of requests, quiet | {min(quiet):.2f} ms | {statistics.median(quiet):.2f} ms |")
    print(f"| p99 of requests, a new configuration each second | {min(busy):.2f} ms | {statistics.median(busy):.2f} ms |")
    print(f"\np99 beside quiet: {statistics.median(busy) / statistics.median(quiet):.2f} ×; failed requests: {failed}")

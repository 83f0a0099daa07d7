"""A node without a database and a document of 10 000 routes: start, POST /config, and what traffic notices of it."""
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time

from gateway import Gateway, NginxServer, free_port, wait_until

ROUTES, SERVICES = 10000, 100
SECONDS, CONNECTIONS, ROUNDS, RATE = 6, 16, 5, 8000


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


def paced(port):
    """p99 in ms and failures of requests at RATE a second, which leaves processors idle: where clients take all that they get,
    everything else that runs is a wait of theirs, whoever does it."""
    with tempfile.NamedTemporaryFile("r") as log:
        subprocess.run(["h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"-D{SECONDS}", f"--rps={RATE / CONNECTIONS}", "--log-file", log.name,
                        "--connect-to", f"127.0.0.1:{port}", f"http://bench.test:{port}/s50/r50"], stdout=subprocess.DEVNULL, check=True)
        answers = [line.split("\t") for line in log]
    times = sorted(int(microseconds) for _, _, microseconds in answers)
    return times[int(len(times) * 0.99)] / 1000, sum(status != "200" for _, status, _ in answers)


def saturating(port):
    url = f"http://127.0.0.1:{port}/s50/r50"
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


def measure(gw, texts, load):
    """(p99s quiet, p99s with a new configuration each second, seconds of the POSTs, failed requests)"""
    quiet, busy, times, failed = [], [], [], 0
    for _ in range(ROUNDS):
        latency, bad = load(gw.proxy_port)
        quiet.append(latency)
        failed += bad
        stop = threading.Event()
        poster = threading.Thread(target=posting_every_second, args=(gw, texts, stop, times))
        poster.start()
        latency, bad = load(gw.proxy_port)
        busy.append(latency)
        failed += bad
        stop.set()
        poster.join()
    return quiet, busy, times, failed


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
        measured = {f"{RATE} requests/s": measure(gw, texts, paced), "as many as there can be": measure(gw, texts, saturating)}
        rss = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{worker}/status").read_text()).group(1)) // 1024
        gw.__exit__(None)
    print(f"\n{ROUTES} routes without a database (YAML: {len(texts[0]) // 1024} KB), {rss} MB in the worker")
    print("\n| what | best | median |\n|---|---|---|")
    rows = {"start to the first answer": starts, "POST /config, YAML": posts["text/yaml"],
            "POST /config, JSON": posts["application/json"],
            **{f"POST /config under load, {name}": times for name, (_, _, times, _) in measured.items()}}
    for name, values in rows.items():
        print(f"| {name} | {min(values):.3f} s | {statistics.median(values):.3f} s |")
    print("\n| requests while a new configuration comes each second | p99, quiet | p99 | beside quiet | failed |\n|---|---|---|---|---|")
    for name, (quiet, busy, _, failed) in measured.items():
        before, then = statistics.median(quiet), statistics.median(busy)
        print(f"| {name} | {before:.2f} ms | {then:.2f} ms | {then / before:.2f} × | {failed} |")

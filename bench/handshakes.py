"""TLS handshakes: a gateway with 10 000 certificates beside plain nginx with one, and what they add to its start."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from certificates import Authority
from gateway import Gateway, NginxServer, free_port, port_answers, wait_until

TICKS = os.sysconf("SC_CLK_TCK")
CERTIFICATES, PAIRS, ROUNDS, SECONDS, CLIENTS = 10000, 100, 5, 4, 2


def cpu_ticks(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total


CLIENT = """
import socket, ssl, sys, time
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
port, name, end, count = int(sys.argv[1]), sys.argv[2], time.time() + float(sys.argv[3]), 0
while time.time() < end:
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=name):
        count += 1
print(count)
"""


def handshakes(port, name, pids):
    """(CPU in microseconds per handshake, handshakes per second): new sessions over new connections."""
    before, begun = cpu_ticks(pids), time.time()
    command = [sys.executable, "-c", CLIENT, str(port), name, str(SECONDS)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(CLIENTS)]
    count = sum(int(process.communicate()[0]) for process in running)
    return (cpu_ticks(pids) - before) / TICKS * 1e6 / count, count / (time.time() - begun)


def document(authority, count):
    pairs = [authority.issue(f"pair-{i}.test") for i in range(PAIRS)]
    return {"_format_version": "2.1", "certificates": [
        {"cert": pairs[i % PAIRS].cert, "key": pairs[i % PAIRS].key, "snis": [{"name": f"name-{i}.test"}]}
        for i in range(count)]}


def start(build, text):
    """Starts a gateway whose store holds the document; (gateway, seconds)."""
    gw = Gateway(build, workers=1, KONG_PROXY_ACCESS_LOG="off")
    path = pathlib.Path(gw.prefix, "import.json")
    path.write_text(text)
    gw.start()
    gw.stop()
    gw.command("config", "db_import", str(path))
    seconds = []
    for _ in range(3):
        begun = time.time()
        gw.start()
        wait_until(lambda: port_answers(gw.tls_port))
        seconds.append(time.time() - begun)
        gw.stop()
    gw.start()
    return gw, min(seconds)


def run(build):
    with Authority() as authority:
        one, without = start(build, json.dumps(document(authority, 1)))
        one.__exit__(None)
        many, with_them = start(build, json.dumps(document(authority, CERTIFICATES)))
        own, port = authority.issue("plain.test"), free_port()
        http = f"""server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {own.cert_file};
          ssl_certificate_key {own.key_file}; ssl_session_cache shared:SSL:10m; ssl_protocols TLSv1.2 TLSv1.3;
          return 404; }}"""
        with NginxServer(http, events="multi_accept on;") as plain:
            time.sleep(5)  # until all certificates are decoded
            sides = {"plain nginx, one certificate": (port, "plain.test", plain.workers()),
                     f"silverback, one of {CERTIFICATES}": (many.tls_port, "name-4321.test", many.pids()[1])}
            results = {name: [] for name in sides}
            for _ in range(ROUNDS):
                for name, arguments in sides.items():
                    results[name].append(handshakes(*arguments))
        rss = [int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{p}/status").read_text()).group(1)) // 1024
               for p in many.pids()[1]]
        many.__exit__(None)
    yardstick = min(r[0] for r in next(iter(results.values())))
    print("\n| case | CPU per handshake | beside plain nginx | handshakes/s |\n|---|---|---|---|")
    for name, rounds in results.items():
        cpu = min(r[0] for r in rounds)
        print(f"| {name} | {cpu:.0f} µs | {cpu / yardstick:.2f} × | {max(r[1] for r in rounds):.0f} |")
    print(f"\nstart with 1 certificate {without:.2f} s, with {CERTIFICATES} {with_them:.2f} s; {rss[0]} MB in the worker")

"""A gateway under test: started from a build folder with a prefix and ports of its own, stopped and searched for alarms at its end."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ALARMS = re.compile(r"\[(alert|emerg|crit)\]|Sanitizer|unknown exception")


class Gateway:
    """with Gateway(KONG_PLUGINS="bundled") as gw: gw.admin("POST", "/services", {...}); gw.proxy("GET", "/x")"""

    wanted_alarm = "nothing"  # what the test itself brings about

    def __init__(self, build=None, workers=2, **env):
        build = pathlib.Path(build or os.environ.get("SILVERBACK_BUILD") or ROOT / "build/release")
        self.kong = str(build / "bin/kong")
        self.prefix = tempfile.mkdtemp(prefix="silverback-test-")
        os.chmod(self.prefix, 0o755)
        self.admin_port, self.proxy_port, self.tls_port, self.status_port = (free_port() for _ in range(4))
        base = {k: v for k, v in os.environ.items() if not k.startswith("KONG_")}
        self.env = {**base, "KONG_PREFIX": self.prefix, "KONG_NGINX_WORKER_PROCESSES": str(workers),
                    "KONG_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
                    "KONG_PROXY_LISTEN": f"127.0.0.1:{self.proxy_port} reuseport, 127.0.0.1:{self.tls_port} ssl http2",
                    "KONG_STATUS_LISTEN": f"127.0.0.1:{self.status_port}", **env}

    def command(self, *args, check=True):
        done = subprocess.run([self.kong, *args], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        if check and done.returncode:
            raise AssertionError(f"kong {' '.join(args)}: exit code {done.returncode}: {done.stdout}\n{self.error_log()}")
        return done

    def start(self):
        self.command("start")
        return self

    def stop(self):
        self.command("stop", check=False)

    def error_log(self):
        path = pathlib.Path(self.prefix, "logs/error.log")
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.stop()
        log = self.last_log = self.error_log()
        alarms = [line for line in log.splitlines() if ALARMS.search(line) and self.wanted_alarm not in line]
        if kind is None:
            shutil.rmtree(self.prefix, ignore_errors=True)
            assert not alarms, alarms[:5]
        else:
            print("\n".join(log.splitlines()[-30:]))

    def request(self, port, method, path, body=None, headers=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return Answer(answer.status, dict(answer.getheaders()), text)
        finally:
            connection.close()

    def admin(self, method, path, body=None, headers=None):
        return self.request(self.admin_port, method, path, body, headers)

    def proxy(self, method, path, body=None, headers=None):
        return self.request(self.proxy_port, method, path, body, headers)

    def create(self, path, body):
        answer = self.admin("POST", path, body)
        assert answer.status == 201, (path, answer.status, answer.body)
        return answer.json

    def pids(self):
        """(master, [workers])"""
        master = int(pathlib.Path(self.prefix, "pids/nginx.pid").read_text())
        children = subprocess.run(["pgrep", "-P", str(master)], stdout=subprocess.PIPE, text=True).stdout.split()
        return master, [int(pid) for pid in children]

    def kill_all(self):
        master, workers = self.pids()
        for pid in [master, *workers]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not port_answers(self.admin_port))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def port_answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
        return True
    except OSError:
        return False


def wait_until(condition, seconds=30, every=0.02):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return
        time.sleep(every)
    raise AssertionError("waited in vain")


class NginxServer:
    """A plain nginx with a given http{} body (and stream{} body): the upstream of load tests, and the yardstick of benchmarks."""

    def __init__(self, http, workers=1, events="", stream=""):
        self.folder = tempfile.mkdtemp(prefix="silverback-nginx-")
        os.chmod(self.folder, 0o755)
        path = pathlib.Path(self.folder, "nginx.conf")
        module = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;" if stream else ""
        path.write_text(f"""{module} worker_processes {workers};
pid {self.folder}/nginx.pid;
error_log {self.folder}/error.log;
events {{ worker_connections 4096; {events} }}
http {{
  access_log off;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/f;
  uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  keepalive_requests 1000000;
  {http}
}}
{f"stream {{ {stream} }}" if stream else ""}
""")
        subprocess.run(["nginx", "-p", self.folder, "-c", str(path)], check=True, stderr=subprocess.DEVNULL)
        wait_until(lambda: pathlib.Path(self.folder, "nginx.pid").exists())
        self.master = int(pathlib.Path(self.folder, "nginx.pid").read_text())

    def workers(self):
        return [int(p) for p in subprocess.run(["pgrep", "-P", str(self.master)], stdout=subprocess.PIPE,
                                               text=True).stdout.split()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.master, signal.SIGTERM)
        wait_until(lambda: not pathlib.Path(f"/proc/{self.master}").exists())
        shutil.rmtree(self.folder, ignore_errors=True)

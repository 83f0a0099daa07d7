"""An upstream server of tests that can be killed and healed: on one port, answering with its name."""
import os
import pathlib
import signal
import subprocess
import sys

from gateway import free_port, port_answers, wait_until

PROGRAM = r"""
import http.server, signal, socketserver, sys, time
name, port, delay = sys.argv[1], int(sys.argv[2]), 0
def set_delay(number, frame):
    global delay
    delay = 1 if number == signal.SIGUSR1 else 0
signal.signal(signal.SIGUSR1, set_delay)
signal.signal(signal.SIGUSR2, set_delay)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(float(self.path.rsplit("/", 1)[-1]))
        time.sleep(delay)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = int(open(sys.argv[3]).read() or 200) if len(sys.argv) > 3 else 200
        body = (name + " " + self.path + " " + self.headers.get("Host", "") + "\n").encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.wfile.write(head + body)
    do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET
    def log_message(self, *args): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 1024
Server(("127.0.0.1", port), Handler).serve_forever()
"""


class Target:
    """with Target("one") as t: ...; t.kill(), t.start(), t.stop() and t.go_on() (a process that hangs), t.slow() and t.quick()
    (every answer takes a second more)"""

    def __init__(self, name, status_file=None):
        self.name, self.port, self.process = name, free_port(), None
        self.arguments = [status_file] if status_file else []

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, self.name, str(self.port), *self.arguments])
        wait_until(lambda: port_answers(self.port))
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        os.kill(self.process.pid, signal.SIGSTOP)
        # On a busy machine some of its threads go on until one has seen the signal.
        wait_until(lambda: set(self._states()) == {"T"})

    def _states(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return [task.read_text().rsplit(")", 1)[1].split()[0] for task in tasks]

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def slow(self):
        os.kill(self.process.pid, signal.SIGUSR1)

    def quick(self):
        os.kill(self.process.pid, signal.SIGUSR2)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

"""Keepalive HTTP load from many connections on threads of this process: every answer is looked at."""
import http.client
import threading
import time

MAY_CLOSE_IDLE = 0.5  # seconds


class Load:
    """with Load(port, connections, requests=[(method, path, headers, expected status, expected body part)]) as load: ...; load.failures"""

    def __init__(self, port, connections, requests):
        self.port, self.requests = port, requests
        self.failures, self.count, self.latencies = [], 0, []
        self.lock, self.stopping = threading.Lock(), False
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(connections)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join(30)

    def run(self, number):
        connection, turn, answered = None, number, 0
        while not self.stopping:
            method, path, headers, status, part = self.requests[turn % len(self.requests)]
            turn += 1
            begun = time.time()
            try:
                idle = connection is not None and begun - answered > MAY_CLOSE_IDLE
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                body = answer.read()
                answered = time.time()
                problem = None if answer.status == status and part in body else (path, answer.status, body[:200])
                if answer.headers.get("Connection") == "close":
                    connection.close()
                    connection = None
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as e:
                # A server may close an idle keepalive connection at any time (RFC 9112, 9.5); the gateway waits for a moment.
                problem = None if idle else (path, repr(e))
                connection = None
            except Exception as e:  # pylint: disable=broad-except
                problem, connection = (path, repr(e)), None
            with self.lock:
                self.count += 1
                self.latencies.append(time.time() - begun)
                if problem:
                    self.failures.append(problem)
        if connection:
            connection.close()

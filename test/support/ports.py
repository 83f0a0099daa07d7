"""Ports for servers under test. Below those that the system gives to clients, so that no connection takes one away between its choice
and the server's start. As a program: prints one."""
import os
import random
import socket

FIRST, LAST = 10000, 32000
_next = random.Random(os.getpid() ^ int.from_bytes(os.urandom(4), "little")).randrange(FIRST, LAST)


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_port():
    """One that nobody listens on, and that this process has not been given lately."""
    global _next
    for _ in range(LAST - FIRST):
        port = _next
        _next = port + 1 if port + 1 < LAST else FIRST
        if _is_free(port):
            return port
    raise OSError("no free port")


if __name__ == "__main__":
    print(free_port())

"""A name server on UDP for tests: answers from a table that the test may change at any time."""
import socket
import struct
import threading

A, CNAME, AAAA, SRV = 1, 5, 28, 33


def encode_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


class DnsServer:
    """with DnsServer({("a.test", A): ["127.0.0.1"]}) as dns: ...; values: addresses, names, or (priority, weight, port, name)"""

    def __init__(self, records=None, ttl=1):
        self.records, self.ttl = dict(records or {}), ttl
        self.silent = False  # answers nothing
        self.code = None     # the RCODE of every answer, if set
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(5)
        self.socket.close()

    def run(self):
        while True:
            message, sender = self.socket.recvfrom(2048)
            if len(message) < 12:
                return
            if not self.silent:
                self.socket.sendto(self.answer(message), sender)

    def answer(self, message):
        at, labels = 12, []
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
        kind = struct.unpack(">H", message[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        found = self.records.get((name, kind), [])
        known = any(key[0] == name for key in self.records)
        code = self.code if self.code is not None else 0 if known else 3
        body = b"".join(self.encode(kind, value) for value in found) if code == 0 else b""
        count = len(found) if code == 0 else 0
        return message[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, count, 0, 0) + message[12:at + 5] + body

    def encode(self, kind, value):
        if kind == A:
            data = socket.inet_aton(value)
        elif kind == AAAA:
            data = socket.inet_pton(socket.AF_INET6, value)
        elif kind == SRV:
            data = struct.pack(">HHH", *value[:3]) + encode_name(value[3])
        else:
            data = encode_name(value)
        return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, self.ttl, len(data)) + data

"""A name server for tests: answers from a table that the test may change at any time, and misbehaves where it is told to."""
import socket
import struct
import threading
import time

A, CNAME, AAAA, SRV = 1, 5, 28, 33


def encode_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


class DnsServer:
    """with DnsServer({("a.test", A): ["127.0.0.1"]}) as dns: ...; values: addresses, names, or (priority, weight, port, name)"""

    def __init__(self, records=None, ttl=1):
        self.records, self.ttl = dict(records or {}), ttl
        self.silent = False  # answers nothing
        self.code = None     # the RCODE of every answer, if set
        self.delay = 0       # seconds before every answer
        self.twist = None    # makes of (question, answer) the datagrams that are sent
        self.truncated = False  # UDP has the first part only; TCP has it all
        self.asked, self.asked_by_tcp = [], []
        self.listener, self.socket = self.sockets()
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)

    @staticmethod
    def sockets():
        """TCP and UDP on one port that both have free; TCP's first, because clients take many of those."""
        while True:
            listener = socket.create_server(("127.0.0.1", 0))
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                datagrams.bind(listener.getsockname())
                return listener, datagrams
            except OSError:
                listener.close()
                datagrams.close()

    def __enter__(self):
        self.thread.start()
        threading.Thread(target=self.run_tcp, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(5)
        self.socket.close()
        self.close_tcp()

    def close_tcp(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()

    def run(self):
        while True:
            message, sender = self.socket.recvfrom(2048)
            if len(message) < 12:
                return
            if self.silent:
                continue
            if self.delay:
                threading.Thread(target=self.reply, args=(message, sender, self.delay), daemon=True).start()
            else:
                self.reply(message, sender)

    def reply(self, message, sender, delay=0):
        time.sleep(delay)
        answer = self.answer(message)
        if self.truncated:
            answer = message[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + answer[12:12 + len(message) - 12]
        for datagram in self.twist(message, answer) if self.twist else [answer]:
            try:
                self.socket.sendto(datagram, sender)
            except OSError:
                return

    def run_tcp(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    while head := connection.recv(2):
                        message = connection.recv(struct.unpack(">H", head)[0])
                        answer = self.answer(message)
                        self.asked_by_tcp.append(self.asked[-1])
                        connection.sendall(struct.pack(">H", len(answer)) + answer)
                except OSError:
                    pass

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

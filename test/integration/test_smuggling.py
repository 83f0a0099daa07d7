"""Requests that two servers could read differently: the gateway hands on what plain nginx would, or refuses."""
import contextlib
import re
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.events
import pytest
from certificates import Authority
from gateway import Gateway, NginxServer, free_port
from sockets import RawServer


class Recorder(RawServer):
    """An upstream that reads strictly and keeps (request line, framing headers, body) of every request; "garbage" for all else."""

    def __init__(self):
        self.requests, self.lock = [], threading.Lock()
        super().__init__(self._read)

    def _read(self, connection, _):
        with connection.makefile("rb") as stream, contextlib.suppress(ValueError):
            while self._one(connection, stream):
                pass

    def _note(self, *what):
        with self.lock:
            self.requests.append(what)

    def _one(self, connection, stream):
        line = stream.readline()
        if not line:
            return False
        if not re.fullmatch(rb"[A-Z]+ \S+ HTTP/1\.[01]\r\n", line):
            self._note("garbage", line + stream.peek(200)[:200])
            return False
        framing, kept = [], []
        while (header := stream.readline()) != b"\r\n":
            name = header.split(b":")[0].lower()
            if not header.endswith(b"\r\n") or not re.fullmatch(rb"[!#$%&'*+.^_`|~0-9a-z-]+", name):
                self._note("garbage header", header)
                return False
            if name in (b"content-length", b"transfer-encoding"):
                framing.append(header.lower())
            elif name.startswith((b"x-a", b"x-b", b"foo", b"content", b"transfer")):
                kept.append(header.strip())
        if len(framing) > 1:
            self._note("two framings", *framing)
            return False
        body = b""
        if framing and framing[0].startswith(b"content-length"):
            body = stream.read(int(framing[0].split(b":")[1]))
        elif framing:
            while size := int(stream.readline().strip(), 16):
                body += stream.read(size)
                stream.readline()
            stream.readline()
        self._note(line, body, sorted(kept))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return True

    def take(self):
        with self.lock:
            taken, self.requests = self.requests, []
        return taken


@pytest.fixture(scope="module", params=["buffered", "unbuffered"])
def sides(request):
    """(gateway, its recorder), (plain nginx port, TLS port, its recorder)"""
    port, tls_port = free_port(), free_port()
    buffered = request.param == "buffered"
    with Authority() as authority, Recorder() as ours, Recorder() as theirs:
        pair = authority.issue("a.test")
        http = f"""upstream u {{ server 127.0.0.1:{theirs.port}; keepalive 10; }} underscores_in_headers on;
          server {{ listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl http2; location / {{
            ssl_certificate {pair.cert_file}; ssl_certificate_key {pair.key_file};
            proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
            proxy_request_buffering {'on' if buffered else 'off'}; }} }}"""
        http = http.replace("location / {\n            ssl", "ssl", 1).replace(";\n            proxy_pass",
                                                                               "; location / {\n            proxy_pass", 1)
        with NginxServer(http), Gateway(workers=1) as gw:
            gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": ours.port, "retries": 0})
            gw.create("/services/s/routes", {"paths": ["/"], "strip_path": False, "request_buffering": buffered})
            yield (gw, ours), (port, tls_port, theirs)


def statuses(port, text):
    """The statuses of all answers to the bytes that are sent."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(1)
        answer = b""
        try:
            connection.sendall(text)
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
    return re.findall(rb"HTTP/1\.1 (\d\d\d)", answer)


HOST = b"Host: a.test\r\n"
POST, HIDDEN = b"POST /one HTTP/1.1\r\n" + HOST, b"GET /hidden HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"
ENCODINGS = [b"Transfer-Encoding : chunked", b"Transfer-Encoding:\tchunked", b"Transfer-Encoding: chunked, identity",
             b"Transfer-Encoding: identity, chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked\x0b",
             b" Transfer-Encoding: chunked", b"X: y\r\n Transfer-Encoding: chunked", b"Transfer_Encoding: chunked",
             b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked\r\n"
             b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"tRANSFER-eNCODING: CHUNKED",
             b"Transfer-Encoding: gzip", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:", b"X: a\nTransfer-Encoding: chunked",
             b"X: a\rTransfer-Encoding: chunked", b"Transfer-Encoding\x00: chunked", b"Transfer-Encoding: chunked\x00",
             b"Transfer-Encoding;: chunked", b"Content-Encoding: chunked", b"Foo: bar\x00\r\nTransfer-Encoding: chunked"]
LENGTHS = [b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 5, 5",
           b"Content-Length: +5", b"Content-Length: -1", b"Content-Length: 0x5", b"Content-Length: 5 ", b"Content-Length: 5a",
           b"Content-Length: 05", b"Content-Length : 5", b"Content-Length: ", b"Content-Length: 99999999999999999999",
           b"Content_Length: 5", b"Content-Length: 5\r\nContent_Length: 50", b"Content-Length: 5\x00", b"Content-Length:\x0b5",
           b"Content-Length: 1 5", b" Content-Length: 5", b"Content-Length: 5\nX-A: b", b"Content-Length\xa0: 5"]
CHUNKS = [b"5;ext=1\r\nhello\r\n0\r\n\r\n", b"5 ; ext=\"a\r\nb\"\r\nhello\r\n0\r\n\r\n", b"0005\r\nhello\r\n0\r\n\r\n",
          b"0x5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"5\r\nhelloX0\r\n\r\n",
          b"5\r\nhello0\r\n\r\n", b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"10000000000000005\r\nhello\r\n0\r\n\r\n",
          b"5\r\nhello\r\n00\r\n\r\n", b"5\r\nhello\r\n0;a\r\n\r\n", b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n",
          b" 5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX-A: b\n\r\n", b"5;\nGET /x HTTP/1.1\r\nhello\r\n0\r\n\r\n",
          b"5\rhello\r\n0\r\n\r\n", b"g\r\nhello\r\n0\r\n\r\n", b"\r\n5\r\nhello\r\n0\r\n\r\n", b"5\r\n\r\nhello\r\n0\r\n\r\n"]
LINES = [b"GET /one HTTP/1.1\nHost: a.test\n\n", b"GET /one HTTP/1.1\r\nHost: a.test\n\r\n", b"GET  /one HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET /one  HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /one\tHTTP/1.1\r\n" + HOST + b"\r\n", b"GET /o ne HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET /one HTTP/1.2\r\n" + HOST + b"\r\n", b"GET /one HTTP/2.0\r\n" + HOST + b"\r\n", b"GET /one HTTP/1.1x\r\n" + HOST + b"\r\n",
         b"\r\n\r\nGET /one HTTP/1.1\r\n" + HOST + b"\r\n", b"GET http://b.test/one HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET /one HTTP/1.1\r\n\r\n", b"GET /one HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /one HTTP/1.1\r\nHost: a b\r\n\r\n",
         b"GET /one HTTP/1.1\r\nHost: a/../b\r\n\r\n", b"GET /one HTTP/1.1\r\nHost:\r\n\r\n", b"get /one HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET /one%0D%0AX-A:%20b HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /one%20HTTP/1.1%0D%0AX-A:b HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET /one\x00 HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /one\x7f HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /one#x HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET /one HTTP/1.1\r\n" + HOST + b"X-A: b\r\n c\r\n\r\n", b"GET /one HTTP/1.1\r\n" + HOST + b"X-A: b\rX-B: c\r\n\r\n",
         b"GET /one HTTP/1.1\r\n" + HOST + b": empty\r\n\r\n", b"GET /one HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n",
         b"GET /one HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n", b"GET /one HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
         b"GET /one HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", b"HEAD /one HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
         b"GET /one HTTP/1.1\r\n" + HOST + b"Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello",
         b"POST /one HTTP/1.1\r\n" + HOST + b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
         b"POST /one HTTP/1.1\r\n" + HOST + b"Connection: Host, close\r\nX-A: b\r\nContent-Length: 0\r\n\r\n",
         b"GET /one HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
         b"GET /one HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\nhello"]


def attacks():
    both = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield "CL.TE", POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG" + HIDDEN
    yield "TE.CL", POST + both + b"5c\r\n" + HIDDEN + b"\r\n0\r\n\r\n"
    yield "TE.CL reversed", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + CHUNKED + HIDDEN
    yield "CL.CL", POST + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello" + HIDDEN
    yield "pipelined", POST + b"Content-Length: 5\r\n\r\nhello" + HIDDEN
    for i, header in enumerate(ENCODINGS):
        yield f"encoding {i} {header}", POST + header + b"\r\n\r\n" + CHUNKED + HIDDEN
        yield f"encoding {i} with length {header}", POST + b"Content-Length: 15\r\n" + header + b"\r\n\r\n" + CHUNKED + HIDDEN
    for i, header in enumerate(LENGTHS):
        yield f"length {i} {header}", POST + header + b"\r\n\r\nhello" + HIDDEN
    for i, chunks in enumerate(CHUNKS):
        yield f"chunks {i} {chunks}", POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + HIDDEN
    for i, line in enumerate(LINES):
        yield f"line {i} {line}", line + HIDDEN


# Of 4xx answers only that they are refusals counts; 3 is a redirect and no success either.
def kinds(codes):
    return [b"refused" if code[:1] in b"345" else code for code in codes]


ATTACKS = dict(attacks())


def judge(ours, theirs, ours_codes, their_codes):
    """"same", "refused", or what is wrong."""
    if (ours, kinds(ours_codes)) == (theirs, kinds(their_codes)):
        return "same"
    refused = not ours_codes or kinds(ours_codes)[-1] == b"refused"
    return "refused" if refused and ours == theirs[:len(ours)] else f"{ours_codes} {ours}, nginx: {their_codes} {theirs}"


def test_what_is_handed_on_of_ambiguous_requests(sides):
    (gw, ours), (port, _, theirs) = sides
    workers, verdicts = gw.pids()[1], {}
    for name, text in ATTACKS.items():
        codes = {}
        threads = [threading.Thread(target=lambda key=key, p=p: codes.update({key: statuses(p, text)}))
                   for key, p in (("ours", gw.proxy_port), ("theirs", port))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        verdicts[name] = judge(ours.take(), theirs.take(), codes["ours"], codes["theirs"])
    wrong = [f"{name}: {verdict}" for name, verdict in verdicts.items() if verdict not in ("same", "refused")]
    assert not wrong, "\n".join(wrong)
    print("refused beyond nginx:", [name for name, verdict in verdicts.items() if verdict == "refused"])
    assert gw.pids()[1] == workers


BASE = [(":method", "POST"), (":path", "/one"), (":scheme", "https"), (":authority", "a.test")]


def with_header(*more):
    return BASE + list(more)


def replaced(name, value):
    return [(key, value if key == name else old) for key, old in BASE]


HTTP2 = {
    "plain": (with_header(), b"hello"),
    "length": (with_header(("content-length", "5")), b"hello"),
    "length too short": (with_header(("content-length", "3")), b"hello"),
    "length too long": (with_header(("content-length", "50")), b"hello"),
    "two lengths": (with_header(("content-length", "5"), ("content-length", "0")), b"hello"),
    "transfer-encoding": (with_header(("transfer-encoding", "chunked")), CHUNKED + HIDDEN),
    "transfer-encoding and length": (with_header(("transfer-encoding", "chunked"), ("content-length", "0")), CHUNKED),
    "connection": (with_header(("connection", "close")), b"hello"),
    "line break in a value": (with_header(("x-a", "b\r\nTransfer-Encoding: chunked")), CHUNKED),
    "line feed in a value": (with_header(("x-a", "b\nx-b: c")), b"hello"),
    "line break in a name": (with_header(("x-a: b\r\nx-b", "c")), b"hello"),
    "colon in a name": (with_header(("x-a:", "c")), b"hello"),
    "upper case in a name": (with_header(("X-A", "c")), b"hello"),
    "zero in a value": (with_header(("x-a", "b\0c")), b"hello"),
    "space in the path": (replaced(":path", "/one HTTP/1.1\r\nX-A: b"), b"hello"),
    "blank in the path": (replaced(":path", "/o ne"), b"hello"),
    "no slash in the path": (replaced(":path", "one"), b"hello"),
    "break in the method": (replaced(":method", "GET /x HTTP/1.1\r\nX-A: b"), b"hello"),
    "break in the authority": (replaced(":authority", "a.test\r\nx-a: b"), b"hello"),
    "break in the scheme": (replaced(":scheme", "https\r\nx-a: b"), b"hello"),
    "authority and host": (with_header(("host", "b.test")), b"hello"),
    "two paths": (with_header((":path", "/two")), b"hello"),
    "pseudo-header afterwards": (with_header(("x-a", "b"), (":path", "/two")), b"hello"),
    "te": (with_header(("te", "chunked, trailers")), b"hello"),
}


def http2_status(port, headers, body):
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname="a.test") as plain:
        plain.settimeout(1)
        config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False,
                                           validate_inbound_headers=False)
        connection = h2.connection.H2Connection(config)
        connection.initiate_connection()
        connection.send_headers(1, headers)
        connection.send_data(1, body, end_stream=True)
        try:
            plain.sendall(connection.data_to_send())
            while data := plain.recv(65536):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.ResponseReceived):
                        return [dict(event.headers)[b":status"] if b":status" in dict(event.headers) else
                                dict(event.headers)[":status"].encode()]
                    if isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                        return [b"400"]
        except OSError:
            pass
    return []


@pytest.mark.parametrize("name", HTTP2)
def test_what_is_handed_on_of_http2(sides, name):
    (gw, ours), (_, tls_port, theirs) = sides
    codes = http2_status(gw.tls_port, *HTTP2[name]), http2_status(tls_port, *HTTP2[name])
    assert judge(ours.take(), theirs.take(), *codes) in ("same", "refused")

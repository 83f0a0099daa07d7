"""Small TCP, TLS and UDP servers and clients for tests of streams."""
import http.server
import socket
import ssl
import subprocess
import threading


class TcpServer:
    """Answers each connection with `greeting`, then sends back what it receives, `prefix` before each piece. Keeps what it saw:
    `seen` has (first bytes, peer address, server name of TLS, subject of the client's certificate) of every connection."""

    def __init__(self, prefix=b"", greeting=b"", certificate=None, client_authority=None, proxy_protocol=False):
        self.prefix, self.greeting, self.proxy_protocol, self.seen = prefix, greeting, proxy_protocol, []
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.cert_file, certificate.key_file)
            self.context.sni_callback = self._note_name
            if client_authority:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(client_authority.cert_file)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.names = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def _note_name(self, connection, name, _):
        self.names[connection] = name

    def _accept(self):
        while True:
            try:
                connection, address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection, address):
        try:
            header = b""
            while self.proxy_protocol and not header.endswith(b"\r\n"):
                header += connection.recv(1)
            name = subject = None
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                name = self.names.pop(connection, None)
                subject = connection.getpeercert()
            if self.greeting:
                connection.sendall(self.greeting)
            first = True
            while data := connection.recv(65536):
                if first:
                    self.seen.append((header or data, address, name, subject))
                    first = False
                connection.sendall(self.prefix + data)
        except OSError:
            pass
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class HttpCollector:
    """Answers every request 200 and keeps the bodies."""

    def __init__(self):
        self.bodies = bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class UdpServer:
    """Sends each datagram back, `prefix` before it."""

    def __init__(self, prefix=b""):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port, self.prefix = self.socket.getsockname()[1], prefix
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(65536)
                self.socket.sendto(self.prefix + data, peer)
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def tcp_ask(port, data, size=None, host="127.0.0.1", bind=None):
    """Sends `data` and reads until the answer has `size` bytes (or the other side closes); b"" when it closes at once."""
    with socket.create_connection((host, port), 10, (bind, 0) if bind else None) as connection:
        return _ask(connection, data, size)


def tls_connect(port, server_name=None, authority=None, certificate=None, host="127.0.0.1", **settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if authority else ssl.CERT_NONE
    if authority:
        context.load_verify_locations(authority.cert_file)
    if certificate:
        context.load_cert_chain(certificate.cert_file, certificate.key_file)
    if "ciphers" in settings:
        context.set_ciphers(settings["ciphers"])
    if "maximum" in settings:
        context.maximum_version = settings["maximum"]
    connection = socket.create_connection((host, port), 10)
    return context.wrap_socket(connection, server_hostname=server_name)


def tls_ask(port, data, size=None, **settings):
    with tls_connect(port, **settings) as connection:
        return _ask(connection, data, size)


def _ask(connection, data, size):
    connection.settimeout(10)
    answer = b""
    try:
        if data:
            connection.sendall(data)
        while size is None or len(answer) < size:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass
    return answer


def udp_ask(port, data, timeout=5):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.sendto(data, ("127.0.0.1", port))
        try:
            return client.recv(65536)
        except (TimeoutError, socket.timeout):
            return None


def presented_name(connection):
    """The common name of the certificate that the server has shown."""
    text = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))
    done = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline"], input=text, text=True,
                          stdout=subprocess.PIPE, check=True)
    return [line.split("=", 1)[1].strip() for line in done.stdout.splitlines() if "commonName" in line][0]


class RawServer:
    """Calls `serve(connection, number)` for each connection, counted from 0, in a thread of its own."""

    def __init__(self, serve, listener=None):
        self.serve, self.count = serve, 0
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            number, self.count = self.count, self.count + 1
            threading.Thread(target=self._run, args=(connection, number), daemon=True).start()

    def _run(self, connection, number):
        connection.settimeout(20)
        with connection:
            try:
                self.serve(connection, number)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def read_head(connection):
    """(request or status line with headers, what came after them)."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data, b""
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    return head, rest


def read_until(connection, end, data=b""):
    while not data.endswith(end):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data

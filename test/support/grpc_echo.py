"""A gRPC server and its client for tests, without generated code: messages are bytes, and every method's name says what it does."""
import time
from concurrent import futures

import grpc

SERVICE = "test.Echo"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"


def _unary(request, context):
    metadata = {key: value for key, value in context.invocation_metadata()}
    context.send_initial_metadata([("x-seen-authority", metadata.get("x-authority", "")), ("x-first", "1")])
    context.set_trailing_metadata([("x-last", "2"), ("x-asked-for", metadata.get("x-ask", ""))])
    return request


def _fails(request, context):
    """Ends with the status and the message of "CODE MESSAGE"."""
    code, message = request.decode().split(" ", 1)
    context.set_trailing_metadata([("x-why", "asked")])
    context.abort(next(status for status in grpc.StatusCode if status.name == code), message)


def _counts(request, context):
    for i in range(int(request)):
        yield str(i).encode()


def _joins(requests, context):
    return b"".join(requests)


def _echoes(requests, context):
    for request in requests:
        yield b"<" + request


def _sleeps(request, context):
    time.sleep(float(request))
    return b"awake"


def _authority(request, context):
    return context._rpc_event.call_details.host  # pylint: disable=protected-access


def _metadata(request, context):
    return "\n".join(f"{key}={value}" for key, value in context.invocation_metadata()).encode()


class GrpcServer:
    """with GrpcServer("one") as server: server.port. With a certificate it speaks TLS; `authority` must then sign its clients'."""

    def __init__(self, name="grpc", certificate=None, authority=None):
        self.calls, self.server = [], grpc.server(futures.ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
        handlers = {"Unary": unary(_unary), "Fails": unary(_fails), "Sleeps": unary(_sleeps),
                    "Metadata": unary(_metadata), "Authority": unary(_authority), "Name": unary(lambda request, context: name.encode()),
                    "Counts": grpc.unary_stream_rpc_method_handler(_counts),
                    "Joins": grpc.stream_unary_rpc_method_handler(_joins), "Echoes": stream(_echoes)}
        self.server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler(SERVICE, handlers),
            grpc.method_handlers_generic_handler(REFLECTION, {"ServerReflectionInfo": stream(_echoes)})))
        if certificate is None:
            self.port = self.server.add_insecure_port("127.0.0.1:0")
        else:
            pair = (certificate.key_file.read_bytes(), certificate.cert_file.read_bytes())
            root = authority.cert_file.read_bytes() if authority else None
            credentials = grpc.ssl_server_credentials([pair], root, require_client_auth=bool(authority))
            self.port = self.server.add_secure_port("127.0.0.1:0", credentials)

    def __enter__(self):
        self.server.start()
        return self

    def stop(self):
        self.server.stop(None).wait()

    def __exit__(self, *_):
        self.stop()


class GrpcClient:
    """with GrpcClient(port) as client: client.unary("Unary", b"x"). `authority`: of the certificate of a TLS listener."""

    def __init__(self, port, authority=None, name=None, service=SERVICE):
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        if name:
            options.append(("grpc.ssl_target_name_override" if authority else "grpc.default_authority", name))
        if authority is None:
            self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
        else:
            root = grpc.ssl_channel_credentials(authority.cert_file.read_bytes())
            self.channel = grpc.secure_channel(f"127.0.0.1:{port}", root, options)
        self.service = service

    def _path(self, method):
        return f"/{self.service}/{method}"

    def unary(self, method, message, **settings):
        return self.channel.unary_unary(self._path(method))(message, timeout=settings.pop("timeout", 10), **settings)

    def with_call(self, method, message, metadata=None):
        return self.channel.unary_unary(self._path(method)).with_call(message, timeout=10, metadata=metadata)

    def server_stream(self, method, message):
        return self.channel.unary_stream(self._path(method))(message, timeout=20)

    def client_stream(self, method, messages):
        return self.channel.stream_unary(self._path(method))(iter(messages), timeout=20)

    def both_streams(self, method, messages):
        return self.channel.stream_stream(self._path(method))(messages, timeout=20)

    def error(self, method, message=b"", **settings):
        """(status code, message) of a call that must fail."""
        try:
            answer = self.unary(method, message, **settings)
        except grpc.RpcError as error:
            return error.code(), error.details()
        raise AssertionError(f"{method} answered {answer}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

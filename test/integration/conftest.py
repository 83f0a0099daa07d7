import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import Gateway, NginxServer, free_port  # noqa: E402


@pytest.fixture
def gateway():
    with Gateway() as gw:
        yield gw


@pytest.fixture(scope="module")
def upstream():
    """The port of an HTTP server that answers 200 with the path that it received."""
    port = free_port()
    with NginxServer(f'server {{ listen 127.0.0.1:{port}; location / {{ return 200 "$request_uri\\n"; }} }}'):
        yield port

"""Let's Encrypt's test authority (RFC 8555): it refuses some good nonces, and asks for challenges where its name server sends it."""
import http.client
import json
import os
import pathlib
import ssl
import subprocess

from certificates import Authority
from dns_server import A, DnsServer
from gateway import free_port, port_answers, wait_until


class Pebble:
    """with Pebble(8000, ["a.test"]) as acme: ... acme.directory ... acme.trusted (the authority of its own certificate)

    http_port: where it asks `hosts`, which all are on this machine; account: (name, secret) that new accounts must know."""

    def __init__(self, http_port, hosts, account=None, **environment):
        self.port, self.management_port, self.account = free_port(), free_port(), account
        self.http_port, self.hosts = http_port, hosts
        self.environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0", **environment}
        self.directory = f"https://127.0.0.1:{self.port}/dir?/directory"

    def __enter__(self):
        self.authority = Authority("pebble's own").__enter__()
        own = self.authority.issue("127.0.0.1", alternative_names="IP:127.0.0.1")
        self.trusted = str(self.authority.certificate.cert_file)
        config = {"listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management_port}",
                  "certificate": str(own.cert_file), "privateKey": str(own.key_file), "httpPort": self.http_port, "tlsPort": 1,
                  "ocspResponderURL": "", "externalAccountBindingRequired": self.account is not None,
                  "externalAccountMACKeys": dict([self.account] if self.account else [])}
        file = self.authority.folder / "pebble.json"
        file.write_text(json.dumps({"pebble": config}))
        self.names = DnsServer({(host, A): ["127.0.0.1"] for host in self.hosts}).__enter__()
        self.log = self.authority.folder / "pebble.log"
        self.process = subprocess.Popen(
            ["pebble", "-strict", "-config", str(file), "-dnsserver", f"127.0.0.1:{self.names.port}"],
            env={**os.environ, **self.environment}, stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        wait_until(lambda: port_answers(self.port), 60)  # its keys take a machine with much to do long
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.names.__exit__()
        self.authority.__exit__()

    def root(self, number=0):
        """The certificate of a root that it issues under, as PEM."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.management_port, context=ssl._create_unverified_context())
        try:
            connection.request("GET", f"/roots/{number}")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def orders(self):
        """How many were placed."""
        return pathlib.Path(self.log).read_text().count("Added order")

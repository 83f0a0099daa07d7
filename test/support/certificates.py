"""Certificates for tests, made with the openssl command: an authority that signs, and self-signed ones."""
import pathlib
import subprocess
import tempfile


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Certificate:
    """A certificate with its key: PEM texts and the files that hold them."""

    def __init__(self, folder, name):
        self.cert_file, self.key_file = folder / f"{name}.crt", folder / f"{name}.key"

    @property
    def cert(self):
        return self.cert_file.read_text()

    @property
    def key(self):
        return self.key_file.read_text()


class Authority:
    """with Authority() as ca: ca.issue("a.test"); ca.certificate is its own."""

    def __init__(self, name="test authority"):
        self._temporary = tempfile.TemporaryDirectory(prefix="silverback-ca-")
        self.folder = pathlib.Path(self._temporary.name)
        self.folder.chmod(0o755)
        self.count = 0
        self.certificate = Certificate(self.folder, "ca")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                 "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                 "-keyout", str(self.certificate.key_file), "-out", str(self.certificate.cert_file))

    def subordinate(self, name):
        """An authority whose certificate this one has signed."""
        made = Authority(name)
        made.certificate = self.issue(name, extensions="basicConstraints=critical,CA:TRUE")
        return made

    def issue(self, name, kind="ec", alternative_names=None, extensions=None):
        """A certificate for a DNS name (or IP address); kind: "ec" or "rsa"."""
        self.count += 1
        made = Certificate(self.folder, str(self.count))
        request, file = self.folder / "request", self.folder / "extensions"
        key = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        _openssl("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", str(made.key_file), "-out",
                 str(request))
        file.write_text(extensions or "subjectAltName=" + (alternative_names or f"DNS:{name}"))
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.certificate.cert_file), "-CAkey",
                 str(self.certificate.key_file), "-CAcreateserial", "-days", "30", "-extfile", str(file), "-out",
                 str(made.cert_file))
        return made

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._temporary.cleanup()

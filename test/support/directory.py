"""An LDAP server of tests' own (OpenLDAP's slapd)."""
import pathlib
import shutil
import subprocess
import tempfile

from gateway import free_port, port_answers, wait_until

ENTRIES = """dn: dc=test
objectClass: dcObject
objectClass: organization
dc: test
o: test

"""
PERSON = """dn: cn={name},dc=test
objectClass: person
cn: {name}
sn: {name}
userPassword: {password}

"""


class Directory:
    """with Directory({"ann": "secret"}, certificate="cert.pem", key="key.pem") as d: d.port, d.tls_port"""

    def __init__(self, people, certificate=None, key=None):
        self.people, self.certificate, self.key = people, certificate, key
        self.port, self.tls_port, self.process = free_port(), free_port(), None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="silverback-ldap-"))

    def __enter__(self):
        data = self.folder / "data"
        data.mkdir()
        conf = self.folder / "slapd.conf"
        tls = f"TLSCertificateFile {self.certificate}\nTLSCertificateKeyFile {self.key}\n" if self.certificate else ""
        conf.write_text(f"""include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
{tls}database mdb
suffix "dc=test"
directory {data}
""")
        people = "".join(PERSON.format(name=name, password=password) for name, password in self.people.items())
        subprocess.run(["/usr/sbin/slapadd", "-f", str(conf)], input=ENTRIES + people, text=True, check=True, stdout=subprocess.DEVNULL)
        return self.start()

    def start(self):
        urls = f"ldap://127.0.0.1:{self.port}/" + (f" ldaps://127.0.0.1:{self.tls_port}/" if self.certificate else "")
        self.process = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-f", str(self.folder / "slapd.conf"), "-h", urls])
        wait_until(lambda: port_answers(self.port))
        return self

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

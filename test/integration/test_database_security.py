"""Sessions with PostgreSQL by password (SCRAM) and over TLS, verified or not."""
import pathlib
import shutil

import pytest
from certificates import Authority
from database_server import DatabaseServer
from gateway import Gateway


@pytest.fixture(scope="module")
def authority():
    with Authority() as ca:
        yield ca


@pytest.fixture(scope="module")
def database(authority):
    with DatabaseServer() as server:
        pair = authority.issue("db.test")
        folder = pathlib.Path(server.folder)
        owner = folder.stat()
        for source, name in ((pair.cert_file, "server.crt"), (pair.key_file, "server.key")):
            shutil.copy(source, folder / name)
            shutil.chown(folder / name, owner.st_uid, owner.st_gid)
            (folder / name).chmod(0o600)
        server.sql("ALTER SYSTEM SET ssl = on")
        Gateway(**server.settings()).command("migrations", "bootstrap")
        # From now on by password and over TLS only.
        (folder / "pg_hba.conf").write_text("hostssl all all all scram-sha-256\nlocal all all trust\n")
        server.sql("SELECT pg_reload_conf()")
        yield server


def settings(database, **more):
    return database.settings(KONG_PG_SSL="on", KONG_PG_TIMEOUT="3000", **more)


def refused(node):
    done = node.command("start", check=False)
    assert done.returncode == 1, done.stdout
    return done.stdout


def test_a_password_and_tls(database):
    with Gateway(**settings(database)) as node:
        assert node.admin("POST", "/consumers", {"username": "ann"}).status == 201
        assert node.admin("GET", "/status").json["database"]["reachable"] is True


def test_the_servers_certificate_is_verified(database, authority):
    trusted = settings(database, KONG_PG_SSL_VERIFY="on",
                       KONG_LUA_SSL_TRUSTED_CERTIFICATE=str(authority.certificate.cert_file))
    with Gateway(**trusted) as node:
        assert node.admin("POST", "/consumers", {"username": "bob"}).status == 201
    assert "certificate verify failed" in refused(Gateway(**settings(database, KONG_PG_SSL_VERIFY="on")))


def test_a_wrong_password_and_no_tls_are_refused(database):
    assert "authentication" in refused(Gateway(**settings(database, KONG_PG_PASSWORD="wrong")))
    assert "no pg_hba.conf entry" in refused(Gateway(**{**settings(database), "KONG_PG_SSL": "off"}))

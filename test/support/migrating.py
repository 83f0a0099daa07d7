"""What the tests of `kong migrations` on PostgreSQL share: a server, databases of Kong 1.0 on it, and sessions of others."""
import os
import subprocess

import old_kong
import pytest
from postgres import Database, Postgres

SMALL = 400


@pytest.fixture(scope="module")
def server():
    with Postgres() as one:
        yield one


@pytest.fixture(scope="module")
def template(server):
    return old_kong.make(Database(server, "template"), SMALL)


@pytest.fixture
def old(server, template):
    """A database of 1.0 with some rows."""
    database = Database(server).copy_of(template.name)
    yield database
    database.close()


@pytest.fixture
def pending(old):
    migrate(old, "up")
    return old


def migrate(database, *command, code=0):
    """Gives what it printed."""
    done, out, err = database.kong("migrations", *command)
    assert done == code, (command, out, err)
    return out + err


def count(database, what):
    return int(database.sql(f"SELECT count(*) FROM {what}"))


def migrate_status(database):
    return database.kong("migrations", "status")[1]


class Session:
    """A session of somebody else, which holds what its first statement took."""

    def __init__(self, database, statement, name="", user="kong"):
        env = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(database.server.port), "PGUSER": user, "PGPASSWORD": user,
               "PGDATABASE": database.name, "PGAPPNAME": name}
        self.process = subprocess.Popen(["psql", "-X", "-q", "-A", "-t"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.run(statement)

    def run(self, statement):
        self.process.stdin.write(statement + ";\nSELECT 'done';\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.strip() == "done":
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

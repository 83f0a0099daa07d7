"""A PostgreSQL server of a test's own, databases in it, and the command line run against them.

The server runs as a user other than root, on a free port of 127.0.0.1, with passwords; the gateway's role owns its database and is
no superuser."""
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from gateway import ROOT, free_port

REFERENCE = pathlib.Path(os.environ.get("SILVERBACK_REFERENCE") or ROOT / "../shared/reference").resolve() / "postgres"


def _newest(pattern):
    return max(glob.glob(pattern), key=lambda path: [int(p) for p in path.split("/") if p.isdigit()])


class Postgres:
    """with Postgres() as server: server.psql("postgres", "SELECT 1")"""

    def __init__(self):
        self.bin = _newest("/usr/lib/postgresql/*/bin")
        self.folder = tempfile.mkdtemp(prefix="silverback-pg-")
        self.port = free_port()

    def _as_server(self, *command, **options):
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        return subprocess.run([*drop, *command], check=True, stdout=subprocess.DEVNULL, **options)

    def __enter__(self):
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        data = f"{self.folder}/data"
        self._as_server(f"{self.bin}/initdb", "-D", data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
                        "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", cwd=self.folder)
        self._as_server(f"{self.bin}/pg_ctl", "-D", data, "-w", "-l", f"{self.folder}/log", "-o",
                        f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off",
                        "start", cwd=self.folder)
        self.admin("postgres", "CREATE ROLE kong LOGIN CREATEDB PASSWORD 'kong'")
        return self

    def __exit__(self, *_):
        self._as_server(f"{self.bin}/pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop", cwd=self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _psql(self, env, database, sql=None, file=None):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
        source = ["-f", str(file)] if file else ["-c", sql]
        done = subprocess.run([*command, *source], env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
        assert done.returncode == 0, (sql or file, done.stderr)
        return done.stdout.strip()

    def admin(self, database, sql):
        return self._psql({"PGHOST": self.folder, "PGPORT": str(self.port), "PGUSER": "postgres",
                           "PGOPTIONS": "-c default_transaction_read_only=off"}, database, sql)

    def psql(self, database, sql=None, file=None):
        """As the gateway's role."""
        return self._psql({"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "kong", "PGPASSWORD": "kong"}, database,
                          sql, file)

    def settings(self, database):
        return {"KONG_DATABASE": "postgres", "KONG_PG_HOST": "127.0.0.1", "KONG_PG_PORT": str(self.port), "KONG_PG_USER": "kong",
                "KONG_PG_PASSWORD": "kong", "KONG_PG_DATABASE": database}


class Database:
    """One database of a server, made anew by create(), and `kong` run against it."""

    def __init__(self, server, name="kong", build=None):
        build = pathlib.Path(build or os.environ.get("SILVERBACK_BUILD") or ROOT / "build/release")
        self.server, self.name, self.binary = server, name, str(build / "bin/kong")
        self.prefix = tempfile.mkdtemp(prefix="silverback-test-")
        os.chmod(self.prefix, 0o755)
        base = {k: v for k, v in os.environ.items() if not k.startswith(("KONG_", "PG"))}
        self.env = {**base, "KONG_PREFIX": self.prefix, **server.settings(name)}

    def create(self):
        # Of a runner that was killed, the session may live for a moment longer.
        self.server.admin("postgres", f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self.server.psql("postgres", f"CREATE DATABASE \"{self.name}\" TEMPLATE template0 ENCODING 'UTF8'")
        self.server.admin("postgres", f'ALTER DATABASE "{self.name}" OWNER TO kong')
        return self

    def copy_of(self, template):
        self.server.admin("postgres", f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self.server.admin("postgres", f'CREATE DATABASE "{self.name}" TEMPLATE "{template}" OWNER kong')
        return self

    def restore(self, file):
        self.create()
        self.sql(file=file)
        return self

    def sql(self, sql=None, file=None):
        return self.server.psql(self.name, sql, file)

    def script(self, text):
        """Any number of statements, as the gateway's role."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql", prefix="silverback-") as file:
            file.write(text)
            file.flush()
            return self.sql(file=file.name)

    def superuser_sql(self, sql):
        return self.server.admin(self.name, sql)

    def kong(self, *args, env=None, typed=None, timeout=300):
        """Runs a command; `typed`: on a terminal. Gives exit code, standard output, standard error."""
        if typed is not None:
            return self._on_terminal(args, {**self.env, **(env or {})}, typed)
        done = subprocess.run([self.binary, *args], env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
        return done.returncode, done.stdout, done.stderr

    def start(self, *args, env=None):
        """A command that is not waited for, in a group of its own."""
        return subprocess.Popen([self.binary, *args], env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def _on_terminal(self, args, env, typed):
        ours, theirs = os.openpty()
        with subprocess.Popen([self.binary, *args], env=env, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as process:
            os.close(theirs)
            shown = b""
            try:
                while part := os.read(ours, 65536):
                    shown += part
                    if typed and b"[Y/n] " in shown:
                        os.write(ours, typed.encode())
                        typed = ""
            except OSError:  # the other end is closed
                pass
            error = process.stderr.read().decode()
        os.close(ours)
        return process.returncode, shown.decode().replace("\r\n", "\n"), error

    def canonical(self, schema="public"):
        """Everything in it, in the form of the reference files (list of lines)."""
        env = {**os.environ, "PGHOST": self.server.folder, "PGPORT": str(self.server.port), "PGUSER": "postgres"}
        script = str(REFERENCE / "canonical.sh")
        done = subprocess.run([script, "--schema", schema, f"dbname={self.name}"], env=env, check=True, stdout=subprocess.PIPE,
                              text=True)
        return done.stdout.splitlines()

    def close(self):
        shutil.rmtree(self.prefix, ignore_errors=True)


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for_sessions_to_end(server, database):
    for _ in range(200):
        if server.admin("postgres", f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'") == "0":
            return
        time.sleep(0.05)

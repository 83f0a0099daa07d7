"""What `kong migrations` says and does in every recorded state of a PostgreSQL database (cli-states.json of the reference)."""
import contextlib
import json
import os
import re
import tempfile
import threading

import pytest
from gateway import free_port
from postgres import REFERENCE, Database, Postgres

RECORDED = REFERENCE / "cli-states.json"
pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason=f"no reference databases in {REFERENCE}")
DATA = json.loads(RECORDED.read_text()) if RECORDED.exists() else {"states": [], "results": []}
STATES = {state["state"]: state for state in DATA["states"]}


@pytest.fixture(scope="module")
def database():
    with Postgres() as server:
        one = Database(server)
        yield one
        one.close()


def set_up(database, steps):
    for step in steps:
        if "create" in step:
            database.create()
        elif "restore" in step:
            database.restore(REFERENCE / step["restore"])
        elif "sql" in step:
            database.sql(step["sql"])
        elif "superuser_sql" in step:
            database.superuser_sql(step["superuser_sql"])
        else:
            code, out, err = database.kong(*step["kong"].split(), env=step.get("env"))
            assert code == step.get("exit_code", 0), (step, out, err)


MADE = {}


def prepare(database, state):
    """States are made once and copied: most are needed by several commands."""
    steps = json.dumps(state["setup"])
    # What belongs to the server or to the database as a whole is not copied.
    if "superuser_sql" in steps:
        return set_up(database, state["setup"])
    if steps not in MADE:
        set_up(database, state["setup"])
        MADE[steps] = Database(database.server, f"state{len(MADE)}").copy_of(database.name)
    return database.copy_of(MADE[steps].name)


def plain(text, database):
    """Without what belongs to the program that was recorded, or to the run."""
    text = re.sub(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", "<time>", text).replace(database.prefix, "<prefix>")
    text = re.sub(r"\nstack traceback:(\n\t.*)*", "", text)
    text = re.sub(r"^.*\[verbose\] (preparing nginx prefix|.*SSL (enabled on|certificate found at)|replica:).*\n", "", text, flags=re.M)
    text = re.sub(r"(\[PostgreSQL error\] cluster_mutex callback threw an error: )?<install>/\S+:\d+: ", "", text)
    text = re.sub(r" \(\d+\)(?=$| - )", "", text, flags=re.M)
    text = re.sub(r"\[PostgreSQL error\] (?=\[PostgreSQL error\])", "", text)
    return re.sub(r"\n\n+", "\n\n", text).strip()


# Where ours does better than what was recorded: (state, command) -> what is not compared.
BETTER = {
    # A lock that is not ours to have is no success.
    ("locked, old", "finish --lock-timeout 2"): {"exit_code"},
    ("locked, pending", "finish --lock-timeout 2"): {"exit_code"},
    ("locked, finished", "finish --lock-timeout 2"): {"exit_code"},
    ("lock released while waiting", "finish --lock-timeout 20"): {"exit_code"},
    # After the wait it looks what is left to do, and does it.
    ("lock released while waiting", "up --lock-timeout 20"): {"stdout", "database"},
    # Each half is one transaction, and names are recorded once.
    ("finish fails: same CA certificate twice", "finish"): {"after", "database"},
    ("finish fails: same CA certificate twice", "finish -v"): {"after", "database"},
    ("finish fails: unreadable CA certificate", "finish"): {"stderr", "database"},
    ("finish fails: unreadable CA certificate", "finish -v"): {"stderr", "database"},
    ("pending from an older version", "up --force"): {"names"},
    ("pending from an older version", "finish --force"): {"names"},
    ("up failed before, cause removed", "up --force"): {"names"},
    # Refused before anything is changed, with the way forward.
    ("0.14.1 without apis", "bootstrap"): {"stdout", "stderr", "database"},
    ("0.14.1 without apis", "bootstrap --force"): {"stdout", "stderr", "database"},
    ("0.14.1 with apis", "bootstrap"): {"stdout", "stderr", "after", "database"},
    ("0.14.1 empty", "bootstrap"): {"stdout", "stderr", "database"},
    ("0.14.1 after migrate-apis of 1.5.1", "up"): {"stdout", "stderr", "after", "database"},
    # Another kind of thing cannot be dropped first.
    ("read-only server, old", "reset --yes"): {"stderr"},
    # Kong 2.8 has no such command.
    ("0.14.1 with apis", "migrate-apis"): {"stdout", "stderr", "exit_code", "database"},
}


def test_states():
    assert STATES


def names_once(lines):
    """schema_meta without what Kong's --force leaves in it: names twice in a list, the last name that was run again."""
    lines = [line for line in lines if not re.match("row schema_meta .* last_executed", line)]
    return [re.sub(r"(?<== )\[.*\]$", lambda m: json.dumps(list(dict.fromkeys(json.loads(m[0])))).replace(", ", ","), line)
            if line.startswith("row schema_meta") else line for line in lines]


def contents(database, schema):
    if not database.superuser_sql(f"SELECT 1 FROM pg_namespace WHERE nspname = '{schema}'"):
        return []
    read_only = database.superuser_sql("SELECT 1 FROM pg_db_role_setting WHERE setconfig::text LIKE '%read_only=on%'")
    if read_only:
        database.superuser_sql(f"ALTER DATABASE {database.name} RESET ALL")
    lines = database.canonical(schema)
    if read_only:
        database.superuser_sql(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    return lines


@contextlib.contextmanager
def started(database, command):
    """A node that never knew a configuration, and is stopped again."""
    if command[0] != "start":
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="silverback-test-") as prefix:
        os.chmod(prefix, 0o755)
        yield {"KONG_PREFIX": prefix, "KONG_PROXY_LISTEN": f"127.0.0.1:{free_port()}", "KONG_ADMIN_LISTEN": f"127.0.0.1:{free_port()}"}
        database.kong("stop", env={"KONG_PREFIX": prefix})


@pytest.mark.parametrize("result", DATA["results"], ids=lambda r: f"{r['state']}: {r['command'].removeprefix('kong ')}")
def test_state(database, result):
    command = result["command"].split()[1:]
    if "--vv" in command:
        pytest.skip("prints the settings of the machine that it was recorded on")
    better = BETTER.get((result["state"], " ".join(command[command[0] == "migrations":])), set())
    state = STATES[result["state"]]
    prepare(database, state)
    schema = state.get("schema", "public")
    before = contents(database, schema)
    release = None
    if "during" in state:
        release = threading.Timer(1.5, database.sql, ["DELETE FROM locks"])
        release.start()
    with started(database, command) as env:
        code, out, err = database.kong(*command, env={**state.get("env", {}), **env}, typed=result.get("terminal_input"))
    if release:
        release.join()
    after = contents(database, schema)
    for name, ours in (("stdout", out), ("stderr", err)):
        recorded = plain(result[name], database)
        if "Usage: kong" in recorded:  # the words of a usage are our own
            recorded, ours = recorded.split("Usage:")[0], ours.split("Usage:")[0]
        assert name in better or plain(ours, database) == recorded.strip()
    assert "exit_code" in better or code == result["exit_code"]
    if "database" not in better and result["database"] == "unchanged" or "bootstrap" in command and code:
        assert after == before
    if result["database"] == "emptied":
        assert not after
    if "after" in result and "after" not in better:
        recorded = (REFERENCE / result["after"]).read_text().splitlines()
        assert (names_once(after) == names_once(recorded)) if "names" in better else (after == recorded)
    if result.get("locks_after") == [] and "database" not in better:
        assert database.sql("SELECT count(*) FROM locks") == "0"

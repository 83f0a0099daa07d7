"""`up` and `finish` on PostgreSQL, interrupted at any instant, and twice at once.

SILVERBACK_KILLS: how often they are killed (a few by default), SILVERBACK_ROWS: on how many rows."""
import os
import random
import re
import time

import old_kong
import pytest
from contents import contents
from migrating import Session, migrate, migrate_status, old, pending, server, template  # noqa: F401
from postgres import Database, kill, wait_for_sessions_to_end

KILLS, ROWS = int(os.environ.get("SILVERBACK_KILLS", "4")), int(os.environ.get("SILVERBACK_ROWS", "40000"))


class Killing:
    """Kills a command at random instants of its life."""

    def __init__(self, database, template, before):
        self.database, self.template, self.before, self.seconds = database, template, before, None

    def _prepare(self):
        self.database.copy_of(self.template)
        for command in self.before:
            migrate(self.database, command)

    def whole(self, command):
        """Runs it to its end; gives what the database is then."""
        self._prepare()
        begin = time.monotonic()
        migrate(self.database, command)
        self.seconds = time.monotonic() - begin
        return contents(self.database)

    def kill_at(self, command, seconds):
        self._prepare()
        process = self.database.start("migrations", command)
        time.sleep(seconds)
        kill(process)


@pytest.fixture(scope="module")
def big(server):
    return old_kong.make(Database(server, "big"), ROWS)


@pytest.mark.parametrize("command, before", [("up", []), ("finish", ["up"])])
def test_killed_at_any_instant_the_next_run_completes_it(server, big, command, before):
    database = Database(server, "killed")
    killing = Killing(database, big.name, before)
    expected = killing.whole(command)
    if command == "up":
        migrate(database, "finish")
    finished = contents(database)
    begun, through = ("up interrupted", ": pending") if command == "up" else (": pending", "up to date")
    hits = attempts = 0
    # Where the machine's speed changes, the instants of the first round may all come too early or too late.
    while attempts < KILLS or not hits and attempts < KILLS + 50:
        instant = (attempts % KILLS + random.random()) / KILLS * killing.seconds
        killing.kill_at(command, instant)
        status = migrate_status(database)
        attempts, hits = attempts + 1, hits + (begun in status)
        if attempts >= KILLS:
            killing.seconds *= 0.7 if through in status else 1.3
        said = "" if through in status else migrate(database, command)
        assert contents(database) == expected, (instant, status, said)
        if command == "up":
            migrate(database, "finish")
            assert contents(database) == finished, instant
    assert hits, "no kill hit"
    print(f"{hits} of {attempts} kills hit `{command}`")
    database.close()


@pytest.mark.parametrize("end", ["cancel", "terminate"])
def test_an_up_that_the_server_ends_is_gone_on_with(server, template, pending, end):
    expected = contents(pending)
    pending.copy_of(template.name)
    signal = f"SELECT pg_{end}_backend(pid) FROM pg_stat_activity WHERE datname = '{pending.name}' AND wait_event_type = 'Lock'"
    with Session(pending, "BEGIN; SELECT count(*) FROM keyauth_credentials"):
        up = pending.start("migrations", "up")
        while up.poll() is None and not server.admin("postgres", signal):
            time.sleep(0.02)
        assert up.wait(timeout=60) == 1, up.communicate()
        assert "up interrupted" in migrate_status(pending)
    migrate(pending, "up")
    assert contents(pending) == expected


def test_a_killed_up_is_taken_back(server, big):
    before = contents(big)
    killing = Killing(Database(server, "killed"), big.name, [])
    killing.whole("up")
    for part in (0.3, 0.8):
        killing.kill_at("up", killing.seconds * part)
        wait_for_sessions_to_end(server, killing.database.name)
        # On a busy machine the kill may come when all is done.
        if any(word in migrate_status(killing.database) for word in ("interrupted", ": pending")):
            migrate(killing.database, "abort", "--yes")
        assert contents(killing.database) == before
    killing.database.close()


@pytest.mark.parametrize("command, before, said", [
    ("bootstrap", [], "already bootstrapped|Database is up-to-date"), ("up", [], "Database has pending migrations"),
    ("finish", ["up"], "No pending migrations to finish|aborted: another node is performing database changes")])
def test_of_two_runners_one_does_the_work(server, template, command, before, said):
    database = Database(server, "two")
    database.create() if command == "bootstrap" else database.copy_of(template.name)
    for one in before:
        migrate(database, one)
    runners = [database.start("migrations", command) for _ in range(4)]
    outcomes = [(*runner.communicate(timeout=120), runner.returncode) for runner in runners]
    workers = [out for out, _, _ in outcomes if "processed" in out]
    assert len(workers) == 1, outcomes
    for out, err, code in outcomes:
        assert re.search(said, out), (out, err)
        assert code == (1 if "aborted" in out else 0), (out, err)
    assert migrate_status(database).startswith("database 'two': " + ("pending" if command == "up" else "up to date"))
    single = Database(server, "one")
    single.create() if command == "bootstrap" else single.copy_of(template.name)
    for one in [*before, command]:
        migrate(single, one)
    assert contents(database) == contents(single)

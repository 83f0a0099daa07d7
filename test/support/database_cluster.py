"""A PostgreSQL server and its copy by streaming replication, behind one address, as nodes see them in a data centre."""
from database_server import DatabaseServer, Gate


class DatabaseCluster:
    """`damages`: what can happen to it, {name: what begins it and gives what ends it}."""

    def __init__(self):
        self.primary = DatabaseServer()
        self.env = self.primary.env
        self.standby = DatabaseServer(of=self.primary)
        self.gate = Gate(self.primary.port)
        self.damages = {"stopped": self.stop, "frozen": self.freeze, "failed over": self.fail_over}

    def settings(self, **more):
        """The gateway's settings."""
        return {"KONG_DATABASE": "postgres", **self.env, "KONG_PG_PORT": str(self.gate.port), **more}

    def sql(self, text):
        return self.primary.sql(text)

    def stop(self):
        self.primary.stop()
        return self.primary.start

    def freeze(self):
        self.primary.freeze()
        return self.primary.thaw

    def fail_over(self):
        """The server's machine is gone; when all have noticed, its copy takes over, and is copied itself."""
        self.gate.close()
        self.primary.stop()

        def take_over():
            self.standby.promote()
            self.primary.__exit__()
            self.primary, self.gate.target = self.standby, self.standby.port
            self.gate.open()
            self.standby = DatabaseServer(of=self.primary)
        return take_over

    def wait_for_copy(self):
        """Until the copy has all that was written."""
        here = self.sql("SELECT pg_current_wal_lsn()")
        while self.standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{here}'") != "t":
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gate.__exit__()
        self.standby.__exit__()
        self.primary.__exit__()

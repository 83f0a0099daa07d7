"""A PostgreSQL server of a test's own (postgres.sh), and a gate before it that can be closed, slowed and cut."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from ports import free_port

SCRIPT = pathlib.Path(__file__).resolve().parent / "postgres.sh"


class DatabaseServer:
    """`of`: a read-only copy of that server. `settings`: of the server, for instance "-c ssl=on"."""

    def __init__(self, of=None, settings=""):
        self.folder = tempfile.mkdtemp(prefix="silverback-pg-")
        os.chmod(self.folder, 0o755)
        if of:
            self.port = int(self._script("follow", of.folder, SETTINGS=settings).split()[-1])
            return
        out = self._script("start", SETTINGS=settings)
        self.env = dict(re.findall(r"(KONG_PG_\w+)=(\S+)", out))
        self.port = int(self.env["KONG_PG_PORT"])

    def _script(self, command, *args, **env):
        # Not a pipe: the server would hold it open.
        with tempfile.TemporaryFile("w+") as out:
            subprocess.run([str(SCRIPT), command, self.folder, *args], check=True, stdout=out, stderr=subprocess.STDOUT,
                           env={**os.environ, **env})
            out.seek(0)
            return out.read()

    def stop(self):
        self._script("stop")

    def start(self, settings=""):
        self._script("again", SETTINGS=settings)

    def promote(self):
        """A copy takes over."""
        self._script("promote")

    def pids(self):
        """Of the server's processes, the first of all first."""
        master = int(pathlib.Path(self.folder, "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(master)], stdout=subprocess.PIPE, text=True).stdout.split()
        return [master, *map(int, children)]

    def freeze(self):
        """All of it stands still, until thaw()."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in reversed(self.pids()):
            os.kill(pid, signal.SIGCONT)

    def sql(self, text, database="kong", user="kong"):
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", user,
                               database, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def settings(self, port=None, **more):
        """The gateway's settings, for this server or for a gate before it."""
        return {"KONG_DATABASE": "postgres", **self.env, "KONG_PG_PORT": str(port or self.port), **more}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        except subprocess.CalledProcessError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)


class Gate:
    """Forwards TCP connections to a port, as long as it is told to.

    open()    as if it were not there            cut()    resets all connections; new ones pass
    close()   resets all and refuses new ones    stall()  takes everything and passes nothing on
    delay     seconds before each piece is passed on
    """

    def __init__(self, target):
        self.target, self.delay = target, 0
        self._flow = threading.Event()
        self._flow.set()
        self._lock, self._pairs, self._listener = threading.Lock(), [], None
        self.port = free_port()
        self.open()

    def open(self):
        self._flow.set()
        if self._listener:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(50)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self):
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self):
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    # A reset, not an orderly end.
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    end.shutdown(socket.SHUT_RDWR)
                    end.close()
                except OSError:
                    pass

    def stall(self):
        self._flow.clear()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while piece := source.recv(65536):
                self._flow.wait()
                if self.delay:
                    time.sleep(self.delay)
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._flow.set()
        self.close()

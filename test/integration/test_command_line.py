"""The command line and a node's life: what starts, stops, survives crashes and refuses."""
import os
import pathlib
import signal
import socket
import stat
import subprocess
import threading
import time

from gateway import ALARMS, Gateway, port_answers, wait_until


def route_to(gw, port, path="/r"):
    gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{port}"})
    gw.create("/services/s/routes", {"name": "r", "paths": [path]})


def kill_master(gw):
    """The master alone: its workers go on."""
    master, workers = gw.pids()
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: not alive(master))
    return workers


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_listeners_answer_when_start_returns_and_are_gone_when_stop_does():
    gw = Gateway()
    for _ in range(3):
        gw.start()
        assert gw.admin("GET", "/status").status == 200
        assert gw.proxy("GET", "/").status == 404
        assert gw.command("health").stdout == f"nginx.......running\n\nKong is healthy at {gw.prefix}\n"
        assert gw.command("stop").stdout == "Kong stopped\n"
        for port in (gw.admin_port, gw.proxy_port, gw.tls_port, gw.status_port):
            assert not port_answers(port)
        with socket.socket() as again:  # nobody holds the port
            again.bind(("127.0.0.1", gw.proxy_port))
    assert gw.command("stop", check=False).returncode == 1
    assert gw.command("health", check=False).returncode == 1


def test_a_second_start_is_refused_and_disturbs_nothing(gateway):
    master = gateway.pids()[0]
    again = gateway.command("start", check=False)
    assert again.returncode == 1
    assert f"Error: Kong is already running in {gateway.prefix}\n" in again.stdout
    assert gateway.pids()[0] == master
    assert gateway.admin("GET", "/status").status == 200


def test_an_occupied_port_is_named_and_nothing_is_left_behind():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        gw = Gateway(KONG_PROXY_LISTEN=f"127.0.0.1:{port}")
        failed = gw.command("start", check=False)
        assert failed.returncode == 1
        assert f"bind() to 127.0.0.1:{port} failed (98: Address already in use)" in failed.stdout
        assert not port_answers(gw.admin_port)
        assert "not running" in gw.command("health", check=False).stdout
    gw.start()
    assert gw.admin("GET", "/status").status == 200
    gw.stop()


def test_workers_that_cannot_start_fail_the_start():
    gw = Gateway()
    gw.start()
    gw.stop()
    # What the workers read at their start is made unreadable through a directive that only counts then.
    broken = pathlib.Path(gw.prefix, "template")
    original = pathlib.Path(gw.prefix, "nginx.conf").read_text()
    broken.write_text(original.replace("http {", "http {\nsilverback_env_file /nonexistent/env;\n").replace(
        "include 'nginx-kong.conf';", "server { listen 127.0.0.1:%d; }" % gw.proxy_port))
    failed = gw.command("start", "--nginx-conf", str(broken), check=False)
    assert failed.returncode == 1, failed.stdout
    assert "/nonexistent/env" in failed.stdout
    assert gw.command("health", check=False).returncode == 1
    assert not port_answers(gw.proxy_port)


def test_a_killed_master_is_replaced_and_its_workers_ended(upstream):
    with Gateway() as gw:
        route_to(gw, upstream)
        orphans = kill_master(gw)
        assert gw.proxy("GET", "/r").status == 200  # they serve on
        assert gw.command("health", check=False).returncode == 1
        started = gw.command("start")
        assert "stopped 2 nginx workers whose master process had been killed" in started.stdout
        assert not any(alive(pid) for pid in orphans)
        assert gw.proxy("GET", "/r").status == 200
        gw.create("/services", {"name": "t", "url": "http://127.0.0.1:9"})


def test_stop_ends_workers_without_a_master():
    gw = Gateway()
    gw.start()
    orphans = kill_master(gw)
    assert gw.command("stop").stdout == "Kong stopped\n"
    assert not any(alive(pid) for pid in orphans)
    assert gw.command("stop", check=False).returncode == 1


def test_workers_of_other_nodes_are_left_alone(upstream):
    with Gateway() as other, Gateway() as gw:
        route_to(other, upstream)
        orphans = kill_master(other)
        gw.command("restart")
        assert all(alive(pid) for pid in orphans)
        assert other.proxy("GET", "/r").status == 200
        other.command("start")


def test_a_stale_pid_file_of_another_process():
    gw = Gateway()
    gw.start()
    gw.kill_all()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pathlib.Path(gw.prefix, "pids/nginx.pid").write_text(f"{stranger.pid}\n")
        assert gw.command("stop", check=False).returncode == 1
        gw.start()
        gw.command("stop")
        assert stranger.poll() is None
        stranger.kill()


def test_sockets_of_a_killed_node_are_removed():
    gw = Gateway()
    os.makedirs(gw.prefix, exist_ok=True)
    path = os.path.join(gw.prefix, "left.sock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    assert f"removing unix socket: {path}" in gw.command("start").stdout
    assert not os.path.exists(path)
    gw.stop()


def test_reload_takes_settings_and_refuses_bad_ones(gateway):
    master, workers = gateway.pids()
    gateway.env["KONG_HEADERS"] = "off"
    assert gateway.command("reload").stdout == "Kong reloaded\n"
    wait_until(lambda: "Server" not in gateway.proxy("GET", "/").headers)
    wait_until(lambda: not any(alive(pid) for pid in workers))
    assert gateway.pids()[0] == master
    for setting in ({"KONG_LOG_LEVEL": "loud"}, {"KONG_NGINX_HTTP_NO_SUCH_DIRECTIVE": "x"}, {"KONG_PLUGINS": "nope"}):
        good = dict(gateway.env)
        gateway.env.update(setting)
        assert gateway.command("reload", check=False).returncode == 1, setting
        gateway.env = good
        assert gateway.proxy("GET", "/").status == 404
    gateway.command("reload")  # nothing of them is left


def test_restart_with_wrong_settings_leaves_the_node_running(gateway):
    master = gateway.pids()[0]
    gateway.env["KONG_LOG_LEVEL"] = "loud"
    assert gateway.command("restart", check=False).returncode == 1
    gateway.env.pop("KONG_LOG_LEVEL")
    assert gateway.pids()[0] == master
    assert gateway.command("restart").stdout == "Kong stopped\nKong started\n"
    assert gateway.pids()[0] != master


class SlowUpstream:
    """Answers each request after a while."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.asked = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            connection = self.server.accept()[0]
            connection.recv(65536)
            self.asked.set()
            time.sleep(self.seconds)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")
            connection.close()


def test_quit_lets_requests_finish():
    gw, slow, answers = Gateway(), SlowUpstream(1), []
    gw.start()
    route_to(gw, slow.port)
    client = threading.Thread(target=lambda: answers.append(gw.proxy("GET", "/r")))
    client.start()
    assert slow.asked.wait(10)
    assert gw.command("quit").stdout == "Kong stopped (gracefully)\n"
    client.join()
    assert (answers[0].status, answers[0].body) == (200, b"done")
    assert gw.command("quit", check=False).returncode == 1


def test_quit_does_not_wait_for_ever():
    gw, slow = Gateway(), SlowUpstream(600)
    gw.start()
    route_to(gw, slow.port)

    def ask():
        try:
            gw.proxy("GET", "/r")
        except OSError:
            pass

    client = threading.Thread(target=ask)
    client.start()
    assert slow.asked.wait(10)
    assert gw.command("quit", "-t", "1").returncode == 0
    assert not port_answers(gw.proxy_port)
    client.join()


def test_a_node_does_not_keep_its_callers_files():
    gw = Gateway()
    reading, writing = os.pipe()
    subprocess.run([gw.kong, "start"], env=gw.env, pass_fds=[writing], check=True, stdout=subprocess.DEVNULL)
    os.close(writing)
    assert os.read(reading, 1) == b""  # no writer is left
    os.close(reading)
    gw.stop()


def test_files_that_hold_secrets_are_their_owners(gateway):
    gateway.create("/services", {"name": "s", "url": "http://127.0.0.1:9"})
    for name in ("kong.db", "replica", ".kong_env"):
        mode = stat.S_IMODE(os.stat(os.path.join(gateway.prefix, name)).st_mode)
        assert mode & 0o007 == 0, (name, oct(mode))
    # Nobody but the one who started the node can replace what the master reads.
    assert os.stat(gateway.prefix).st_uid == os.getuid()


def test_an_import_is_served_without_a_reload(gateway, upstream, tmp_path):
    file = tmp_path / "kong.yml"
    file.write_text(f"""_format_version: "2.1"
services: [{{name: s, url: "http://127.0.0.1:{upstream}", routes: [{{name: r, paths: [/imported]}}]}}]
""")
    assert gateway.command("config", "db_import", str(file)).stdout == "parse successful, beginning import\nimport successful\n"
    wait_until(lambda: gateway.proxy("GET", "/imported").status == 200)
    out = tmp_path / "out.yml"
    gateway.command("config", "db_export", str(out))
    assert "/imported" in out.read_text()


def test_in_the_foreground_the_command_is_the_master():
    gw = Gateway(KONG_NGINX_DAEMON="off")
    with subprocess.Popen([gw.kong, "start"], env=gw.env, stderr=subprocess.DEVNULL) as master:
        try:
            wait_until(lambda: gw.command("health", check=False).returncode == 0)
            assert gw.pids()[0] == master.pid
            wait_until(lambda: port_answers(gw.admin_port))
        finally:
            master.terminate()
        assert master.wait(10) == 0


def test_nginx_started_by_hand_in_a_prepared_prefix(upstream):
    gw = Gateway(KONG_NGINX_DAEMON="off")
    gw.command("migrations", "bootstrap")
    gw.command("prepare")
    assert not pathlib.Path(gw.prefix, "replica").exists()
    nginx = ["/usr/sbin/nginx", "-p", gw.prefix, "-c", "nginx.conf"]
    with subprocess.Popen(nginx, env=gw.env, stderr=subprocess.DEVNULL) as master:
        try:
            wait_until(lambda: port_answers(gw.admin_port))
            route_to(gw, upstream)
            assert gw.proxy("GET", "/r").status == 200
        finally:
            master.terminate()
        assert master.wait(10) == 0
    assert not ALARMS.search(gw.error_log()), gw.error_log()


def test_a_worker_that_starts_while_settings_are_replaced_runs_by_the_old_ones(upstream):
    with Gateway() as gw:
        gw.wanted_alarm = "exited on signal 9"
        route_to(gw, upstream)
        pathlib.Path(gw.prefix, ".kong_env").unlink()
        for pid in gw.pids()[1]:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(gw.pids()[1]) == 2 and gw.proxy("GET", "/r").status == 200)


def test_ten_thousand_routes_start(tmp_path):
    gw = Gateway(workers=1)
    file = tmp_path / "kong.yml"
    with open(file, "w", encoding="utf-8") as f:
        f.write('_format_version: "2.1"\nservices:\n- name: s\n  url: http://127.0.0.1:9\n  routes:\n')
        f.writelines(f"  - {{name: r{i}, paths: [/path/{i}], hosts: [h{i % 100}.test]}}\n" for i in range(10000))
    gw.command("config", "db_import", str(file))
    gw.start()
    assert gw.proxy("GET", "/path/9999", headers={"Host": "h99.test"}).status == 502
    gw.stop()



"""What users see of nginx: flags of listeners, TLS on every kind of listener, templates of their own, injected directives, reloads."""
import pathlib
import re
import socket
import subprocess
import time

import pytest
from certificates import Authority
from gateway import Gateway, NginxServer, free_port, port_answers, wait_until
from grpc_echo import GrpcClient, GrpcServer
from sockets import TcpServer, presented_name, tcp_ask, tls_connect


@pytest.fixture(scope="module")
def authority():
    with Authority() as made:
        yield made


def curl(*arguments):
    done = subprocess.run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", *arguments],
                          stdout=subprocess.PIPE, text=True, timeout=20)
    return done.stdout


def queue_of(port):
    """The backlog of a listening socket."""
    done = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], stdout=subprocess.PIPE, text=True, check=True)
    return {int(line.split()[2]) for line in done.stdout.splitlines()}, len(done.stdout.splitlines())


def test_flags_of_listeners():
    flags = ["ssl", "http2", "ssl http2 reuseport", "proxy_protocol", "deferred", "bind", "reuseport", "backlog=37",
             "so_keepalive=on", "so_keepalive=30m::10", "reuseport backlog=41", "ssl proxy_protocol"]
    ports = [free_port() for _ in flags]
    listen = ", ".join(f"127.0.0.1:{port} {flag}" for port, flag in zip(ports, flags))
    six = free_port()
    with Gateway(KONG_PROXY_LISTEN=f"{listen}, [::1]:{six} ipv6only=on") as gw:
        at = dict(zip(flags, ports))
        assert curl(f"https://127.0.0.1:{at['ssl']}/") == "404 1.1"
        assert curl("--http2-prior-knowledge", f"http://127.0.0.1:{at['http2']}/") == "404 2"
        assert curl(f"https://127.0.0.1:{at['ssl http2 reuseport']}/") == "404 2"
        assert curl("--haproxy-protocol", f"http://127.0.0.1:{at['proxy_protocol']}/") == "404 1.1"
        assert curl("--haproxy-protocol", f"https://127.0.0.1:{at['ssl proxy_protocol']}/") == "404 1.1"
        assert curl(f"http://[::1]:{six}/") == "404 1.1"
        for flag in ("deferred", "bind", "reuseport", "so_keepalive=on", "so_keepalive=30m::10"):
            assert curl(f"http://127.0.0.1:{at[flag]}/") == "404 1.1"
        assert queue_of(at["backlog=37"]) == ({37}, 1)
        assert queue_of(at["reuseport backlog=41"]) == ({41}, 2)  # one for each worker
        # `nginx -T` of what was rendered has the flags as they were given.
        text = pathlib.Path(gw.prefix, "nginx-kong.conf").read_text()
        for flag, port in at.items():
            assert re.search(rf"listen 127\.0\.0\.1:{port} {re.escape(flag)};", text), flag


def test_listeners_can_be_off():
    with Gateway(KONG_PROXY_LISTEN="off", KONG_STATUS_LISTEN="off") as gw:
        assert gw.admin("GET", "/").status == 200 and not port_answers(gw.proxy_port)
    with Gateway(KONG_ADMIN_LISTEN="off") as gw:
        assert gw.proxy("GET", "/").status == 404 and not port_answers(gw.admin_port)


def test_tls_on_the_admin_and_status_listeners(authority):
    admin, status, proxy = (authority.issue(f"{name}.test") for name in ("admin", "status", "proxy"))
    ports = [free_port() for _ in range(2)]
    gw = Gateway(workers=1, KONG_ADMIN_SSL_CERT=str(admin.cert_file), KONG_ADMIN_SSL_CERT_KEY=str(admin.key_file),
                 KONG_STATUS_SSL_CERT=str(status.cert_file), KONG_STATUS_SSL_CERT_KEY=str(status.key_file),
                 KONG_SSL_CERT=str(proxy.cert_file), KONG_SSL_CERT_KEY=str(proxy.key_file))
    gw.env["KONG_ADMIN_LISTEN"] += f", 127.0.0.1:{ports[0]} http2 ssl"
    gw.env["KONG_STATUS_LISTEN"] += f", 127.0.0.1:{ports[1]} ssl"
    with gw:
        for port, name in ((ports[0], "admin.test"), (ports[1], "status.test"), (gw.tls_port, "proxy.test")):
            with tls_connect(port, "any.test", authority=authority.certificate) as connection:
                assert presented_name(connection) == name
        assert curl(f"https://127.0.0.1:{ports[0]}/services") == "200 2"
        assert curl(f"https://127.0.0.1:{ports[1]}/status") == "200 1.1"
        assert curl(f"https://127.0.0.1:{ports[1]}/services").startswith("404")
        # Certificates of the configuration are for the proxy only.
        pair = authority.issue("any.test")
        gw.create("/certificates", {"cert": pair.cert, "key": pair.key, "snis": ["any.test"]})
        for port, name in ((ports[0], "admin.test"), (gw.tls_port, "any.test")):
            with tls_connect(port, "any.test") as connection:
                assert presented_name(connection) == name
        assert curl("-d", "name=x", f"https://127.0.0.1:{ports[0]}/consumers").startswith("400")


TEMPLATE = """
pid pids/nginx.pid;
error_log logs/error.log ${{LOG_LEVEL}};
> for _, el in ipairs(nginx_main_directives) do
$(el.name) $(el.value);
> end
events {
> for _, el in ipairs(nginx_events_directives) do
    $(el.name) $(el.value);
> end
}

http {
    lua_package_path '${{LUA_PACKAGE_PATH}};;';
    lua_shared_dict kong 5m;
    lua_shared_dict kong_db_cache ${{MEM_CACHE_SIZE}};
    lua_socket_log_errors off;
    lua_max_pending_timers 16384;
    underscores_in_headers on;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;

    init_by_lua_block {
        Kong = require 'kong'
        Kong.init()
    }
    init_worker_by_lua_block { Kong.init_worker() }

    upstream kong_upstream {
        server 0.0.0.1;
        balancer_by_lua_block { Kong.balancer() }
        keepalive 60;
    }

> if #proxy_listeners > 0 then
    server {
        server_name kong;
> for i = 1, #proxy_listeners do
        listen $(proxy_listeners[i].listener);
> end
        error_page 400 404 405 408 411 412 413 414 417 494 /kong_error_handler;
        error_page 500 502 503 504 /kong_error_handler;
> if proxy_ssl_enabled then
> for i = 1, #ssl_cert do
        ssl_certificate $(ssl_cert[i]);
        ssl_certificate_key $(ssl_cert_key[i]);
> end
        ssl_certificate_by_lua_block { Kong.ssl_certificate() }
> end
        add_header X-Template mine always;
        rewrite_by_lua_block { Kong.rewrite() }
        access_by_lua_block { Kong.access() }
        header_filter_by_lua_block { Kong.header_filter() }
        body_filter_by_lua_block { Kong.body_filter() }
        log_by_lua_block { Kong.log() }

        location = /own { return 200 "own\\n"; }

        location / {
            default_type '';
            set $ctx_ref '';
            set $upstream_te '';
            set $upstream_host '';
            set $upstream_upgrade '';
            set $upstream_connection '';
            set $upstream_scheme '';
            set $upstream_uri '';
            set $upstream_x_forwarded_for '';
            set $upstream_x_forwarded_proto '';
            set $upstream_x_forwarded_host '';
            set $upstream_x_forwarded_port '';
            set $upstream_x_forwarded_path '';
            set $upstream_x_forwarded_prefix '';
            set $kong_proxy_mode 'http';

            proxy_http_version 1.1;
            proxy_set_header TE $upstream_te;
            proxy_set_header Host $upstream_host;
            proxy_set_header Upgrade $upstream_upgrade;
            proxy_set_header Connection $upstream_connection;
            proxy_set_header X-Forwarded-For $upstream_x_forwarded_for;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_pass_header Server;
            proxy_ssl_name $upstream_host;
            proxy_pass $upstream_scheme://kong_upstream$upstream_uri;
        }

        location @grpc {
            internal;
            default_type '';
            set $kong_proxy_mode 'grpc';
            grpc_set_header TE $upstream_te;
            grpc_set_header X-Real-IP $remote_addr;
            grpc_pass_header Server;
            grpc_pass $upstream_scheme://kong_upstream;
        }

        location = /kong_buffered_http {
            internal;
            set $kong_proxy_mode 'http';
            proxy_pass $upstream_scheme://kong_upstream$upstream_uri;
        }

        location = /kong_error_handler {
            internal;
            uninitialized_variable_warn off;
            rewrite_by_lua_block {;}
            access_by_lua_block {;}
            content_by_lua_block { Kong.handle_error() }
        }
    }
> end

> if #admin_listeners > 0 then
    server {
        server_name kong_admin;
> for i = 1, #admin_listeners do
        listen $(admin_listeners[i].listener);
> end
        location / {
            default_type application/json;
            content_by_lua_block { Kong.admin_content() }
            header_filter_by_lua_block { Kong.admin_header_filter() }
        }
    }
> end
}
"""


def test_a_template_of_kong_2_with_its_lua_hooks(authority, tmp_path, upstream):
    template = tmp_path / "custom.template"
    template.write_text(TEMPLATE)
    plain = free_port()
    gw = Gateway(KONG_STATUS_LISTEN="off")
    gw.env["KONG_PROXY_LISTEN"] += f", 127.0.0.1:{plain} http2"
    gw.start = lambda: (gw.command("start", "--nginx-conf", str(template)), gw)[1]
    with GrpcServer() as grpc_server, gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream}/u"})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        answer = gw.proxy("GET", "/r/x")
        assert (answer.status, answer.body, answer.headers["X-Template"]) == (200, b"/u/x\n", "mine")
        assert answer.headers["Via"] == "kong/2.8.5"
        assert gw.proxy("GET", "/own").body == b"own\n"
        missing = gw.proxy("GET", "/missing")
        assert (missing.status, missing.json) == (404, {"message": "no Route matched with those values"})
        gw.create("/plugins", {"name": "key-auth"})
        assert gw.proxy("GET", "/r").status == 401
        gw.admin("DELETE", f"/plugins/{gw.admin('GET', '/plugins').json['data'][0]['id']}")
        gw.admin("PATCH", "/services/s", {"port": free_port()})
        refused = gw.proxy("GET", "/r", headers={"Accept": "text/plain"})
        assert (refused.status, refused.body) == (502, b"An invalid response was received from the upstream server\n")
        pair = authority.issue("named.test")
        gw.create("/certificates", {"cert": pair.cert, "key": pair.key, "snis": ["named.test"]})
        with tls_connect(gw.tls_port, "named.test") as connection:
            assert presented_name(connection) == "named.test"
        gw.create("/services", {"name": "g", "protocol": "grpc", "host": "127.0.0.1", "port": grpc_server.port})
        gw.create("/services/g/routes", {"protocols": ["grpc"], "paths": ["/test.Echo/"]})
        with GrpcClient(plain) as client:
            assert client.unary("Unary", b"a") == b"a"
            assert [int(message) for message in client.server_stream("Counts", b"3")] == [0, 1, 2]
        # A reload keeps the template.
        gw.command("reload", "--nginx-conf", str(template))
        wait_until(lambda: gw.proxy("GET", "/own").body == b"own\n")


STREAM_BLOCK = """
stream {
    log_format basic '$remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received $session_time';
    lua_package_path '${{LUA_PACKAGE_PATH}};;';
    lua_shared_dict stream_kong 5m;
    lua_shared_dict stream_kong_db_cache ${{MEM_CACHE_SIZE}};

    init_by_lua_block {
        Kong = require 'kong'
        Kong.init()
    }
    init_worker_by_lua_block { Kong.init_worker() }

    upstream kong_upstream {
        server 0.0.0.1:1;
        balancer_by_lua_block { Kong.balancer() }
    }

    server {
> for i = 1, #stream_listeners do
        listen $(stream_listeners[i].listener);
> end
        access_log logs/own-sessions.log basic;
        error_log logs/error.log ${{LOG_LEVEL}};
> if stream_proxy_ssl_enabled then
> for i = 1, #ssl_cert do
        ssl_certificate $(ssl_cert[i]);
        ssl_certificate_key $(ssl_cert_key[i]);
> end
        ssl_certificate_by_lua_block { Kong.ssl_certificate() }
> end
        preread_by_lua_block { Kong.preread() }
        proxy_ssl on;
        proxy_ssl_server_name on;
        proxy_pass kong_upstream;
        log_by_lua_block { Kong.log() }
    }
}
"""


def test_a_template_with_a_stream_block(authority, tmp_path):
    template, plain, tls = tmp_path / "stream.template", free_port(), free_port()
    template.write_text(TEMPLATE + STREAM_BLOCK)
    gw = Gateway(KONG_STATUS_LISTEN="off", KONG_STREAM_LISTEN=f"127.0.0.1:{plain}, 127.0.0.1:{tls} ssl")
    gw.start = lambda: (gw.command("start", "--nginx-conf", str(template)), gw)[1]
    with gw, TcpServer(b"<") as server:
        gw.create("/services", {"name": "s", "protocol": "tcp", "host": "127.0.0.1", "port": server.port})
        gw.create("/services/s/routes", {"protocols": ["tcp"], "destinations": [{"port": plain}]})
        gw.create("/services/s/routes", {"protocols": ["tls"], "snis": ["named.test"]})
        pair = authority.issue("named.test")
        gw.create("/certificates", {"cert": pair.cert, "key": pair.key, "snis": ["named.test"]})
        assert tcp_ask(plain, b"hi", 3) == b"<hi"
        with tls_connect(tls, "named.test", authority.certificate) as connection:
            assert presented_name(connection) == "named.test"
            connection.sendall(b"hi")
            assert connection.recv(3) == b"<hi"
        wait_until(lambda: pathlib.Path(gw.prefix, "logs/own-sessions.log").read_text().count("TCP 200") == 2)


SHORT_TEMPLATE = """
> if nginx_user then
user ${{NGINX_USER}};
> end
worker_processes ${{NGINX_WORKER_PROCESSES}};
daemon ${{NGINX_DAEMON}};
pid pids/nginx.pid;
error_log logs/error.log ${{LOG_LEVEL}};
events { use epoll; multi_accept on; }
http {
    include 'nginx-kong.conf';
    server { listen 127.0.0.1:PORT; location / { return 200 "beside\\n"; } }
}
"""


def test_a_template_that_includes_ours(tmp_path, upstream):
    template, port = tmp_path / "short.template", free_port()
    template.write_text(SHORT_TEMPLATE.replace("PORT", str(port)))
    gw = Gateway(workers=2)
    gw.start = lambda: (gw.command("start", "--nginx-conf", str(template)), gw)[1]
    with gw:
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": upstream})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        assert gw.proxy("GET", "/r").status == 200
        assert gw.request(port, "GET", "/").body == b"beside\n"
        assert len(gw.pids()[1]) == 2


INJECTED = {  # setting: what it puts into which file
    "KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT": ("5s", "nginx.conf"),
    "KONG_NGINX_EVENTS_MULTI_ACCEPT": ("off", "nginx.conf"),
    "KONG_NGINX_HTTP_LARGE_CLIENT_HEADER_BUFFERS": ("4 16k", "nginx-kong.conf"),
    "KONG_NGINX_HTTP_ADD_HEADER": ("X-Http yes always", "nginx-kong.conf"),
    "KONG_NGINX_PROXY_LARGE_CLIENT_HEADER_BUFFERS": ("8 24k", "nginx-kong.conf"),
    "KONG_NGINX_ADMIN_CLIENT_HEADER_TIMEOUT": ("7s", "nginx-kong.conf"),
    "KONG_NGINX_STATUS_CLIENT_HEADER_TIMEOUT": ("8s", "nginx-kong.conf"),
    "KONG_NGINX_UPSTREAM_KEEPALIVE_TIME": ("9m", "nginx-kong.conf"),
    "KONG_NGINX_STREAM_PREREAD_BUFFER_SIZE": ("8k", "nginx-kong-stream.conf"),
    "KONG_NGINX_SPROXY_PROXY_TIMEOUT": ("11m", "nginx-kong-stream.conf"),
    "KONG_NGINX_SUPSTREAM_ZONE": ("streams 64k", "nginx-kong-stream.conf"),
}


def test_directives_are_injected_into_every_block():
    port = free_port()
    settings = {name: value for name, (value, _) in INJECTED.items()}
    with Gateway(workers=1, KONG_STREAM_LISTEN=f"127.0.0.1:{port}", **settings) as gw, TcpServer(b"<") as server:
        for name, (value, file) in INJECTED.items():
            directive = name.split("_", 3)[3].lower()
            assert f"{directive} {value};" in pathlib.Path(gw.prefix, file).read_text(), name
        long = gw.proxy("GET", "/", headers={"X-Long": "x" * 20000})
        assert (long.status, long.headers["X-Http"]) == (404, "yes")
        gw.create("/services", {"name": "s", "protocol": "tcp", "host": "127.0.0.1", "port": server.port})
        gw.create("/services/s/routes", {"protocols": ["tcp"], "destinations": [{"port": port}]})
        assert tcp_ask(port, b"hi", 3) == b"<hi"


def test_injected_directives_name_what_the_client_asked_for():
    port = free_port()
    echo = NginxServer(f'server {{ listen 127.0.0.1:{port}; return 200 "$request_uri $http_content_length"; }}')
    settings = {"KONG_NGINX_HTTP_LOG_FORMAT": "asked '<$request_uri>'", "KONG_PROXY_ACCESS_LOG": "logs/access.log asked",
                "KONG_NGINX_PROXY_PROXY_SET_BODY": "$request_uri"}
    with echo, Gateway(workers=1, **settings) as gw:
        gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{port}/base"})
        gw.create("/services/s/routes", {"paths": ["/api"]})
        asked = "/api/a%20b?x"
        answer = f"/base/a%20b?x {len(asked)}".encode()
        assert gw.proxy("GET", asked).body == answer
        # A request that is written to the upstream long after it was handed over.
        with socket.create_connection(("127.0.0.1", gw.proxy_port)) as client:
            client.sendall(f"POST {asked} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab".encode())
            assert gw.proxy("GET", asked).body == answer  # the worker has read what there is of the other
            client.sendall(b"cd")
            with client.makefile("rb") as reader:
                assert reader.read().endswith(answer)
        log = pathlib.Path(gw.prefix, "logs/access.log")
        wait_until(lambda: log.read_text() == f"<{asked}>\n" * 3)


def test_a_reload_takes_changed_listeners(upstream):
    with Gateway(workers=2) as gw:
        gw.create("/services", {"name": "s", "host": "127.0.0.1", "port": upstream})
        gw.create("/services/s/routes", {"paths": ["/r"]})
        old, new, stream, secure = gw.proxy_port, free_port(), free_port(), free_port()
        kept = socket.create_connection(("127.0.0.1", old), 10)
        kept.sendall(b"GET /r HTTP/1.1\r\nHost: a\r\n")
        gw.env["KONG_PROXY_LISTEN"] = f"127.0.0.1:{new} reuseport, 127.0.0.1:{secure} ssl"
        gw.env["KONG_STREAM_LISTEN"] = f"127.0.0.1:{stream}"
        gw.command("reload")
        wait_until(lambda: port_answers(new) and port_answers(secure) and port_answers(stream) and not port_answers(old))
        assert gw.request(new, "GET", "/r").status == 200
        assert curl(f"https://127.0.0.1:{secure}/r") == "200 1.1"
        kept.sendall(b"\r\n")  # what had begun is finished
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")
        kept.close()
        # A listener that cannot be had leaves the node as it is.
        with socket.create_server(("127.0.0.1", 0)) as taken:
            gw.env["KONG_PROXY_LISTEN"] = f"127.0.0.1:{taken.getsockname()[1]}"
            gw.command("reload", check=False)
            time.sleep(1)
            assert gw.request(new, "GET", "/r").status == 200
        gw.wanted_alarm = "bind() to"

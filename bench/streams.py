"""Streams: TCP proxying by a route beside plain nginx' stream module, for long and for short connections."""
import pathlib
import tempfile

from gateway import Gateway, NginxServer, free_port


def run(build, compare):
    """`compare` loads the cases and prints them."""
    upstream_port, raw_port, own_port = free_port(), free_port(), free_port()
    folder = tempfile.TemporaryDirectory()
    pathlib.Path(folder.name).chmod(0o755)
    pathlib.Path(folder.name, "large").write_bytes(b"x" * 60000)
    upstream = NginxServer(f"""server {{ listen 127.0.0.1:{upstream_port} backlog=16384; location / {{ return 200 "hello\\n"; }}
      location /large {{ root {folder.name}; }} }}""")
    # multi_accept is Kong's setting too.
    raw = NginxServer("", events="multi_accept on;", stream=f"""server {{ listen 127.0.0.1:{raw_port} backlog=16384;
      proxy_pass 127.0.0.1:{upstream_port}; }}""")
    settings = {"KONG_STREAM_LISTEN": f"127.0.0.1:{own_port} backlog=16384", "KONG_PROXY_STREAM_ACCESS_LOG": "off"}
    with folder, upstream, raw, Gateway(build, workers=1, **settings) as gw:
        gw.create("/services", {"name": "s", "protocol": "tcp", "host": "127.0.0.1", "port": upstream_port})
        gw.create("/services/s/routes", {"protocols": ["tcp"], "destinations": [{"port": own_port}]})
        workers = gw.pids()[1]
        for kind, path, headers in (("one request a connection", "", ("Connection: close",)), ("long connections", "", ()),
                                    ("long connections, 60 KB answers", "large", ())):
            compare({f"plain nginx, {kind}": (f"http://127.0.0.1:{raw_port}/{path}", raw.workers(), headers),
                     f"silverback, {kind}": (f"http://127.0.0.1:{own_port}/{path}", workers, headers)})

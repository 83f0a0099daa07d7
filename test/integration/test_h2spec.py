"""The conformance tests of HTTP/2: the TLS listener fails none that plain nginx passes. ./dev gets h2spec where there is Go."""
import concurrent.futures
import shutil
import subprocess
import xml.etree.ElementTree

import pytest
from certificates import Authority
from gateway import ROOT, Gateway, NginxServer, free_port

H2SPEC = shutil.which("h2spec") or shutil.which("h2spec", path=ROOT / "build/tools")


def failures(port, report):
    subprocess.run([H2SPEC, "-t", "-k", "-h", "127.0.0.1", "-p", str(port), "-P", "/", "-o", "2", "-j", str(report)],
                   stdout=subprocess.DEVNULL, timeout=500)
    cases = list(xml.etree.ElementTree.parse(report).getroot().iter("testcase"))
    assert len(cases) > 100, f"h2spec has run {len(cases)} tests only"
    return {f"{case.get('package')} {case.get('classname')}" for case in cases
            if case.find("failure") is not None or case.find("error") is not None}


@pytest.mark.skipif(not H2SPEC, reason="h2spec is not installed")
def test_as_conforming_as_plain_nginx(tmp_path):
    upstream_port, port = free_port(), free_port()
    with Authority() as authority:
        pair = authority.issue("a.test")
        http = f"""server {{ listen 127.0.0.1:{upstream_port}; location / {{ return 200 "hello\\n"; }} }}
          server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {pair.cert_file}; ssl_certificate_key {pair.key_file};
            location / {{ proxy_pass http://127.0.0.1:{upstream_port}; }} }}"""
        with NginxServer(http), Gateway(workers=1) as gw:
            gw.create("/services", {"name": "s", "url": f"http://127.0.0.1:{upstream_port}"})
            gw.create("/services/s/routes", {"paths": ["/"]})
            with concurrent.futures.ThreadPoolExecutor() as both:
                reports = [tmp_path / "ours.xml", tmp_path / "theirs.xml"]
                ours, theirs = both.map(failures, [gw.tls_port, port], reports)
            print(f"plain nginx fails {len(theirs)}, the gateway {len(ours)}")
            assert not ours - theirs

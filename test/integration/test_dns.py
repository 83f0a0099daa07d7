"""Names of upstreams and targets through a name server of our own, whose answers change and fail."""
import collections
import struct
import time

import pytest
from dns_server import A, CNAME, SRV, DnsServer
from gateway import Gateway, wait_until
from load import Load
from target import Target


@pytest.fixture
def dns():
    with DnsServer() as server:
        yield server


QUERY = 10  # seconds until a query has failed: five attempts of two


def start(dns, **env):
    return Gateway(workers=1, KONG_DNS_RESOLVER=f"127.0.0.1:{dns.port}", **env)


def route(gw, host, port):
    gw.create("/services", {"name": "s", "host": host, "port": port})
    gw.create("/services/s/routes", {"name": "r", "paths": ["/r"]})


def names(gw, count):
    return dict(collections.Counter(gw.proxy("GET", "/r").body.split()[0].decode() for _ in range(count)))


def test_services_by_name_alias_and_service_record(dns):
    with Target("one") as one, Target("two") as two, start(dns) as gw:
        dns.records = {("plain.test", A): ["127.0.0.1"], ("alias.test", CNAME): ["plain.test"],
                       ("srv.test", SRV): [(1, 3, one.port, "plain.test"), (1, 1, two.port, "plain.test"),
                                           (9, 9, 1, "plain.test")]}
        route(gw, "plain.test", one.port)
        answer = gw.proxy("GET", "/r")
        assert answer.body == f"one / plain.test:{one.port}\n".encode()
        gw.admin("PATCH", "/services/s", {"host": "alias.test"})
        assert gw.proxy("GET", "/r").body == f"one / alias.test:{one.port}\n".encode()
        gw.admin("PATCH", "/services/s", {"host": "srv.test"})
        assert names(gw, 40) == {"one": 30, "two": 10}
        assert gw.proxy("GET", "/r").body.split()[2].startswith(b"srv.test:")


def test_what_dns_says_no_to(dns):
    with start(dns, KONG_DNS_NOT_FOUND_TTL="1") as gw:
        route(gw, "missing.test", 80)
        answer = gw.proxy("GET", "/r")
        assert (answer.status, answer.json) == (503, {"message": "name resolution failed"})
        dns.code = 2
        gw.admin("PATCH", "/services/s", {"host": "broken.test"})
        answer = gw.proxy("GET", "/r")
        assert (answer.status, answer.json) == (500, {"message": "dns server error: 2 server failure"})


def test_targets_by_name_follow_their_addresses(dns):
    with Target("one") as one, Target("two") as two, start(dns) as gw:
        dns.records = {("t.test", SRV): [(1, 1, one.port, "a.test")], ("a.test", A): ["127.0.0.1"]}
        gw.create("/upstreams", {"name": "up"})
        gw.create("/upstreams/up/targets", {"target": "t.test:80"})
        route(gw, "up", 80)
        assert gw.proxy("GET", "/r").body == f"one / t.test:{one.port}\n".encode()
        shown = gw.admin("GET", "/upstreams/up/health").json["data"][0]["data"]
        assert shown["dns"] == "SRV"
        assert shown["addresses"] == [{"ip": "a.test", "port": one.port, "weight": 1, "health": "HEALTHCHECKS_OFF"}]
        dns.records[("t.test", SRV)] = [(1, 2, one.port, "a.test"), (1, 2, two.port, "127.0.0.1")]
        wait_until(lambda: names(gw, 10) == {"one": 5, "two": 5}, 5)
        # The upstream's own name is none of DNS's business.
        assert not [asked for asked in dns.asked if asked[0] == "up"]


def test_a_target_whose_name_is_unknown_is_passed_over(dns):
    with Target("one") as one, start(dns) as gw:
        gw.create("/upstreams", {"name": "up"})
        gw.create("/upstreams/up/targets", {"target": "no.test:80"})
        route(gw, "up", 80)
        answer = gw.proxy("GET", "/r")
        assert (answer.status, answer.json) == (503, {"message": "failure to get a peer from the ring-balancer"})
        shown = gw.admin("GET", "/upstreams/up/health").json["data"][0]
        assert (shown["health"], shown["data"]["dns"]) == ("DNS_ERROR", "dns server error: 3 name error")
        gw.create("/upstreams/up/targets", {"target": f"127.0.0.1:{one.port}"})
        assert names(gw, 4) == {"one": 4}


def test_no_request_fails_while_the_name_server_does(dns):
    with Target("one") as one, start(dns, KONG_DNS_STALE_TTL="0.1", KONG_DNS_ERROR_TTL="0.1") as gw:
        dns.records = {("plain.test", A): ["127.0.0.1"]}
        route(gw, "plain.test", one.port)
        assert names(gw, 1) == {"one": 1}
        with Load(gw.proxy_port, 4, [("GET", "/r/x", {}, 200, b"one")]) as load:
            for failure in ({"silent": True}, {"code": 2}, {"code": 5}):
                vars(dns).update(failure)
                time.sleep(2.5)
                vars(dns).update(silent=False, code=None)
                time.sleep(0.5)
        assert load.failures == [], load.failures[:3]
        assert max(load.latencies) < QUERY, max(load.latencies)
        # Also after a pause in which all has expired.
        dns.code = 2
        time.sleep(3)
        assert names(gw, 3) == {"one": 3}


def other_number(question, answer):
    return [bytes([question[0] ^ 1]) + answer[1:]]


def other_question(question, answer):
    return [answer[:12] + b"\x05other\x04test\0" + answer[12 + question[12:].index(b"\0") + 1:]]


def about_somebody_else(question, answer):
    """The address of another name than was asked for."""
    return [answer.replace(b"\xc0\x0c", b"\x05other\x04test\0")]


def cut_short(question, answer):
    return [answer[:len(question) + 5]]


def endless(question, answer):
    """A name that points at itself."""
    at = len(question)
    return [answer[:at] + struct.pack(">BB", 0xC0 | at >> 8, at & 255) + answer[at + 2:]]


def noise(question, answer):
    return [b"", b"x", bytes(range(256)) * 4, question[:2] + bytes(600)]


def wrong_size(question, answer):
    """An address of three bytes."""
    return [answer[:-6] + b"\0\3" + answer[-4:-1]]


# What is no answer at all, or none that a careful reader takes.
TWISTS = [other_number, other_question, about_somebody_else, cut_short, endless, noise, wrong_size]


@pytest.mark.parametrize("twist", TWISTS, ids=lambda twist: twist.__name__)
def test_answers_that_are_wrong_fail_no_request_for_a_known_name(dns, twist):
    with Target("one") as one, start(dns, KONG_DNS_STALE_TTL="0.1", KONG_DNS_ERROR_TTL="0.1") as gw:
        dns.records = {("plain.test", A): ["127.0.0.1"]}
        route(gw, "plain.test", one.port)
        assert names(gw, 1) == {"one": 1}
        workers = gw.pids()[1]
        dns.twist = twist
        with Load(gw.proxy_port, 4, [("GET", "/r/x", {}, 200, b"one")]) as load:
            time.sleep(2.5)
        assert load.failures == [], load.failures[:3]
        assert len(dns.asked) > 2 and gw.pids()[1] == workers
        dns.twist = None
        time.sleep(1.5)
        assert names(gw, 2) == {"one": 2}


def test_late_answers_fail_no_request_for_a_known_name(dns):
    with Target("one") as one, Target("two") as two, start(dns, KONG_DNS_STALE_TTL="0.1", KONG_DNS_ERROR_TTL="0.1") as gw:
        dns.records = {("plain.test", A): ["127.0.0.1"], ("moves.test", SRV): [(1, 1, one.port, "127.0.0.1")]}
        route(gw, "plain.test", one.port)
        assert names(gw, 1) == {"one": 1}
        for delay in (0.5, 3, 8):
            dns.delay = delay
            with Load(gw.proxy_port, 4, [("GET", "/r/x", {}, 200, b"one")]) as load:
                time.sleep(2.5)
            assert load.failures == [] and max(load.latencies) < QUERY, (delay, load.failures[:3], max(load.latencies))
        # What comes late counts all the same.
        dns.delay = 0
        gw.admin("PATCH", "/services/s", {"host": "moves.test"})
        assert names(gw, 1) == {"one": 1}
        dns.delay, dns.records[("moves.test", SRV)] = 1.5, [(1, 1, two.port, "127.0.0.1")]
        wait_until(lambda: names(gw, 1) == {"two": 1}, 10)


def test_truncated_answers_are_asked_for_by_tcp(dns):
    with Target("one") as one, start(dns) as gw:
        dns.records = {("many.test", SRV): [(1, 1, one.port, "127.0.0.1")] * 60}
        dns.truncated = True
        route(gw, "many.test", 1)
        assert names(gw, 3) == {"one": 3}
        assert dns.asked_by_tcp == [("many.test", SRV)]
        # Where nobody answers by TCP, what was known counts on.
        dns.close_tcp()
        with Load(gw.proxy_port, 2, [("GET", "/r/x", {}, 200, b"one")]) as load:
            time.sleep(3)
        assert load.failures == [], load.failures[:3]


def test_changing_answers_are_followed_without_a_failure(dns):
    with Target("one") as one, Target("two") as two, start(dns) as gw:
        dns.records = {("moves.test", SRV): [(1, 1, one.port, "127.0.0.1")]}
        gw.create("/upstreams", {"name": "up"})
        gw.create("/upstreams/up/targets", {"target": "moves.test:80"})
        route(gw, "up", 80)
        with Load(gw.proxy_port, 4, [("GET", "/r/x", {}, 200, b"")]) as load:
            for turn in range(8):
                dns.records[("moves.test", SRV)] = [(1, 1, (two, one)[turn % 2].port, "127.0.0.1")]
                wait_until(lambda: names(gw, 1) == {("two", "one")[turn % 2]: 1}, 5)
        assert load.failures == [], load.failures[:3]


def test_one_question_for_many_requests(dns):
    with Target("one") as one, start(dns, KONG_ADMIN_EXTENSIONS="on") as gw:
        dns.ttl, dns.records = 60, {("plain.test", A): ["127.0.0.1"]}
        route(gw, "plain.test", one.port)
        with Load(gw.proxy_port, 20, [("GET", "/r/x", {}, 200, b"one")]) as load:
            time.sleep(1)
        assert load.failures == []
        assert sorted(dns.asked) == [("plain.test", A), ("plain.test", SRV)]
        shown = [n for n in gw.admin("GET", "/debug/dns").json["data"] if n["name"] == "plain.test"]
        assert shown[0]["records"] == [{"address": "127.0.0.1", "ttl": 60}] and shown[0]["state"] == "fresh"


def test_hosts_file_and_types(dns, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 from-hosts.test\n")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # workers run as another user
    with Target("one") as one, start(dns, KONG_DNS_HOSTSFILE=str(hosts), KONG_DNS_ORDER="A,CNAME") as gw:
        route(gw, "from-hosts.test", one.port)
        assert names(gw, 2) == {"one": 2}
        assert dns.asked == []
        gw.admin("PATCH", "/services/s", {"host": "other.test"})
        gw.proxy("GET", "/r")
        assert dns.asked == [("other.test", A), ("other.test", CNAME)]


def test_plugins_find_their_servers_in_the_same_way(dns):
    with Target("one") as one, start(dns) as gw:
        dns.records = {("sink.test", SRV): [(1, 1, one.port, "127.0.0.1")]}
        route(gw, "127.0.0.1", one.port)
        gw.create("/routes/r/plugins", {"name": "http-log", "config": {"http_endpoint": "http://sink.test/log", "flush_timeout": 0.1}})
        assert gw.proxy("GET", "/r").status == 200
        wait_until(lambda: ("sink.test", SRV) in dns.asked)
        time.sleep(0.5)
        assert "sink.test" not in gw.error_log()

"""What existing clients do, in their own requests: decK, go-kong, the ingress controller, the Terraform provider."""
import copy
import hashlib
import uuid

import pytest
from certificates import Authority
from database_server import DatabaseServer
from deck import ApiError, Client, Deck
from gateway import Gateway

PLUGINS = {
    "acl": {"allow": ["g"]}, "acme": {"account_email": "a@a.test"}, "aws-lambda": {"function_name": "f"},
    "azure-functions": {"functionname": "f", "appname": "a"}, "basic-auth": {}, "bot-detection": {}, "correlation-id": {},
    "cors": {"origins": ["http://a.test"], "methods": ["GET"]}, "datadog": {}, "file-log": {"path": "/dev/null"}, "grpc-gateway": {},
    "grpc-web": {}, "hmac-auth": {}, "http-log": {"http_endpoint": "http://l.test/"}, "ip-restriction": {"deny": ["10.0.0.0/8"]},
    "jwt": {"claims_to_verify": ["exp"]}, "key-auth": {}, "ldap-auth": {"base_dn": "dc=a", "attribute": "cn", "ldap_host": "l.test"},
    "loggly": {"key": "k"}, "oauth2": {"scopes": ["a"], "enable_client_credentials": True, "provision_key": "p"},
    "post-function": {"access": ["return 1"]}, "pre-function": {"log": ["return 1"]}, "prometheus": {}, "proxy-cache": {"strategy": "memory"},
    "rate-limiting": {"minute": 5, "policy": "local"}, "request-size-limiting": {}, "request-termination": {"status_code": 418},
    "request-transformer": {"add": {"headers": ["a:b"]}, "replace": {"uri": "/x"}},
    "response-ratelimiting": {"limits": {"v": {"minute": 1}}}, "response-transformer": {"remove": {"headers": ["a"]}},
    "session": {"secret": "s"}, "statsd": {}, "syslog": {}, "tcp-log": {"host": "l.test", "port": 9},
    "udp-log": {"host": "l.test", "port": 9}, "zipkin": {"http_endpoint": "http://z.test/"}}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def gw(request):
    if request.param == "sqlite":
        with Gateway(KONG_VAULTS="bundled") as gateway:
            yield gateway
        return
    with DatabaseServer() as server:
        node = Gateway(KONG_VAULTS="bundled", **server.settings())
        node.command("migrations", "bootstrap")
        with node as gateway:
            yield gateway


@pytest.fixture(scope="module")
def pair():
    """(the authority's certificate, a certificate, its key)"""
    with Authority() as authority:
        issued = authority.issue("a.test")
        yield authority.certificate.cert, issued.cert, issued.key


def some_id(name):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def content_of_every_kind(pair):
    """What decK reads from a file: every row has an id, only what differs from the defaults is given."""
    authority, cert, key = pair

    def ref(name):
        return {"id": some_id(name)}
    consumer = {"consumer": ref("consumer")}
    content = {
        "certificate": [{"id": some_id("cert"), "cert": cert, "key": key, "tags": ["t"]}],
        "ca_certificate": [{"id": some_id("ca"), "cert": authority}],
        "sni": [{"id": some_id(n), "name": n, "certificate": ref("cert")} for n in ("a.test", "*.b.test")],
        "consumer": [{"id": some_id("consumer"), "username": "u", "custom_id": "c"}, {"id": some_id("other"), "username": "o"}],
        "vault": [{"id": some_id("vault"), "name": "env", "prefix": "my-v", "config": {"prefix": "A_"}}],
        "service": [{"id": some_id("plain"), "name": "plain", "host": "p.test"},
                    {"id": some_id("tls"), "name": "tls", "protocol": "https", "host": "s.test", "port": 8443, "path": "/p", "retries": 0,
                     "client_certificate": ref("cert"), "ca_certificates": [some_id("ca")], "tls_verify": False, "tags": ["t", "u"]}],
        "route": [{"id": some_id("r1"), "name": "r1", "service": ref("plain"), "hosts": ["b.test", "a.test"], "paths": ["/x", "/y"],
                   "headers": {"x-v": ["1", "2"]}, "methods": ["POST", "GET"], "strip_path": False, "preserve_host": False},
                  {"id": some_id("r2"), "name": "r2", "protocols": ["tcp"], "strip_path": False, "sources": [{"ip": "10.0.0.0/8"}, {"port": 9}],
                   "service": ref("plain")},
                  {"id": some_id("r3"), "name": "r3", "paths": ["/alone"]}],
        "upstream": [{"id": some_id("up"), "name": "up", "hash_on": "header", "hash_on_header": "x", "algorithm": "consistent-hashing",
                      "healthchecks": {"active": {"timeout": 2, "unhealthy": {"interval": 5}}, "passive": {"healthy": {"successes": 3}}}}],
        "target": [{"id": some_id("t1"), "upstream": ref("up"), "target": "t.test:80"},
                   {"id": some_id("t2"), "upstream": ref("up"), "target": "[0000:0000:0000:0000:0000:0000:0000:0001]:8080", "weight": 0}],
        "key-auth": [{"id": some_id("key"), "key": "k", **consumer}],
        "hmac-auth": [{"id": some_id("hmac"), "username": "h", "secret": "s", **consumer}],
        "jwt": [{"id": some_id("jwt"), "key": "j", "secret": "s", "algorithm": "HS256", **consumer}],
        "basic-auth": [{"id": some_id("basic"), "username": "b", "password": "p", **consumer}],
        "oauth2": [{"id": some_id("app"), "name": "app", "client_id": "i", "client_secret": "s", "redirect_uris": ["http://a.test/"],
                    "client_type": "confidential", "hash_secret": False, **consumer}],
        "acl": [{"id": some_id("acl"), "group": "g", **consumer}],
        "plugin": [{"id": some_id(f"plugin-{name}"), "name": name, "config": config, **({} if name == "acme" else {"service": ref("plain")})}
                   for name, config in PLUGINS.items()],
    }
    content["plugin"] += [
        {"id": some_id("global"), "name": "prometheus", "config": {"per_consumer": True}, "enabled": False},
        {"id": some_id("bound"), "name": "rate-limiting", "config": {"hour": 9, "policy": "local"}, "consumer": ref("other"),
         "route": ref("r1"), "service": ref("tls"), "tags": ["t"], "protocols": ["https", "http"]}]
    return content


def forget_passwords(content):
    """decK cannot read them back and leaves them out when it compares."""
    for row in content["basic-auth"]:
        del row["password"]


class ForgetfulDeck(Deck):
    def dump(self):
        state = super().dump()
        for row in state["basic-auth"].values():
            row.pop("password")
        return state


def changed(content):
    """Every kind changed in some way: members added, changed and left out, rows added and removed."""
    content = copy.deepcopy(content)
    content["certificate"][0]["tags"] = ["t", "new"]
    content["sni"].pop()
    content["sni"].append({"id": some_id("c.test"), "name": "c.test", "certificate": {"id": some_id("cert")}})
    content["service"][1].update(port=443, retries=7)
    del content["service"][1]["path"]
    content["route"][0].update(paths=["/z"], headers={"x-w": ["1"]})
    del content["route"][0]["methods"]
    del content["route"][2]
    content["upstream"][0]["healthchecks"] = {"threshold": 50}
    content["target"][0]["weight"] = 7
    content["target"].append({"id": some_id("t3"), "upstream": {"id": some_id("up")}, "target": "n.test:81"})
    content["consumer"][0]["custom_id"] = "d"
    content["key-auth"][0]["key"] = "k2"
    content["jwt"][0]["algorithm"] = "HS512"
    content["acl"][0]["group"] = "g2"
    content["oauth2"][0]["redirect_uris"].append("http://b.test/")
    content["vault"][0]["config"] = {"prefix": "B_"}
    next(p for p in content["plugin"] if p["name"] == "cors")["config"] = {"max_age": 5.5}
    content["plugin"].pop()
    return content


def test_deck_brings_a_file_in_and_finds_no_difference(gw, pair):
    deck, content = ForgetfulDeck(gw), content_of_every_kind(pair)
    root = deck.client.do("GET", "/")
    assert root["version"] == "2.8.5" and root["configuration"]["database"] and set(root["plugins"]["available_on_server"]) >= set(PLUGINS)
    assert deck.client.exists("/workspaces/default") and not deck.client.exists("/workspaces/none")
    steps = deck.sync(content)
    assert len(steps) == sum(len(rows) for rows in content.values()) and {step[0] for step in steps} == {"create"}
    hashed = hashlib.sha1(("p" + some_id("consumer")).encode()).hexdigest()
    assert deck.client.do("GET", "/basic-auths/b")["password"] == hashed
    forget_passwords(content)
    assert deck.diff(content) == []

    other = changed(content)
    operations = [step[0] for step in deck.sync(other)]
    assert set(operations) == {"create", "update", "delete"}
    assert deck.diff(other) == []
    assert sorted(deck.client.do("GET", f"/certificates/{some_id('cert')}")["snis"]) == ["a.test", "c.test"]
    deck.sync(content)
    assert deck.diff(content) == []

    dumped = {kind: list(rows.values()) for kind, rows in deck.dump().items()}
    deck.reset()
    assert not any(deck.dump().values())
    for row in dumped["basic-auth"]:
        row["password"] = "p"
    deck.sync(dumped)
    assert deck.diff(content) == []
    assert {row["created_at"] for row in deck.dump()["service"].values()} == {row["created_at"] for row in dumped["service"]}
    deck.reset()


def test_deck_leaves_alone_what_other_tags_select(gw, pair):
    mine = ForgetfulDeck(gw, ["mine", "too"])
    stranger = gw.create("/services", {"name": "stranger", "host": "h.test", "tags": ["mine"]})
    content = content_of_every_kind(pair)
    mine.sync(content)
    forget_passwords(content)
    assert mine.diff(content) == []
    listed = Client(gw).list("/services", ["too"])
    assert [row["name"] for row in listed] == ["plain", "tls"] or [row["name"] for row in listed] == ["tls", "plain"]
    assert set(listed[0]["tags"]) >= {"mine", "too"}
    mine.sync({})
    assert not any(rows for kind, rows in mine.dump().items() if kind != "target")
    assert [row["id"] for row in Client(gw).list("/services", ["mine", "none"], all_tags=False)] == [stranger["id"]]
    Deck(gw).reset()


# --- go-kong: create, read, update with everything that was read, delete, for each kind

ROWS = {
    "/services": ({"name": "a", "host": "h.test"}, {"port": 81}), "/consumers": ({"username": "a"}, {"custom_id": "b"}),
    "/routes": ({"name": "a", "hosts": ["h.test"]}, {"hosts": ["i.test"]}), "/upstreams": ({"name": "a"}, {"name": "b"}),
    "/plugins": ({"name": "key-auth"}, {"config": {"key_in_body": True}}), "/vaults-beta": ({"name": "env", "prefix": "my-a"}, {"prefix": "my-b"})}


@pytest.mark.parametrize("collection", ROWS)
def test_what_was_read_is_sent_back_with_a_change(gw, collection):
    client, (row, change) = Client(gw), ROWS[collection]
    made = client.create(collection, row)
    read = client.do("GET", f"{collection}/{made['id']}")
    assert read == made
    updated = client.update(collection, {**read, **change})
    assert updated == {**read, **updated} and {key: updated[key] for key in change if key != "config"} == {
        key: value for key, value in change.items() if key != "config"}
    client.delete(collection, made["id"])
    client.delete(collection, made["id"])  # a second time is no error
    assert not client.exists(f"{collection}/{made['id']}")
    named = client.create(collection, {**row, "id": some_id("x"), "tags": ["tag1", "tag2"]})
    assert (named["id"], named["tags"]) == (some_id("x"), ["tag1", "tag2"])
    client.delete(collection, named["id"])


@pytest.mark.parametrize("kind,row,key", [
    ("key-auth", {"key": "k"}, "k"), ("hmac-auth", {"username": "h"}, "h"), ("jwt", {"key": "j"}, "j"), ("basic-auth", {"username": "b",
     "password": "p"}, "b"), ("oauth2", {"name": "o", "client_id": "i", "redirect_uris": ["http://a.test/"]}, "i"), ("acls", {"group": "g"}, "g")])
def test_credentials_below_their_consumer(gw, kind, row, key):
    client = Client(gw)
    consumer = client.create("/consumers", {"username": "owner"})
    path = f"/consumers/{consumer['username']}/{kind}"
    made = client.create(path, row)
    assert made["consumer"] == {"id": consumer["id"]} and isinstance(made["created_at"], int)
    assert client.do("GET", f"{path}/{made['id']}") == made
    assert client.do("GET", f"{path}/{key}") == made
    updated = client.update(path, {**made, "tags": ["t"]})
    assert updated["tags"] == ["t"]
    assert [each["id"] for each in client.list(path)] == [made["id"]]
    client.delete(path, made["id"])
    with pytest.raises(ApiError) as missing:
        client.delete(path, made["id"])
    assert missing.value.status == 404
    given = client.create(path, {**row, "id": some_id("c")})
    assert given["id"] == some_id("c")
    client.delete("/consumers", consumer["id"])


def test_lists_by_pages_of_one(gw):
    client = Client(gw)
    ids = {client.create("/upstreams", {"name": f"vhost{i}.com"})["id"] for i in range(3)}
    assert {row["id"] for row in client.list("/upstreams", size=1)} == ids
    assert {row["id"] for row in client.list("/upstreams")} == ids
    for key in ids:
        client.delete("/upstreams", key)


def test_plugins_of_one_entity(gw):
    client = Client(gw)
    service = client.create("/services", {"name": "foo", "host": "upstream", "port": 42, "path": "/path"})
    route = client.create("/routes", {"hosts": ["host1.com", "host2.com"], "service": service})  # whole rows stand for references
    consumer = client.create("/consumers", {"username": "foo"})
    bound = [("key-auth", {}), ("basic-auth", {}), ("key-auth", {"route": route}), ("jwt", {"route": route}), ("jwt", {"service": service}),
             ("rate-limiting", {"consumer": consumer, "config": {"second": 1}})]
    made = [client.create("/plugins", {"name": name, **more}) for name, more in bound]
    assert made[2]["route"] == {"id": route["id"]}
    assert [len(client.list(f"/{path}/plugins")) for path in (
        f"consumers/{consumer['id']}", f"services/{service['name']}", f"routes/{route['id']}")] == [1, 1, 2]
    for plugin in made:
        client.delete("/plugins", plugin["id"])
    for path, row in (("/consumers", consumer), ("/routes", route), ("/services", service)):
        client.delete(path, row["id"])


def test_schemas_validation_and_refusals(gw):
    client = Client(gw)
    consumer = client.create("/consumers", {"username": "held"})
    with pytest.raises(ApiError) as held:
        client.delete("/workspaces", "default")
    assert (held.value.status, held.value.message) == (400, "an existing 'consumers' entity references this 'workspaces' entity")
    client.delete("/consumers", consumer["id"])
    with pytest.raises(ApiError) as needed:
        client.delete("/workspaces", "default")
    assert needed.value.status == 405 and client.exists("/workspaces/default")
    assert client.do("POST", "/schemas/plugins/validate", {"name": "key-auth", "config": {"anonymous": "true"}})["message"]
    with pytest.raises(ApiError) as garbage:
        client.do("POST", "/schemas/plugins/validate", {"name": "key-auth", "config": {"garbage": True}})
    assert (garbage.value.status, garbage.value.message) == (400, "schema violation (config.garbage: unknown field)")
    with pytest.raises(ApiError) as unknown:
        client.do("GET", "/schemas/plugins/noexist")
    assert (unknown.value.status, unknown.value.message) == (404, "No plugin named 'noexist'")
    with pytest.raises(ApiError):
        client.create("/upstreams", {"name": "u", "healthchecks": {"passive": {"unhealthy": {"interval": 5}}}})
    with pytest.raises(ApiError):
        client.create("/plugins", {"name": "plugin-not-present"})
    assert set(client.do("GET", "/plugins/enabled")["enabled_plugins"]) >= set(PLUGINS)
    assert client.exists("/tags") and client.do("GET", "/status")["database"] == {"reachable": True}


# --- Terraform: targets by list, changes by PATCH of all that is known

def test_targets_and_their_health(gw):
    client = Client(gw)
    upstream = client.create("/upstreams", {"name": "up", "healthchecks": {"active": {"unhealthy": {"interval": 5, "tcp_failures": 1}}}})
    path = f"/upstreams/{upstream['id']}/targets"
    target = client.do("POST", path, {"target": "10.0.0.1:80", "weight": 50, "upstream": {"id": upstream["id"]}})
    assert [row["id"] for row in client.list(path)] == [target["id"]] == [row["id"] for row in client.list(path + "/all")]
    for key in (target["id"], target["target"]):
        assert client.do("POST", f"{path}/{key}/unhealthy") is None
        assert client.list(f"/upstreams/{upstream['name']}/health")[0]["health"] == "UNHEALTHY"
        assert client.do("POST", f"{path}/{key}/healthy") is None
        assert client.list(f"/upstreams/{upstream['name']}/health")[0]["health"] == "HEALTHY"
    client.delete(path, target["id"])
    assert client.list(path) == []
    client.delete("/upstreams", upstream["id"])


def test_certificates_with_names(gw, pair):
    client, (_, cert, key) = Client(gw), pair
    made = client.create("/certificates", {"cert": cert, "key": key, "snis": ["b.test", "a.test"]})
    assert made["snis"] == ["a.test", "b.test"] and isinstance(made["created_at"], int)
    assert {row["name"] for row in client.list(f"/certificates/{made['id']}/snis")} == {"a.test", "b.test"}
    updated = client.update("/certificates", {**made, "snis": ["c.test"]})
    assert updated["snis"] == ["c.test"]
    taken = pytest.raises(ApiError, client.create, "/snis", {"name": "c.test", "certificate": {"id": made["id"]}})
    assert taken.value.status == 409
    client.delete("/certificates", made["id"])
    assert client.list("/snis") == []


# --- the ingress controller without a database

def ingress_state(pair):
    """What the controller sends: the parents' rows with their children in them, references by name."""
    authority, cert, key = pair
    return {
        "_format_version": "1.1",
        "services": [{"name": "ns.svc.80", "host": "svc.ns.80.svc", "port": 80, "protocol": "http", "path": "/", "connect_timeout": 60000,
                      "read_timeout": 60000, "write_timeout": 60000, "retries": 5, "tags": ["managed-by-ingress-controller"],
                      "routes": [{"name": "ns.ing.00", "paths": ["/foo"], "strip_path": True, "preserve_host": True, "regex_priority": 0,
                                  "protocols": ["http", "https"], "https_redirect_status_code": 426}],
                      "plugins": [{"name": "key-auth", "config": {"key_names": ["apikey"]}}]}],
        "upstreams": [{"name": "svc.ns.80.svc", "algorithm": "round-robin", "targets": [{"target": "10.0.0.1:80"}, {"target": "10.0.0.2:80"}]}],
        "plugins": [{"name": "rate-limiting", "route": "ns.ing.00", "config": {"minute": 5, "policy": "local"}},
                    {"name": "request-termination", "consumer": "u", "config": {"status_code": 451}}],
        "consumers": [{"username": "u", "custom_id": "c", "keyauth_credentials": [{"key": "k"}], "acls": [{"group": "g"}],
                       "basicauth_credentials": [{"username": "b", "password": "p"}], "jwt_secrets": [{"key": "j", "algorithm": "HS256"}],
                       "hmacauth_credentials": [{"username": "h", "secret": "s"}]}],
        "certificates": [{"id": some_id("cert"), "cert": cert, "key": key, "snis": [{"name": "a.test"}]}],
        "ca_certificates": [{"id": some_id("ca"), "cert": authority}],
    }


def test_the_ingress_controller_posts_its_state(pair):
    with Gateway(KONG_DATABASE="off") as gw:
        client = Client(gw)
        assert client.do("GET", "/")["configuration"]["database"] == "off"
        empty = client.do("GET", "/status")["configuration_hash"]
        assert empty == "0" * 32
        state = ingress_state(pair)
        client.do("POST", "/config?check_hash=1", state)
        first = client.do("GET", "/status")["configuration_hash"]
        assert first != empty
        assert gw.proxy("GET", "/foo").status == 401
        assert gw.proxy("GET", "/foo", headers={"apikey": "k"}).status == 451
        client.do("POST", "/config?check_hash=1", state)
        assert client.do("GET", "/status")["configuration_hash"] == first
        assert [row["name"] for row in client.list("/services", ["managed-by-ingress-controller"])] == ["ns.svc.80"]
        assert {kind: len(rows) for kind, rows in Deck(gw).dump().items() if rows} == {
            "certificate": 1, "ca_certificate": 1, "consumer": 1, "sni": 1, "service": 1, "upstream": 1, "key-auth": 1, "hmac-auth": 1,
            "jwt": 1, "basic-auth": 1, "acl": 1, "route": 1, "target": 2, "plugin": 3}
        broken = copy.deepcopy(state)
        broken["services"][0]["routes"][0]["paths"] = ["no slash"]
        with pytest.raises(ApiError) as refused:
            client.do("POST", "/config?check_hash=1", broken)
        assert refused.value.status == 400
        assert client.do("GET", "/status")["configuration_hash"] == first
        assert gw.proxy("GET", "/foo").status == 401
        state["services"], state["plugins"] = [], []
        client.do("POST", "/config?check_hash=1", state)
        assert gw.proxy("GET", "/foo").status == 404
        with pytest.raises(ApiError) as read_only:
            client.create("/services", {"name": "x", "host": "h"})
        assert read_only.value.status == 405

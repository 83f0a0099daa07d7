"""The Admin API over HTTP: what clients rely on beyond single answers, and what is ours (doc/admin_api.md)."""
import json
import os
import uuid

import pytest
from gateway import Gateway, wait_until

TOKEN = "the admin's token"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def gw():
    with Gateway(KONG_ADMIN_EXTENSIONS="on", KONG_VAULTS="bundled") as gateway:
        yield gateway


def name():
    return "n" + uuid.uuid4().hex[:10]


def service(gw, **more):
    return gw.create("/services", {"name": name(), "host": "h.test", **more})


def form(gw, method, path, text):
    return gw.admin(method, path, text, FORM)


def multipart(fields):
    boundary = "x" + uuid.uuid4().hex
    parts = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields)
    return parts + f"--{boundary}--\r\n", {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def pages(gw, path):
    """The rows of every page, following `next`."""
    while path:
        answer = gw.admin("GET", path)
        assert answer.status == 200, answer.body
        yield answer.json["data"]
        path = answer.json["next"]


# --- writing

def test_put_creates_then_replaces_by_name_and_by_id(gw):
    key = name()
    made = gw.admin("PUT", f"/services/{key}", {"host": "a.test", "retries": 2})
    assert (made.status, made.json["name"], made.json["retries"]) == (200, key, 2)
    again = gw.admin("PUT", f"/services/{key}", {"host": "b.test", "name": "other", "id": str(uuid.uuid4())})
    assert (again.json["id"], again.json["name"], again.json["retries"]) == (made.json["id"], key, 5)
    assert again.json["created_at"] == made.json["created_at"]
    by_id = gw.admin("PUT", f"/services/{made.json['id'].upper()}", {"host": "c.test"})
    assert (by_id.json["id"], by_id.json["name"], by_id.json["host"]) == (made.json["id"], None, "c.test")


def test_patch_merges_records_replaces_lists_and_takes_null(gw):
    up = gw.create("/upstreams", {"name": name(), "tags": ["a", "b"], "healthchecks": {"active": {"timeout": 3}}})
    patched = gw.admin("PATCH", f"/upstreams/{up['name']}", {"tags": ["c"], "healthchecks": {"active": {"concurrency": 4}}}).json
    assert patched["tags"] == ["c"]
    assert (patched["healthchecks"]["active"]["timeout"], patched["healthchecks"]["active"]["concurrency"]) == (3, 4)
    assert gw.admin("PATCH", f"/upstreams/{up['name']}", {"tags": None}).json["tags"] is None


def test_patch_of_another_id(gw):
    one, two = service(gw), service(gw)
    assert gw.admin("PATCH", f"/services/{one['id']}", {"id": str(uuid.uuid4())}).status == 404
    assert gw.admin("PATCH", f"/services/{one['id']}", {"id": two["id"], "port": 81}).json["name"] == two["name"]
    assert gw.admin("PATCH", f"/services/{one['id']}", {"id": 7}).json["fields"] == {"id": "expected a string"}
    assert gw.admin("PATCH", f"/services/{name()}", {"port": 81}).json["code"] == 6


def test_nested_foreign_objects(gw):
    parent = service(gw)
    route = gw.create("/routes", {"paths": ["/x"], "service": {"name": parent["name"]}})
    assert route["service"] == {"id": parent["id"]}
    nested = gw.create(f"/services/{parent['name']}/routes", {"paths": ["/y"], "service": {"id": str(uuid.uuid4())}})
    assert nested["service"] == {"id": parent["id"]}
    missing = str(uuid.uuid4())
    refused = gw.admin("POST", "/routes", {"paths": ["/x"], "service": {"id": missing}})
    assert (refused.status, refused.json["name"]) == (400, "foreign key violation")
    assert refused.json["fields"] == {"service": {"id": missing}}
    assert gw.admin("GET", f"/routes/{route['id']}/service").json["id"] == parent["id"]
    assert gw.admin("DELETE", f"/routes/{route['id']}/service").status == 405
    held = gw.admin("DELETE", f"/services/{parent['id']}")
    assert (held.status, held.json["fields"]) == (400, {"@referenced_by": "routes"})


def test_put_through_a_parent_makes_and_attaches(gw):
    route = gw.create("/routes", {"paths": ["/alone"]})
    assert gw.admin("GET", f"/routes/{route['id']}/service").status == 404
    made = gw.admin("PUT", f"/routes/{route['id']}/service", {"host": "made.test"})
    assert made.status == 200
    assert gw.admin("GET", f"/routes/{route['id']}").json["service"] == {"id": made.json["id"]}


def test_cascades(gw):
    consumer = gw.create("/consumers", {"username": name()})
    key = gw.create(f"/consumers/{consumer['username']}/key-auth", {})
    gw.create(f"/consumers/{consumer['id']}/acls", {"group": "g"})
    assert len(key["key"]) == 32
    assert gw.admin("GET", f"/key-auths/{key['key']}/consumer").json["id"] == consumer["id"]
    assert gw.admin("DELETE", f"/consumers/{consumer['id']}").status == 204
    assert gw.admin("GET", f"/key-auths/{key['id']}").status == 404
    assert gw.admin("DELETE", f"/consumers/{consumer['id']}").status == 204


CREDENTIALS = {"key-auths": ({"key": "k"}, "key"), "basic-auths": ({"username": "b", "password": "p"}, "username"),
               "hmac-auths": ({"username": "h"}, "username"), "jwts": ({"key": "j"}, "key"), "acls": ({"group": "g"}, "id"),
               "oauth2": ({"name": "o", "client_id": "c", "redirect_uris": ["http://a.test/"]}, "client_id")}


@pytest.mark.parametrize("collection", CREDENTIALS)
def test_what_belongs_to_a_consumer_leads_to_it(gw, collection):
    row, key = CREDENTIALS[collection]
    consumer = gw.create("/consumers", {"username": name()})
    made = gw.create(f"/{collection}", {**row, "consumer": {"username": consumer["username"]}})
    path = f"/{collection}/{made[key]}"
    assert made["consumer"] == {"id": consumer["id"]}
    assert gw.admin("GET", path).json["id"] == made["id"]
    assert gw.admin("GET", f"{path}/consumer").json["id"] == consumer["id"]
    assert gw.admin("PATCH", f"{path}/consumer", {"custom_id": name()}).json["username"] == consumer["username"]
    assert gw.admin("DELETE", f"{path}/consumer").status == 405
    assert any(listed["id"] == made["id"] for rows in pages(gw, f"/{collection}") for listed in rows)
    assert gw.admin("DELETE", f"/consumers/{consumer['id']}").status == 204
    assert gw.admin("GET", path).status == 404


def test_times_to_live(gw):
    consumer = gw.create("/consumers", {"username": name()})
    secret = name()
    made = gw.create(f"/consumers/{consumer['id']}/key-auth", {"key": secret, "ttl": 1000})
    path = f"/key-auths/{secret}"
    assert 900 < gw.admin("PATCH", path, {"tags": ["x"]}).json["ttl"] <= made["ttl"] <= 1000
    assert gw.admin("PATCH", path, {"ttl": 500}).json["ttl"] <= 500
    assert form(gw, "PATCH", path, "ttl=300").json["ttl"] <= 300
    for bad in (-1, 1.5, 100000001, "1", [1]):
        refused = gw.admin("PATCH", path, {"ttl": bad})
        assert (refused.status, refused.json["name"]) == (400, "invalid options")
    assert gw.admin("PUT", path, {"consumer": {"id": consumer["id"]}}).json["ttl"] is None
    assert gw.admin("PATCH", path, {"ttl": 500}).json["ttl"] and gw.admin("PATCH", path, {"ttl": 0}).json["ttl"] is None
    assert gw.admin("POST", "/services", {"host": "h", "ttl": 5}).json["fields"] == {"ttl": "unknown field"}
    gw.admin("PATCH", path, {"ttl": 1})
    wait_until(lambda: gw.admin("GET", path).status == 404)
    assert gw.admin("GET", f"/consumers/{consumer['id']}/key-auth").json["data"] == []
    gw.create(f"/consumers/{consumer['id']}/key-auth", {"key": secret})  # what has expired stands in nobody's way


# --- bodies

def test_form_bodies(gw):
    made = form(gw, "POST", "/routes", "paths[]=%2Fa&paths[]=%2Fb&headers.x-y[]=1&headers.x-y[]=2&strip_path=false&tags[2]=b&tags[1]=a")
    assert made.status == 201, made.body
    assert made.json["paths"] == ["/a", "/b"] and made.json["tags"] == ["a", "b"]
    assert made.json["headers"] == {"x-y": ["1", "2"]} and made.json["strip_path"] is False
    parent = service(gw)
    nested = form(gw, "POST", "/routes", f"hosts=one.test&service.id={parent['id']}&regex_priority=7")
    assert (nested.json["service"], nested.json["hosts"], nested.json["regex_priority"]) == ({"id": parent["id"]}, ["one.test"], 7)
    plugin = form(gw, "POST", f"/services/{parent['name']}/plugins", "name=rate-limiting&config.minute=5&config.policy=local")
    assert plugin.json["config"]["minute"] == 5
    patched = form(gw, "PATCH", f"/plugins/{plugin.json['id']}", "config.hour=50&config.hide_client_headers=true")
    assert (patched.json["config"]["minute"], patched.json["config"]["hour"]) == (5, 50)
    assert patched.json["config"]["hide_client_headers"] is True
    emptied = form(gw, "PATCH", f"/services/{parent['id']}", "path=&tags[]=x")
    assert (emptied.json["path"], emptied.json["tags"]) == (None, ["x"])


def test_multipart_bodies(gw):
    body, headers = multipart([("name", name()), ("url", "https://m.test/p"), ("tags[]", "a"), ("tags[]", "b")])
    made = gw.admin("POST", "/services", body, headers)
    assert made.status == 201, made.body
    assert (made.json["protocol"], made.json["port"], made.json["path"]) == ("https", 443, "/p")
    assert made.json["tags"] == ["b"]  # of repeated fields the last one counts


@pytest.mark.parametrize("body,kind,status", [
    ("{", "application/json", 400), ("[1]", "application/json", 400), ('"x"', "application/json", 400),
    ("null", "application/json", 400), ('{"name":"a\\u0000b","host":"h"}', "application/json", 400),
    ("x", "text/plain", 415), ("x", "application/xml", 415), ("{}", "APPLICATION/JSON", 415)])
def test_bodies_that_are_refused(gw, body, kind, status):
    answer = gw.admin("POST", "/services", body, {"Content-Type": kind})
    assert answer.status == status, answer.body
    if status == 400:
        assert answer.json["message"]


# --- errors

def test_shapes_of_errors(gw):
    made = service(gw)
    taken = gw.admin("POST", "/services", {"name": made["name"], "host": "h.test"})
    assert (taken.status, taken.json) == (409, {
        "code": 5, "name": "unique constraint violation", "fields": {"name": made["name"]},
        "message": f"UNIQUE violation detected on '{{name=\"{made['name']}\"}}'"})
    twice = gw.admin("POST", "/services", {"id": made["id"], "host": "h.test"})
    assert (twice.status, twice.json["code"]) == (400, 3)
    bad = gw.admin("POST", "/services", {"host": "bad host", "port": 70000, "nonsense": 1})
    assert (bad.status, bad.json["code"]) == (400, 2)
    assert bad.json["fields"] == {"host": "invalid value: bad host", "nonsense": "unknown field",
                                  "port": "value should be between 0 and 65535"}
    assert bad.json["message"].startswith("3 schema violations (host: invalid value: bad host; ")
    assert gw.admin("GET", f"/services/{name()}").json == {"message": "Not found"}
    assert gw.admin("GET", "/nowhere").json == {"message": "Not found"}
    wrong = gw.admin("POST", f"/services/{made['id']}", {})
    assert (wrong.status, wrong.json) == (405, {"message": "Method not allowed"})


def test_conditions_look_at_whole_entities(gw):
    grpc = gw.admin("POST", "/routes", {"protocols": ["grpc"], "hosts": ["g.test"], "strip_path": True})
    assert grpc.json["fields"] == {"strip_path": "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'"}
    assert gw.create("/routes", {"protocols": ["grpc"], "hosts": ["g.test"]})["strip_path"] is False
    empty = gw.admin("POST", "/routes", {"protocols": ["http"]})
    assert empty.json["fields"]["@entity"] == ["must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'"]
    jwt = gw.admin("POST", "/plugins", {"name": "jwt", "config": {"maximum_expiration": 5, "claims_to_verify": ["nbf"]}})
    assert jwt.json["fields"] == {"@entity": ["failed conditional validation given value of field 'config.maximum_expiration'"],
                                  "config": {"claims_to_verify": "expected to contain: exp"}}
    metric = gw.admin("POST", "/plugins", {"name": "statsd", "config": {"metrics": [{"name": "latency"}]}})
    assert metric.json["fields"] == {"config": {"metrics": [{"stat_type": "field required for entity check"}]}}


def test_validation_alone(gw):
    assert gw.admin("POST", "/schemas/services/validate", {"host": "h.test"}).json == {"message": "schema validation successful"}
    assert gw.admin("POST", "/schemas/plugins/validate", {"name": "nope"}).status == 400
    assert gw.admin("POST", "/schemas/nope/validate", {}).status == 404
    assert "fields" in gw.admin("GET", "/schemas/plugins/key-auth").json


# --- lists

def test_pages_survive_changes(gw):
    tag = name()
    ids = [service(gw, tags=[tag])["id"] for _ in range(12)]
    seen, path, page = [], f"/services?size=3&tags={tag}", 0
    while path:
        answer = gw.admin("GET", path).json
        seen += [row["id"] for row in answer["data"]]
        path = answer["next"] and f"{answer['next']}&size=3"
        page += 1
        if page == 1:
            gw.admin("DELETE", f"/services/{seen[-1]}")  # the row that the next page begins behind
            service(gw, tags=[tag])
    assert len(seen) == len(set(seen))
    assert set(ids) <= set(seen)


def test_sizes_and_offsets(gw):
    assert gw.admin("GET", "/services?size=0").status == 400
    assert gw.admin("GET", "/services?size=1001").status == 400
    assert gw.admin("GET", "/services?size=x").status == 400
    assert gw.admin("GET", "/services?offset=rubbish").json["name"] == "invalid offset"
    assert gw.admin("GET", "/services?size=1000").status == 200


def test_tags(gw):
    a, b = name(), name()
    both, one = service(gw, tags=[a, b]), service(gw, tags=[a])
    ids = lambda path: {row["id"] for rows in pages(gw, path) for row in rows}  # noqa: E731
    assert ids(f"/services?tags={a},{b}") == {both["id"]}
    assert ids(f"/services?tags={a}/{b}") == {both["id"], one["id"]}
    assert gw.admin("GET", f"/services?tags={a},{b}/x").status == 400
    # What follows the last separator counts as a tag, which nothing has.
    assert ids(f"/services?tags={a},") == set()
    assert ids(f"/services?tags={a}/") == {both["id"], one["id"]}
    assert gw.admin("GET", f"/services?tags=,{a}").status == 400
    listed = [row for rows in pages(gw, f"/tags/{b}") for row in rows]
    assert listed == [{"entity_id": both["id"], "entity_name": "services", "tag": b}]
    assert gw.admin("GET", f"/tags/{name()}").json["data"] == {}


# --- methods and headers

def test_head_and_options(gw):
    made = service(gw)
    head = gw.admin("HEAD", f"/services/{made['id']}")
    assert (head.status, head.body) == (200, b"")
    assert gw.admin("HEAD", f"/services/{name()}").status == 404
    options = gw.admin("OPTIONS", f"/services/{made['id']}")
    assert (options.status, options.body) == (204, b"")
    assert options.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert options.headers["Access-Control-Allow-Methods"] == options.headers["Allow"]
    assert head.headers["Access-Control-Allow-Origin"] == "*"
    assert head.headers["Server"] == "kong/2.8.5" and "X-Kong-Admin-Latency" in head.headers


def test_certificates_and_their_names(gw):
    folder = os.path.join(gw.prefix, "pair")
    os.makedirs(folder, exist_ok=True)
    pem = [open(path).read() for path in self_signed(folder)]
    one, two = f"{name()}.test", f"{name()}.test"
    made = gw.create("/certificates", {"cert": pem[0], "key": pem[1], "snis": [two, one]})
    assert made["snis"] == sorted([one, two])
    assert gw.admin("GET", f"/certificates/{one}").json["id"] == made["id"]
    taken = gw.admin("POST", "/certificates", {"cert": pem[0], "key": pem[1], "snis": [one]})
    assert taken.status == 400 and one in taken.json["fields"]["snis"]
    assert gw.admin("PATCH", f"/certificates/{one}", {"snis": None}).json["snis"] == []
    again = gw.admin("PATCH", f"/certificates/{made['id']}", {"snis": [two]})
    assert again.json["snis"] == [two]
    assert gw.admin("DELETE", f"/certificates/{two}").status == 204
    assert gw.admin("GET", f"/snis/{two}").status == 404


def self_signed(folder):
    import subprocess
    cert, key = os.path.join(folder, "c.pem"), os.path.join(folder, "k.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=x.test", "-out", cert,
                    "-keyout", key], check=True, stderr=subprocess.DEVNULL)
    return cert, key


# --- what the node has cached

def test_the_cache_tells_what_was_looked_up(gw, upstream):
    gw.create("/services", {"name": "cached", "url": f"http://127.0.0.1:{upstream}"})
    gw.create("/services/cached/routes", {"paths": ["/cached"]})
    gw.create("/services/cached/plugins", {"name": "key-auth"})
    consumer = gw.create("/consumers", {"username": name()})
    secret = name()
    key = gw.create(f"/consumers/{consumer['id']}/key-auth", {"key": secret})
    workspace = gw.admin("GET", "/workspaces/default").json["id"]
    entry = f"/cache/keyauth_credentials:{secret}:::::{workspace}"
    assert gw.admin("GET", entry).status == 404
    assert gw.proxy("GET", "/cached", headers={"apikey": secret}).status == 200
    found = gw.admin("GET", entry)
    assert (found.status, found.json["id"]) == (200, key["id"])
    nobody = f"/cache/keyauth_credentials:nobody:::::{workspace}"
    assert gw.admin("GET", nobody).status == 404
    assert gw.proxy("GET", "/cached", headers={"apikey": "nobody"}).status == 401
    assert (gw.admin("GET", nobody).status, gw.admin("GET", nobody).json) == (200, {})  # known to be absent
    gw.create(f"/consumers/{consumer['id']}/key-auth", {"key": "nobody"})
    assert gw.admin("GET", nobody).status == 404
    assert gw.proxy("GET", "/cached", headers={"apikey": secret}).status == 200
    assert gw.admin("DELETE", entry).status == 204
    assert gw.admin("GET", entry).status == 404
    assert gw.proxy("GET", "/cached", headers={"apikey": secret}).status == 200
    assert gw.admin("GET", entry).status == 200
    assert gw.admin("DELETE", "/cache").status == 204
    assert gw.admin("GET", entry).status == 404


# --- ours

def test_generations_grow(gw):
    first = gw.admin("POST", "/services", {"host": "g.test"})
    second = gw.admin("PATCH", f"/services/{first.json['id']}", {"port": 81})
    assert int(second.headers["X-Silverback-Generation"]) > int(first.headers["X-Silverback-Generation"])
    assert "X-Silverback-Generation" not in gw.admin("GET", "/services").headers


def test_editing_together(gw):
    made = service(gw)
    path = f"/services/{made['id']}"
    tag = gw.admin("GET", path).headers["ETag"]
    assert gw.admin("PATCH", path, {"port": 81}, {"If-Match": tag}).status == 200
    assert gw.admin("PATCH", path, {"port": 82}, {"If-Match": tag}).status == 412
    assert gw.admin("GET", path).json["port"] == 81
    assert gw.admin("PUT", path, {"host": "x.test"}, {"If-Match": "*"}).status == 200
    assert gw.admin("DELETE", path, None, {"If-Match": '"0"'}).status == 412
    tag = gw.admin("GET", path).headers["ETag"]
    assert gw.admin("DELETE", path, None, {"If-Match": f'"0", {tag}'}).status == 204
    assert gw.admin("PUT", path, {"host": "x.test"}, {"If-Match": "*"}).status == 412


def test_transactions_are_all_or_nothing(gw):
    a, b = name(), name()
    done = gw.admin("POST", "/transactions", {"operations": [
        {"method": "POST", "path": "/services", "body": {"name": a, "host": "t.test"}},
        {"method": "POST", "path": f"/services/{a}/routes", "body": {"paths": ["/t"]}}]})
    assert done.status == 200, done.body
    assert [result["status"] for result in done.json["results"]] == [201, 201]
    assert done.json["results"][1]["body"]["service"]["id"] == done.json["results"][0]["body"]["id"]
    failed = gw.admin("POST", "/transactions", {"operations": [
        {"method": "POST", "path": "/services", "body": {"name": b, "host": "t.test"}},
        {"method": "POST", "path": "/services", "body": {"name": a, "host": "t.test"}}]})
    assert (failed.status, failed.json["operation"], failed.json["error"]["code"]) == (409, 2, 5)
    assert gw.admin("GET", f"/services/{b}").status == 404
    for operation in ({"method": "GET", "path": "/services"}, {"method": "POST", "path": "/config"}, {}, 7):
        assert gw.admin("POST", "/transactions", {"operations": [operation]}).status == 400


def test_why_this_route(gw):
    plain = gw.create("/routes", {"name": name(), "hosts": ["why.test"], "paths": ["/w"]})
    special = gw.create("/routes", {"name": name(), "hosts": ["why.test"], "paths": ["/w"], "headers": {"x-v": ["2"]}})

    def won(query):
        return [row["id"] for row in gw.admin("GET", f"/debug/route?{query}").json if row["verdict"] == "matched"]
    assert won("host=why.test&path=/w&header.x-v=2") == [special["id"]], gw.admin("GET", "/debug/route?host=why.test&path=/w&header.x-v=2").body
    assert won("host=why.test&path=/w") == [plain["id"]]
    assert won("host=none.test&path=/nothing-here") == []


def test_the_description(gw):
    spec = gw.admin("GET", "/openapi.json").json
    assert spec["openapi"].startswith("3.")
    assert set(spec["paths"]["/services/{services}"]) >= {"get", "put", "patch", "delete"}
    references = set()

    def walk(node):
        if isinstance(node, dict):
            references.update([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            [walk(value) for value in node.values()]
        elif isinstance(node, list):
            [walk(value) for value in node]
    walk(spec)
    for reference in references:
        node = spec
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_the_token():
    with Gateway(KONG_ADMIN_TOKEN=TOKEN) as gw:
        assert gw.admin("GET", "/services").status == 401
        assert gw.admin("GET", "/services", headers={"Kong-Admin-Token": "wrong"}).status == 401
        assert gw.admin("GET", "/services", headers={"Kong-Admin-Token": TOKEN}).status == 200
        assert gw.admin("GET", "/services", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
        assert gw.admin("OPTIONS", "/services").status == 204
        assert gw.request(gw.status_port, "GET", "/status").status == 200
        assert TOKEN not in json.dumps(gw.admin("GET", "/", headers={"Kong-Admin-Token": TOKEN}).json)


def test_extensions_are_off_by_default(gateway):
    answer = gateway.admin("POST", "/services", {"host": "h.test"})
    assert not {"ETag", "X-Silverback-Generation"} & set(answer.headers)
    for path in ("/transactions", "/debug/route", "/openapi.json"):
        assert gateway.admin("GET", path).status == 404


# --- tools that keep a gateway's configuration in files: read everything, write it back, remove it

def everything(gw):
    """One entity of every kind, in the order in which they can be made, as (collection, row)."""
    folder = os.path.join(gw.prefix, "pair2")
    os.makedirs(folder, exist_ok=True)
    cert, key = (open(path).read() for path in self_signed(folder))
    rows = []

    def make(path, body, collection=None):
        row = gw.create(path, body)
        rows.append((collection or path, row))
        return row
    make("/ca_certificates", {"cert": cert, "tags": ["t"]})
    certificate = make("/certificates", {"cert": cert, "key": key, "snis": [f"{name()}.test"]})
    parent = make("/services", {"name": name(), "url": "https://s.test:8443/p", "client_certificate": {"id": certificate["id"]},
                                "tls_verify": True, "tags": ["t", "u"]})
    route = make("/routes", {"name": name(), "service": {"id": parent["id"]}, "hosts": ["a.test"], "paths": ["/x", "/y"],
                             "headers": {"x-v": ["1", "2"]}, "methods": ["GET"], "snis": ["a.test"]})
    make("/routes", {"protocols": ["tcp"], "sources": [{"ip": "10.0.0.0/8"}, {"port": 9}]})
    consumer = make("/consumers", {"username": name(), "custom_id": name()})
    upstream = make("/upstreams", {"name": name(), "hash_on": "header", "hash_on_header": "x", "healthchecks": {"active": {"timeout": 2}}})
    gw.create(f"/upstreams/{upstream['name']}/targets", {"target": "t.test:80", "weight": 7})
    make("/key-auths", {"consumer": {"id": consumer["id"]}})
    make("/hmac-auths", {"consumer": {"id": consumer["id"]}, "username": name()})
    make("/jwts", {"consumer": {"id": consumer["id"]}})
    make("/acls", {"consumer": {"id": consumer["id"]}, "group": "g"})
    make("/oauth2", {"consumer": {"id": consumer["id"]}, "name": "app", "redirect_uris": ["http://a.test/"]})
    make("/vaults-beta", {"name": "env", "prefix": "v" + name(), "config": {"prefix": "A_"}})
    make("/plugins", {"name": "acl", "route": {"id": route["id"]}, "config": {"allow": ["g"]}})
    make("/plugins", {"name": "rate-limiting", "service": {"id": parent["id"]}, "consumer": {"id": consumer["id"]}, "config": {"minute": 5}})
    make("/plugins", {"name": "response-ratelimiting", "route": {"id": route["id"]}, "config": {"limits": {"v": {"minute": 1}}}})
    make("/plugins", {"name": "datadog", "service": {"id": parent["id"]}})
    make("/plugins", {"name": "request-transformer", "route": {"id": route["id"]}, "config": {"add": {"headers": ["a:b"]}}})
    make("/plugins", {"name": "session", "route": {"id": route["id"]}})
    return rows


def without_times(row):
    return {key: value for key, value in row.items() if key not in ("created_at", "updated_at")}


def test_what_was_read_can_be_written_back_and_made_again(gw):
    rows = everything(gw)
    for collection, row in rows:
        path = f"{collection}/{row['id']}"
        assert gw.admin("GET", path).json == row
        again = gw.admin("PUT", path, row)
        assert again.status == 200, (path, again.body)
        assert without_times(again.json) == without_times(row)
        assert any(listed == again.json for page in pages(gw, f"{collection}?size=1000") for listed in page)
    for collection, row in reversed(rows):
        assert gw.admin("DELETE", f"{collection}/{row['id']}").status == 204
        assert gw.admin("GET", f"{collection}/{row['id']}").status == 404
    for collection, row in rows:
        made = gw.admin("PUT", f"{collection}/{row['id']}", row)
        assert made.status == 200, (collection, made.body)
        assert without_times(made.json) == without_times(row)
        assert made.json["created_at"] == row["created_at"]


# --- acme

def test_acme_answers_only_where_the_plugin_is(gw):
    assert gw.admin("POST", "/acme", {"host": "a.test"}).status == 404
    page = gw.admin("GET", "/acme/certificates")
    assert (page.status, b"404 Not Found" in page.body) == (404, True)
    plugin = gw.create("/plugins", {"name": "acme", "config": {"account_email": "a@b.test", "domains": ["a.test"], "tos_accepted": True}})
    try:
        assert gw.admin("GET", "/acme/certificates").json == {"data": {}}
        missing = gw.admin("GET", "/acme/certificates/x.test")
        assert (missing.status, missing.json["message"]) == (404, "Certificate for host x.testnot found in storage")
        assert gw.admin("POST", "/acme", {"host": "a.test:80"}).json["message"] == "port is not allowed in host"
        test = gw.admin("POST", "/acme", {"host": "z.test", "test_http_challenge_flow": True})
        assert test.json["message"].endswith("host is not included in plugin config.domains")
    finally:
        gw.admin("DELETE", f"/plugins/{plugin['id']}")

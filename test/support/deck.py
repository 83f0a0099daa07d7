"""What the go-kong client and decK do, request by request: enough of both to keep a gateway's configuration in a file.

Client: a method and a path for each operation, bodies without absent members, lists by `size` and `offset`, errors by status.
Deck: defaults filled from the node's own schemas, dump, diff, sync in the order of dependencies, reset.
"""
import copy
import urllib.parse

PAGE_SIZE = 1000

# kind -> collection; what is made earlier comes first, what is removed later comes last.
LEVELS = [
    {"certificate": "/certificates", "ca_certificate": "/ca_certificates", "consumer": "/consumers", "vault": "/vaults-beta"},
    {"sni": "/snis", "service": "/services", "upstream": "/upstreams", "key-auth": "/key-auths", "hmac-auth": "/hmac-auths", "jwt": "/jwts",
     "basic-auth": "/basic-auths", "oauth2": "/oauth2", "acl": "/acls"},
    {"route": "/routes", "target": None},
    {"plugin": "/plugins"},
]
CREDENTIALS = {"key-auth": "key-auth", "hmac-auth": "hmac-auth", "jwt": "jwt", "basic-auth": "basic-auth", "oauth2": "oauth2", "acl": "acls"}
COLLECTIONS = {kind: path for level in LEVELS for kind, path in level.items()}
UNCOMPARED = {"created_at", "updated_at", "cert_digest"}  # the node's own
UNORDERED = {"tags", "protocols", "methods", "hosts"}


class ApiError(Exception):
    def __init__(self, answer):
        super().__init__(f"HTTP status {answer.status} (message: {answer.json.get('message')!r})")
        self.status, self.message = answer.status, answer.json.get("message")


class Client:
    def __init__(self, gw):
        self.gw = gw

    def do(self, method, path, body=None):
        answer = self.gw.admin(method, path, body)
        if not 200 <= answer.status < 400:
            raise ApiError(answer)
        return answer.json if answer.body else None

    def exists(self, path):
        try:
            return self.do("GET", path) is not None
        except ApiError as error:
            if error.status != 404:
                raise
            return False

    def list(self, path, tags=(), size=PAGE_SIZE, all_tags=True):
        rows, offset = [], None
        while True:
            query = {"size": size, **({"offset": offset} if offset else {}), **({"tags": (",", "/")[not all_tags].join(tags)} if tags else {})}
            page = self.do("GET", f"{path}?{urllib.parse.urlencode(query)}")
            rows += page["data"]
            offset = page.get("offset")
            if not offset:
                return rows

    def create(self, collection, row):
        """By PUT when the row has an id."""
        row = without_nulls(row)
        return self.do("PUT", f"{collection}/{row['id']}", row) if row.get("id") else self.do("POST", collection, row)

    def update(self, collection, row):
        return self.do("PATCH", f"{collection}/{row['id']}", without_nulls(row))

    def delete(self, collection, key):
        return self.do("DELETE", f"{collection}/{key}")


def without_nulls(row):
    """Members of entities that are absent are not sent; those of plugin configurations are, as null."""
    return {key: value for key, value in row.items() if value is not None}


def members(schema):
    return [next(iter(field.items())) for field in schema.get("fields", [])]


def defaults(schema):
    return {name: defaults(field) if field["type"] == "record" else field.get("default") for name, field in members(schema)}


def merge(row, extra):
    """What `row` lacks, from `extra`."""
    for name, value in extra.items():
        if isinstance(value, dict) and isinstance(row.get(name), dict):
            merge(row[name], value)
        elif row.get(name) is None and value is not None:
            row[name] = copy.deepcopy(value)


def fill_record(schema, config):
    """A plugin's configuration with the defaults of its schema, and null where it has none."""
    filled = dict(config)
    for name, field in members(schema):
        value = config.get(name)
        if field["type"] == "record" and (value is not None or field.get("required")):
            filled[name] = fill_record(field, value or {})
        elif field["type"] in ("array", "set") and field["elements"]["type"] == "record" and value:
            filled[name] = [fill_record(field["elements"], each) for each in value]
        elif name not in config:
            filled[name] = copy.deepcopy(field.get("default"))
    return filled


class Deck:
    def __init__(self, gw, tags=()):
        self.client, self.tags, self.schemas = Client(gw), tags, {}

    def schema(self, path):
        if path not in self.schemas:
            self.schemas[path] = self.client.do("GET", f"/schemas/{path}")
        return self.schemas[path]

    def dump(self):
        """{kind: {id: row}}"""
        state = {}
        for kind, collection in COLLECTIONS.items():
            rows = self.client.list(collection, self.tags) if collection else self.targets(state["upstream"].values())
            state[kind] = {row["id"]: row for row in rows}
        for row in state["certificate"].values():
            row.pop("snis")
        return state

    def targets(self, upstreams):
        return [row for upstream in upstreams for row in self.client.list(f"/upstreams/{upstream['id']}/targets", self.tags)]

    def wanted(self, content):
        """The file's rows as the gateway will show them."""
        state = {kind: {} for kind in COLLECTIONS}
        for kind, rows in content.items():
            for row in copy.deepcopy(rows):
                if kind in ("service", "route", "upstream", "target"):
                    merge(row, defaults(self.schema(COLLECTIONS[kind].strip("/") if COLLECTIONS[kind] else "targets")))
                if kind == "plugin":
                    schema = dict(members(self.schema(f"plugins/{row['name']}")))
                    row["config"] = fill_record(schema["config"], row.get("config", {}))
                    row.setdefault("enabled", True)
                    row.setdefault("protocols", schema.get("protocols", {}).get("default", ["grpc", "grpcs", "http", "https"]))
                if self.tags:
                    row["tags"] = row.get("tags", []) + list(self.tags)
                state[kind][row["id"]] = row
        return state

    def diff(self, content):
        """(operation, kind, row) in the order in which decK does them."""
        now, wanted, steps = self.dump(), self.wanted(content), []
        for level in reversed(LEVELS):
            for kind in level:
                steps += [("delete", kind, row) for key, row in now[kind].items() if key not in wanted[kind]]
        for level in LEVELS:
            for kind in level:
                for key, row in wanted[kind].items():
                    if key not in now[kind]:
                        steps.append(("create", kind, row))
                    elif not same(now[kind][key], row):
                        steps.append(("update", kind, self.with_names(kind, row, now, wanted)))
        return steps

    def with_names(self, kind, row, now, wanted):
        """A PUT of a certificate without its names would remove those that it keeps."""
        if kind != "certificate":
            return row
        kept = [sni for key, sni in now["sni"].items() if key in wanted["sni"]]
        return {**row, "snis": [sni["name"] for sni in kept if sni["certificate"]["id"] == row["id"]]}

    def sync(self, content):
        steps = self.diff(content)
        for operation, kind, row in steps:
            self.perform(operation, kind, row)
        return steps

    def perform(self, operation, kind, row):
        client, collection = self.client, COLLECTIONS[kind]
        if kind in CREDENTIALS:
            collection = f"/consumers/{row['consumer']['id']}/{CREDENTIALS[kind]}"
        if kind == "target":
            collection = f"/upstreams/{row['upstream']['id']}/targets"
            if operation != "create":
                client.delete(collection, row["id"])
            if operation != "delete":
                client.do("POST", collection, without_nulls(row))
        elif operation == "delete":
            client.delete(collection, row["id"])
        else:
            client.create(collection, row)

    def reset(self):
        state = self.dump()
        for kind in ("route", "consumer", "upstream", "ca_certificate", "vault"):
            for key in state[kind]:
                self.client.delete(COLLECTIONS[kind], key)
        for row in state["plugin"].values():
            if not (row["route"] or row["service"] or row["consumer"]):
                self.client.delete("/plugins", row["id"])
        for kind in ("service", "certificate"):
            for key in state[kind]:
                self.client.delete(COLLECTIONS[kind], key)


def same(one, other):
    return comparable(one) == comparable(other)


def comparable(row):
    """Absent members count as null, but for those of a plugin's configuration: what the schema names must be shown."""
    plain = {key: value for key, value in row.items() if key not in UNCOMPARED and key != "config"}
    plain = deep_without_nulls(plain)
    for key in UNORDERED & plain.keys():
        plain[key].sort()
    return {**plain, "config": strict(row.get("config"))}


def deep_without_nulls(value):
    if isinstance(value, dict):
        return {key: deep_without_nulls(each) for key, each in value.items() if each is not None}
    return [deep_without_nulls(each) for each in value] if isinstance(value, list) else value


def strict(config):
    if isinstance(config, dict):
        return {key: strict(value) for key, value in config.items()}
    return deep_without_nulls(config)

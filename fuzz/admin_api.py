#!/usr/bin/env python3
"""Sends random requests, made from the Admin API's own description, to a gateway and looks for answers that no client may get.

    fuzz/admin_api.py [--build build/asan] [--seconds 600] [--seed N]

Wrong are: a status of 500 and above, a connection without an answer, a JSON answer that is none, a refusal without a message, and
whatever the gateway's log calls an alarm. Prints every kind of wrong answer once, with the request that brings it about, and exits 1.
"""
import argparse
import collections
import http.client
import json
import pathlib
import random
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test/support"))
from gateway import Gateway  # noqa: E402

ODD_TEXTS = ["", " ", "a", "null", "true", "-1", "a b", "%", "%zz", "*", "*.x", "x.*", "/", "//", "/../", "~^/(", "[", "]", "{}", "[]", "'", '"',
             "\\", "é", "\u0000", "\ud83d\ude00", "\n", "a" * 300, "http://h:1/p", "https://[::1]:9/", "127.0.0.1", "::1", "10.0.0.0/8", "h.test:80",
             "$(1+", "return (", "{vault://env/x}", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"]
ODD_NUMBERS = [0, -1, 1, 2**31, 2**53, 2**63, -2**63, 1e300, 0.5, 65536]
METHODS = ["get", "post", "put", "patch", "delete", "options", "head"]


class Maker:
    """Values for schemas, mostly right ones."""

    def __init__(self, spec, rng):
        self.spec, self.rng, self.ids = spec, rng, collections.deque(maxlen=400)

    def resolve(self, schema):
        while isinstance(schema, dict) and "$ref" in schema:
            node = self.spec
            for step in schema["$ref"].removeprefix("#/").split("/"):
                node = node[step]
            schema = node
        return schema or {}

    def text(self):
        if self.rng.random() < 0.3:
            return self.rng.choice(ODD_TEXTS)
        return "".join(self.rng.choice("abc123-_.") for _ in range(self.rng.randint(1, 12)))

    def anything(self, depth=0):
        kind = self.rng.randrange(7 if depth < 3 else 5)
        if kind == 5:
            return [self.anything(depth + 1) for _ in range(self.rng.randrange(3))]
        if kind == 6:
            return {self.text(): self.anything(depth + 1) for _ in range(self.rng.randrange(3))}
        return [None, True, self.rng.choice(ODD_NUMBERS), self.text(), self.rng.choice(list(self.ids) or ["x"])][kind]

    def value(self, schema, depth=0):
        schema = self.resolve(schema)
        if self.rng.random() < 0.08 or depth > 6:
            return self.anything(depth)
        for key in ("oneOf", "anyOf", "allOf"):
            if schema.get(key):
                return self.value(self.rng.choice(schema[key]), depth + 1)
        if schema.get("enum"):
            return self.rng.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            return self.members(schema, depth)
        if kind == "array":
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(self.rng.randrange(3))]
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", 0), schema.get("maximum", 100)
            return self.rng.choice(ODD_NUMBERS) if self.rng.random() < 0.2 else self.rng.randint(int(low), int(min(high, 2**31)))
        if schema.get("format") == "uuid" and self.ids:
            return self.rng.choice(self.ids)
        return self.text() if kind == "string" else self.anything(depth)

    def members(self, schema, depth):
        properties, made = schema.get("properties", {}), {}
        for key, inner in properties.items():
            if key in schema.get("required", []) or self.rng.random() < 0.3:
                made[key] = {"id": self.rng.choice(self.ids)} if key in ("service", "route", "consumer", "upstream", "certificate") and self.ids \
                    and self.rng.random() < 0.8 else self.value(inner, depth + 1)
        if "host" in made and self.rng.random() < 0.7:
            made["host"] = "h.test"
        if "name" in made and "config" in made and self.rng.random() < 0.8:
            made["name"] = self.rng.choice(["key-auth", "acl", "cors", "rate-limiting", "statsd", "jwt", "request-transformer", "acme", "http-log"])
        if self.rng.random() < 0.1:
            made[self.text()] = self.anything(depth)
        return made

    def form(self, value, prefix=""):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from self.form(inner, f"{prefix}.{key}" if prefix else key)
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                yield from self.form(inner, prefix + self.rng.choice(["[]", f"[{i + 1}]", ""]))
        else:
            yield prefix, "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class Fuzzer:
    def __init__(self, gw, seed):
        self.rng = random.Random(seed)
        self.gw, self.spec = gw, gw.admin("GET", "/openapi.json").json
        self.maker = Maker(self.spec, self.rng)
        self.operations = [(path, method, operation) for path, item in self.spec["paths"].items() for method, operation in item.items()
                           if method in METHODS]
        self.statuses, self.found, self.connection = collections.Counter(), {}, None
        self.before = None

    def path(self, pattern):
        parts = []
        for part in pattern.split("/"):
            if part.startswith("{"):
                known = self.maker.ids and self.rng.random() < 0.7
                part = urllib.parse.quote(self.rng.choice(self.maker.ids) if known else self.maker.text(), safe="", errors="surrogatepass")
            parts.append(part)
        query = {}
        for key in ("size", "offset", "tags", "custom_id", "host", "path", "balancer_health"):
            if self.rng.random() < 0.04:
                query[key] = self.rng.choice(["1", "1000", "a,b", "a/b", self.maker.text()])
        return "/".join(parts) + ("?" + urllib.parse.urlencode(query, errors="surrogatepass") if query else "")

    def body(self, operation):
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        value = self.maker.value(schema) if self.rng.random() < 0.9 else self.maker.anything()
        kind = self.rng.random()
        if kind < 0.7:
            text = json.dumps(value).encode("utf-8", "surrogatepass")
            if self.rng.random() < 0.05:
                text = self.broken(text)
            return text, "application/json"
        pairs = list(self.maker.form(value)) if isinstance(value, dict) else []
        if kind < 0.9:
            text = urllib.parse.urlencode(pairs, errors="surrogatepass").encode()
            return (self.broken(text) if self.rng.random() < 0.1 else text), "application/x-www-form-urlencoded"
        text = "".join(f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{inner}\r\n' for key, inner in pairs) + "--b--\r\n"
        text = text.encode("utf-8", "surrogatepass")
        return (self.broken(text) if self.rng.random() < 0.1 else text), "multipart/form-data; boundary=b"

    def broken(self, text):
        data = bytearray(text or b"x")
        for _ in range(self.rng.randint(1, 4)):
            data[self.rng.randrange(len(data))] = self.rng.randrange(256)
        return bytes(data[:self.rng.randint(0, len(data))])

    def send(self, method, path, body, kind):
        """A connection that was used before may be closed by the time: then once more, on a new one."""
        used = self.connection is not None and self.connection.sock is not None
        try:
            return self.exchange(method, path, body, kind)
        except (http.client.HTTPException, OSError) as error:
            self.connection = None
            if used and not isinstance(error, TimeoutError):
                return self.send(method, path, body, kind)
            return 0, "", f"{error!r}, after {self.before}".encode()

    def exchange(self, method, path, body, kind):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.gw.admin_port, timeout=60)
        self.connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = self.connection.getresponse()
        self.before = (method, path, answer.status)
        return answer.status, answer.getheader("Content-Type") or "", answer.read()

    def wrong(self, method, status, kind, text):
        if status == 0:
            return "no answer"
        if status >= 500:
            return f"status {status}"
        if method == "HEAD" or status == 204 or not kind.startswith("application/json"):
            return ""
        try:
            value = json.loads(text)
        except ValueError:
            return "not JSON"
        return "no message" if status >= 400 and not value.get("message") else ""

    def step(self):
        pattern, method, operation = self.rng.choice(self.operations)
        if self.rng.random() < 0.03:
            method = self.rng.choice(METHODS)
        method, path = method.upper(), self.path(pattern)
        body, kind = self.body(operation) if method in ("POST", "PUT", "PATCH") else (None, "")
        status, content, text = self.send(method, path, body, kind)
        self.statuses[status] += 1
        if status in (200, 201) and text[:1] == b"{":
            self.learn(text)
        if why := self.wrong(method, status, content, text):
            self.found.setdefault((why, method, pattern), (path, kind, (body or b"")[:600], text[:300]))

    def learn(self, text):
        try:
            value = json.loads(text)
        except ValueError:
            return
        for row in value.get("data", [value])[:3] if isinstance(value.get("data", []), list) else []:
            if isinstance(row, dict):
                self.maker.ids.extend(row[key] for key in ("id", "name", "username", "key") if isinstance(row.get(key), str))


def sanitizers(build):
    """What nginx, which is not built with them, needs to load modules that are."""
    if not build or "asan" not in pathlib.Path(build).name:
        return {}
    files = [subprocess.run(["gcc", f"-print-file-name={name}"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
             for name in ("libasan.so", "libstdc++.so.6")]
    return {"LD_PRELOAD": " ".join(files), "ASAN_OPTIONS": "detect_leaks=0"}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build")
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int, default=int(time.time()))
    args = options.parse_args()
    print(f"seed {args.seed}", flush=True)
    with Gateway(build=args.build, KONG_ADMIN_EXTENSIONS="on", KONG_VAULTS="bundled", **sanitizers(args.build)) as gw:
        fuzzer = Fuzzer(gw, args.seed)
        end = time.monotonic() + args.seconds
        while time.monotonic() < end:
            fuzzer.step()
        print(f"{sum(fuzzer.statuses.values())} requests:", dict(sorted(fuzzer.statuses.items())))
    behaviour = [line for line in gw.last_log.splitlines() if "runtime error:" in line]
    print("\n".join(behaviour[:20]), end="\n" if behaviour else "")
    for (why, method, pattern), (path, kind, body, text) in fuzzer.found.items():
        print(f"{why}: {method} {path} [{kind}] {body!r}\n    {text!r}")
    sys.exit(1 if fuzzer.found or behaviour else 0)


if __name__ == "__main__":
    main()

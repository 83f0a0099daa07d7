#!/usr/bin/env python3
"""Fails when a folder of src/ includes what stands above it, or when code calls what only few files may call.

The direction of dependencies is the architecture (doc/architecture.md); the lists below are its exact form, and a new line in them is
a decision to be reviewed."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

MAY_INCLUDE = {
    "util": [],
    "http": ["util"],
    "schema": ["util"],
    "entity": ["schema", "util"],
    "store": ["entity", "schema", "util", "config"],
    "replica": ["entity", "schema", "util"],
    "router": ["entity", "http", "util"],
    "balancer": ["entity", "health", "util"],
    "health": ["entity", "util"],
    "dns": ["util"],
    "plugin": ["entity", "http", "schema", "util"],
    "lua": ["plugin", "http", "util"],
    "plugins": ["plugin", "entity", "http", "schema", "util"],
    "config": ["util"],
    "runtime": ["plugin", "store", "config", "replica", "router", "balancer", "health", "dns", "entity", "schema", "util"],
    "admin": ["store", "entity", "schema", "config", "http", "util"],
    "nginx": ["admin", "runtime", "lua", "plugins", "plugin", "store", "replica", "router", "balancer", "health", "dns", "config",
              "entity", "schema", "http", "util"],
    "cli": ["runtime", "store", "replica", "config", "entity", "schema", "http", "util", "plugin"],
}

# A heavy or dangerous thing -> where it may stand (path prefixes below src/).
ONLY_IN = {
    r'#include\s+[<"](ngx_|nginx\.h)': ["nginx/"],
    r"#include\s+<libpq-fe\.h>": ["store/postgres/"],
    r"#include\s+<sqlite3\.h>": ["store/sqlite/"],
    r"#include\s+<lmdb\.h>": ["replica/"],
    r"#include\s+<curl/": ["nginx/"],
    r"#include\s+<regex>": [],
    r"\bstd::regex\b": [],
    r"\b(strcpy|strcat|sprintf|gets)\s*\(": [],
}


def main():
    problems = []
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".cc", ".h"):
            continue
        name = path.relative_to(ROOT / "src").as_posix()
        folder = name.split("/")[0]
        is_test = path.stem.endswith(("_test", "_benchmark", "_fuzz", "_dbtest"))
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'#include "([a-z_]+)/', line)
            if include and not is_test:
                other = include.group(1)
                if other in MAY_INCLUDE and other != folder and other not in MAY_INCLUDE[folder]:
                    problems.append(f"src/{name}:{number}: {folder} must not include {other}")
            for pattern, places in ONLY_IN.items():
                if re.search(pattern, line) and not any(name.startswith(p) for p in places) and not is_test:
                    problems.append(f"src/{name}:{number}: only allowed in {', '.join(places) or 'no file'}: {line.strip()}")
    print("\n".join(problems) or "layers: in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

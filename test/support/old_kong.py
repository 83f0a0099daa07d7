"""A database as Kong 1.0 left it, made from the repository's own first migrations, with rows; and what nodes of Kong write.

It lacks nothing that later versions change: run_on and cluster_ca, whitelists, cache keys without a workspace, histories of targets,
times with fractions. Ids tell the table and the number of the row."""
from gateway import ROOT

SCRIPTS = ROOT / "src/store/postgres/migrations/sql"
PLUGINS = {"acl": "acl", "basic-auth": "basic_auth", "hmac-auth": "hmac_auth", "jwt": "jwt", "key-auth": "key_auth",
           "oauth2": "oauth2", "rate-limiting": "rate_limiting", "response-ratelimiting": "response_rate_limiting"}

# What 1.0 had and later versions took away.
FORMER = """
ALTER TABLE plugins ADD COLUMN run_on text;
CREATE TABLE cluster_ca (pk boolean NOT NULL PRIMARY KEY CHECK (pk), key text NOT NULL, cert text NOT NULL);
INSERT INTO cluster_ca VALUES (true, 'key', 'certificate');
CREATE FUNCTION upsert_ttl(text, uuid, text, text, timestamp without time zone) RETURNS void LANGUAGE sql AS 'SELECT';
CREATE FUNCTION delete_expired_cluster_events() RETURNS trigger LANGUAGE plpgsql
  AS 'BEGIN DELETE FROM cluster_events WHERE expire_at <= now(); RETURN NULL; END';
CREATE TRIGGER delete_expired_cluster_events_trigger AFTER INSERT ON cluster_events
  FOR EACH STATEMENT EXECUTE PROCEDURE delete_expired_cluster_events();
"""


def uuid(table, number="n"):
    """An SQL expression."""
    return f"('{table:0<8}-0000-4000-8000-' || lpad(({number})::text, 12, '0'))::uuid"


A, B, C, D, E, F = uuid("c0"), uuid("5e"), uuid("40"), uuid("91"), uuid("4a"), uuid("ac")

# {n}: how many; times differ, and have fractions.
ROWS = [
    f"INSERT INTO consumers (id, created_at, username, custom_id) SELECT {A}, timestamptz '2019-01-01 00:00:00.25Z' + n * interval"
    " '1.5 s', 'user-' || n, CASE WHEN n % 3 = 0 THEN 'custom-' || n END FROM generate_series(1, {n} * 25 / 100) n",
    f"INSERT INTO services (id, created_at, updated_at, name, retries, protocol, host, port, connect_timeout, write_timeout,"
    f" read_timeout) SELECT {B}, '2019-01-01Z', '2019-01-01Z', 'service-' || n, 5, 'http', 'host-' || n, 80, 60000, 60000, 60000"
    " FROM generate_series(1, {n} * 5 / 100) n",
    f"INSERT INTO routes (id, created_at, updated_at, name, service_id, protocols, paths, regex_priority, strip_path, preserve_host)"
    f" SELECT {C}, '2019-01-01Z', '2019-01-01Z', 'route-' || n, {B}, '{{{{http,https}}}}', ARRAY['/path-' || n], 0, true, false"
    " FROM generate_series(1, {n} * 5 / 100) n",
    f"INSERT INTO plugins (id, created_at, name, service_id, config, enabled, cache_key, run_on) SELECT {D}, timestamptz"
    " '2019-01-01 00:00:00.75Z' + n * interval '1 s', p.name, s.id, replace(p.config, '#', n::text)::jsonb, true, 'plugins:' ||"
    " p.name || '::' || s.id || ':', 'first' FROM generate_series(1, {n} * 10 / 100) n JOIN (VALUES (0, 'acl', '{{\"whitelist\":"
    " [\"group-#\"], \"blacklist\": null, \"hide_groups_header\": false}}'), (1, 'ip-restriction', '{{\"whitelist\": null,"
    " \"blacklist\": [\"10.0.0.#\"]}}'), (2, 'bot-detection', '{{\"whitelist\": [\"a\\\\\\\\b #\"], \"blacklist\": []}}'),"
    " (3, 'key-auth', '{{\"key_names\": [\"key-#\"]}}')) p (kind, name, config) ON p.kind = n % 4"
    f" JOIN services s ON s.id = {uuid('5e', '1 + n / 4')}",
    f"INSERT INTO keyauth_credentials (id, created_at, consumer_id, key) SELECT {E}, '2019-01-01Z', {A}, 'key-' || n FROM"
    " generate_series(1, {n} * 20 / 100) n",
    f"INSERT INTO acls (id, created_at, consumer_id, \"group\", cache_key) SELECT {F}, '2019-01-01Z', {A}, 'group: ' || n, 'acls:'"
    f" || {A} || ':group: ' || n || ':::' FROM generate_series(1, {{n}} * 15 / 100) n",
    f"INSERT INTO upstreams (id, created_at, name, hash_on, hash_fallback, slots, healthchecks) SELECT {uuid('0b')}, timestamptz"
    " '2019-01-01 00:00:00.5Z', 'upstream-' || n, CASE WHEN n % 2 = 0 THEN 'ip' ELSE 'none' END, 'none', 10000, '{{}}' FROM"
    " generate_series(1, {n} * 2 / 100) n",
    f"INSERT INTO targets (id, created_at, upstream_id, target, weight) SELECT {uuid('7a')}, timestamptz '2019-01-01Z' + n *"
    f" interval '1.000123 s', {uuid('0b', '1 + n / 10')}, 'target-' || n / 2, n % 3 FROM generate_series(1, {{n}} * 18 / 100) n",
]


def make(database, rows=400):
    """About `rows` rows in all."""
    database.create()
    script = [(SCRIPTS / "bookkeeping.sql").read_text(), (SCRIPTS / "core/000_base.sql").read_text()]
    meta = [("core", ["000_base", "001_14_to_15", "002_15_to_1"])]
    for plugin, name in PLUGINS.items():
        script.append((SCRIPTS / f"plugins/{plugin}.sql").read_text())
        meta.append((plugin, [f"000_base_{name}", "001_14_to_15"]))
    script.append(FORMER)
    for subsystem, names in meta:
        script.append(f"INSERT INTO schema_meta VALUES ('schema_meta', '{subsystem}', '{names[-1]}', '{{{','.join(names)}}}', '{{}}')")
    script += [statement.format(n=rows) for statement in ROWS] + ["ANALYZE"]
    database.script(";\n".join(script))
    return database


def identifier(table, number):
    return f"{table:0<8}-0000-4000-8000-{number:0>12}"


def statements(number, consumer, service, extra=""):
    """What a node of 1.0 sends for some requests of the Admin API: every column by name, upserts by key."""
    c, s, r = identifier("c0", number), identifier("5e", number), identifier("40", number)
    return f"""
INSERT INTO consumers (id, created_at, username, custom_id) VALUES ('{c}', '2021-06-01 12:00:00+00', 'between-{number}', NULL)
  RETURNING id, extract('epoch' from created_at) AS created_at, username, custom_id;
INSERT INTO services (id, created_at, updated_at, name, retries, protocol, host, port, path, connect_timeout, write_timeout,
  read_timeout) VALUES ('{s}', '2021-06-01 12:00:00+00', '2021-06-01 12:00:00+00', 'between-{number}', 5, 'http', 'h', 80, NULL,
  60000, 60000, 60000);
INSERT INTO routes (id, created_at, updated_at, name, service_id, protocols, methods, hosts, paths, snis, sources, destinations,
  regex_priority, strip_path, preserve_host) VALUES ('{r}', '2021-06-01 12:00:00+00', '2021-06-01 12:00:00+00', 'between-{number}',
  '{s}', '{{http,https}}', NULL, NULL, '{{/between}}', NULL, NULL, NULL, 0, true, false);
INSERT INTO plugins (id, created_at, name, service_id, route_id, consumer_id, config, enabled, cache_key, run_on) VALUES
  ('{identifier("91", number)}', '2021-06-01 12:00:00+00', 'acl', '{s}', NULL, NULL, '{{"whitelist": ["between"], "blacklist": null,
  "hide_groups_header": false}}', true, 'plugins:acl::{s}:', 'first');
INSERT INTO keyauth_credentials (id, created_at, consumer_id, key) VALUES ('{identifier("4a", number)}', '2021-06-01 12:00:00+00', '{c}',
  'between-{number}') ON CONFLICT (id) DO UPDATE SET key = EXCLUDED.key;
INSERT INTO acls (id, created_at, consumer_id, "group", cache_key) VALUES ('{identifier("ac", number)}', '2021-06-01 12:00:00+00', '{c}',
  'between', 'acls:{c}:between:::') ON CONFLICT (cache_key) DO UPDATE SET "group" = EXCLUDED."group";
INSERT INTO upstreams (id, created_at, name, hash_on, hash_fallback, slots, healthchecks) VALUES ('{identifier("0b", number)}',
  '2021-06-01 12:00:00+00', 'between-{number}', 'ip', 'none', 10000, '{{}}');
INSERT INTO targets (id, created_at, upstream_id, target, weight) VALUES ('{identifier("7a", number)}', '2021-06-01 12:00:00+00',
  '{identifier("0b", number)}', 'between:80', 7);
UPDATE consumers SET username = 'renamed-{number}' WHERE id = '{consumer}';
UPDATE services SET host = 'moved-{number}', updated_at = '2021-06-01 12:00:00+00' WHERE id = '{service}';
INSERT INTO ratelimiting_metrics (identifier, period, period_date, service_id, route_id, value) VALUES ('i', 'hour', '2021-06-01Z',
  '{s}', '{r}', {number}) ON CONFLICT (identifier, period, period_date, service_id, route_id) DO UPDATE SET value =
  ratelimiting_metrics.value + EXCLUDED.value;
INSERT INTO cluster_events (id, node_id, at, nbf, expire_at, channel, data) VALUES ('{identifier("eb", number)}', '{identifier("9", 9)}',
  '2021-06-01 12:00:00+00', NULL, now() + interval '1 hour', 'invalidations', 'consumers:{c}');
{extra}"""

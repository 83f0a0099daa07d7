-- The tables that all later migrations build upon.
CREATE TABLE IF NOT EXISTS cluster_events (
  id         uuid PRIMARY KEY,
  node_id    uuid NOT NULL,
  at         timestamp with time zone NOT NULL,
  nbf        timestamp with time zone,
  expire_at  timestamp with time zone NOT NULL,
  channel    text,
  data       text
);
CREATE INDEX IF NOT EXISTS cluster_events_at_idx ON cluster_events (at);
CREATE INDEX IF NOT EXISTS cluster_events_channel_idx ON cluster_events (channel);

CREATE TABLE IF NOT EXISTS services (
  id               uuid PRIMARY KEY,
  created_at       timestamp with time zone,
  updated_at       timestamp with time zone,
  name             text UNIQUE,
  retries          bigint,
  protocol         text,
  host             text,
  port             bigint,
  path             text,
  connect_timeout  bigint,
  write_timeout    bigint,
  read_timeout     bigint,
  tags             text[]
);

CREATE TABLE IF NOT EXISTS routes (
  id              uuid PRIMARY KEY,
  created_at      timestamp with time zone,
  updated_at      timestamp with time zone,
  name            text UNIQUE,
  service_id      uuid REFERENCES services (id),
  protocols       text[],
  methods         text[],
  hosts           text[],
  paths           text[],
  snis            text[],
  sources         jsonb[],
  destinations    jsonb[],
  regex_priority  bigint,
  strip_path      boolean,
  preserve_host   boolean,
  tags            text[]
);
CREATE INDEX IF NOT EXISTS routes_service_id_idx ON routes (service_id);

CREATE TABLE IF NOT EXISTS certificates (
  id          uuid PRIMARY KEY,
  created_at  timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
  cert        text,
  key         text,
  tags        text[]
);

CREATE TABLE IF NOT EXISTS snis (
  id              uuid PRIMARY KEY,
  created_at      timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
  name            text NOT NULL UNIQUE,
  certificate_id  uuid REFERENCES certificates (id),
  tags            text[]
);
CREATE INDEX IF NOT EXISTS snis_certificate_id_idx ON snis (certificate_id);

CREATE TABLE IF NOT EXISTS consumers (
  id          uuid PRIMARY KEY,
  created_at  timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
  username    text UNIQUE,
  custom_id   text UNIQUE,
  tags        text[]
);
CREATE INDEX IF NOT EXISTS consumers_username_idx ON consumers (lower(username));

CREATE TABLE IF NOT EXISTS plugins (
  id           uuid PRIMARY KEY,
  created_at   timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
  name         text NOT NULL,
  consumer_id  uuid REFERENCES consumers (id) ON DELETE CASCADE,
  service_id   uuid REFERENCES services (id) ON DELETE CASCADE,
  route_id     uuid REFERENCES routes (id) ON DELETE CASCADE,
  config       jsonb NOT NULL,
  enabled      boolean NOT NULL,
  cache_key    text UNIQUE,
  protocols    text[],
  tags         text[]
);
CREATE INDEX IF NOT EXISTS plugins_name_idx ON plugins (name);
CREATE INDEX IF NOT EXISTS plugins_consumer_id_idx ON plugins (consumer_id);
CREATE INDEX IF NOT EXISTS plugins_service_id_idx ON plugins (service_id);
CREATE INDEX IF NOT EXISTS plugins_route_id_idx ON plugins (route_id);

CREATE TABLE IF NOT EXISTS upstreams (
  id                    uuid PRIMARY KEY,
  created_at            timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(3) AT TIME ZONE 'UTC'),
  name                  text UNIQUE,
  hash_on               text,
  hash_fallback         text,
  hash_on_header        text,
  hash_fallback_header  text,
  hash_on_cookie        text,
  hash_on_cookie_path   text,
  slots                 integer NOT NULL,
  healthchecks          jsonb,
  tags                  text[]
);

CREATE TABLE IF NOT EXISTS targets (
  id           uuid PRIMARY KEY,
  created_at   timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(3) AT TIME ZONE 'UTC'),
  upstream_id  uuid REFERENCES upstreams (id) ON DELETE CASCADE,
  target       text NOT NULL,
  weight       integer NOT NULL,
  tags         text[]
);
CREATE INDEX IF NOT EXISTS targets_target_idx ON targets (target);
CREATE INDEX IF NOT EXISTS targets_upstream_id_idx ON targets (upstream_id);

CREATE TABLE IF NOT EXISTS ttls (
  primary_key_value   text NOT NULL,
  primary_uuid_value  uuid,
  table_name          text NOT NULL,
  primary_key_name    text NOT NULL,
  expire_at           timestamp without time zone NOT NULL,
  PRIMARY KEY (primary_key_value, table_name)
);
CREATE INDEX IF NOT EXISTS ttls_primary_uuid_value_idx ON ttls (primary_uuid_value);

-- unless: SELECT to_regclass('vaults_tags_idx') IS NOT NULL
CREATE TABLE IF NOT EXISTS vaults_beta (
  id           uuid PRIMARY KEY,
  ws_id        uuid REFERENCES workspaces (id),
  prefix       text UNIQUE,
  name         text NOT NULL,
  description  text,
  config       jsonb NOT NULL,
  created_at   timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
  updated_at   timestamp with time zone,
  tags         text[],
  UNIQUE (id, ws_id),
  UNIQUE (prefix, ws_id)
);
-- unless: SELECT to_regclass('vaults_beta') IS NULL
CREATE INDEX IF NOT EXISTS vaults_beta_tags_idx ON vaults_beta USING gin (tags);

-- Workspaces, of which there is one: the statements for the entities are derived (workspace.cc).
ALTER TABLE ca_certificates DROP CONSTRAINT IF EXISTS ca_certificates_cert_key;
ALTER TABLE ca_certificates ADD COLUMN IF NOT EXISTS cert_digest text UNIQUE;
ALTER TABLE services ADD COLUMN IF NOT EXISTS tls_verify boolean;
ALTER TABLE services ADD COLUMN IF NOT EXISTS tls_verify_depth smallint;
ALTER TABLE services ADD COLUMN IF NOT EXISTS ca_certificates uuid[];
ALTER TABLE upstreams ADD COLUMN IF NOT EXISTS client_certificate_id uuid REFERENCES certificates (id);
CREATE INDEX IF NOT EXISTS upstreams_fkey_client_certificate ON upstreams (client_certificate_id);

CREATE TABLE IF NOT EXISTS workspaces (
  id          uuid PRIMARY KEY,
  name        text UNIQUE,
  comment     text,
  created_at  timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
  meta        jsonb,
  config      jsonb
);
INSERT INTO workspaces (id, name) VALUES ('$(NEW_UUID)', 'default') ON CONFLICT DO NOTHING;

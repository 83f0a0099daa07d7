ALTER TABLE upstreams ADD COLUMN IF NOT EXISTS algorithm text;

CREATE TABLE IF NOT EXISTS ca_certificates (
  id          uuid PRIMARY KEY,
  created_at  timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
  cert        text NOT NULL,
  tags        text[]
);

ALTER TABLE routes ADD COLUMN IF NOT EXISTS headers jsonb;
ALTER TABLE services ADD COLUMN IF NOT EXISTS client_certificate_id uuid REFERENCES certificates (id);
CREATE INDEX IF NOT EXISTS services_fkey_client_certificate ON services (client_certificate_id);

CREATE TABLE IF NOT EXISTS parameters (
  key         text PRIMARY KEY,
  value       text NOT NULL,
  created_at  timestamp with time zone
);
INSERT INTO parameters (key, value) VALUES ('cluster_id', '$(NEW_UUID)') ON CONFLICT DO NOTHING;
ALTER TABLE certificates ADD COLUMN IF NOT EXISTS cert_alt text;
ALTER TABLE certificates ADD COLUMN IF NOT EXISTS key_alt text;
ALTER TABLE clustering_data_planes ADD COLUMN IF NOT EXISTS version text;
ALTER TABLE clustering_data_planes ADD COLUMN IF NOT EXISTS sync_status text NOT NULL DEFAULT 'unknown';

ALTER TABLE upstreams ADD COLUMN IF NOT EXISTS host_header text;
-- Nodes delete expired events themselves.
DROP TRIGGER IF EXISTS delete_expired_cluster_events_trigger ON cluster_events;
DROP FUNCTION IF EXISTS delete_expired_cluster_events();

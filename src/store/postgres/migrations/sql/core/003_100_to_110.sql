-- Tags: a column in every entity, and the table that `GET /tags` reads, kept by a trigger.
ALTER TABLE services ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE routes ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE certificates ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE snis ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE consumers ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE plugins ADD COLUMN IF NOT EXISTS protocols text[];
ALTER TABLE plugins ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE upstreams ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE targets ADD COLUMN IF NOT EXISTS tags text[];
CREATE INDEX IF NOT EXISTS services_tags_idx ON services USING gin (tags);
CREATE INDEX IF NOT EXISTS routes_tags_idx ON routes USING gin (tags);
CREATE INDEX IF NOT EXISTS certificates_tags_idx ON certificates USING gin (tags);
CREATE INDEX IF NOT EXISTS snis_tags_idx ON snis USING gin (tags);
CREATE INDEX IF NOT EXISTS consumers_tags_idx ON consumers USING gin (tags);
CREATE INDEX IF NOT EXISTS plugins_tags_idx ON plugins USING gin (tags);
CREATE INDEX IF NOT EXISTS upstreams_tags_idx ON upstreams USING gin (tags);
CREATE INDEX IF NOT EXISTS targets_tags_idx ON targets USING gin (tags);

CREATE TABLE IF NOT EXISTS tags (
  entity_id    uuid PRIMARY KEY,
  entity_name  text,
  tags         text[]
);
CREATE INDEX IF NOT EXISTS tags_entity_name_idx ON tags (entity_name);
CREATE INDEX IF NOT EXISTS tags_tags_idx ON tags USING gin (tags);

-- The words of this function are part of the database's schema.
CREATE OR REPLACE FUNCTION sync_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (TG_OP = 'TRUNCATE') THEN
    DELETE FROM tags WHERE entity_name = TG_TABLE_NAME;
    RETURN NULL;
  ELSIF (TG_OP = 'DELETE') THEN
    DELETE FROM tags WHERE entity_id = OLD.id;
    RETURN OLD;
  ELSE
    INSERT INTO tags VALUES (NEW.id, TG_TABLE_NAME, NEW.tags)
    ON CONFLICT (entity_id) DO UPDATE
            SET tags=EXCLUDED.tags;
  END IF;
  RETURN NEW;
END;
$$;

DROP FUNCTION IF EXISTS upsert_ttl(text, uuid, text, text, timestamp without time zone);

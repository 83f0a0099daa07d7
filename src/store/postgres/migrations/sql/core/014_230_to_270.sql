ALTER TABLE services ADD COLUMN IF NOT EXISTS enabled boolean DEFAULT true;

-- Routes that are there keep handling paths as they did; 008 gives new ones another default.
ALTER TABLE routes ADD COLUMN IF NOT EXISTS path_handling text DEFAULT 'v1';

ALTER TABLE routes ALTER COLUMN path_handling SET DEFAULT 'v0';

-- The unique constraint has an index already.
DROP INDEX IF EXISTS workspaces_name_idx;

"""What is in a database, so that two can be compared: its schema as lines, and a digest of the rows of every table.

Left out: the order of columns, the ids of the default workspace and of the cluster, which every run makes anew, and when that was."""

SCHEMA = """
SELECT 'column ' || c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' ||
       coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'constraint ' || c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_'
"""


def _masked(database, text, tables):
    """The SQL expression `text` without the ids that every run makes anew."""
    for table, column, where in (("workspaces", "id", "name = 'default'"), ("parameters", "value", "key = 'cluster_id'")):
        if table in tables:
            made = database.superuser_sql(f"SELECT {column} FROM {table} WHERE {where}")
            text = f"replace({text}, '{made}', '<{column} of {table}>')" if made else text
    return text


def _tables(database):
    return database.superuser_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").split()


def schema(database):
    """A sorted list."""
    text = _masked(database, "x", _tables(database))
    return sorted(database.superuser_sql(f"SELECT string_agg({text}, E'\\x01') FROM ({SCHEMA}) q (x)").split("\x01"))


def rows(database):
    """Table -> how many rows, and their digest."""
    tables = _tables(database)
    text = _masked(database, "x", tables)
    every = [f"SELECT '{table}', count(*) || ' ' || md5(coalesce(string_agg(md5({text}), '' ORDER BY md5({text})), '')) FROM (SELECT "
             + ("to_jsonb(t) - 'created_at'" if table == "workspaces" else "to_jsonb(t)") + f" FROM public.{table} t) q (y),"
             " LATERAL (SELECT y::text) z (x)" for table in tables]
    lines = database.superuser_sql(" UNION ALL ".join(every)).splitlines()
    return dict(line.split("|") for line in lines)


def contents(database):
    return schema(database), rows(database)

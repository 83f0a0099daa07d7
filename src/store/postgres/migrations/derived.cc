#include "store/postgres/migrations/derived.h"

#include <fmt/format.h>

namespace silverback::store::postgres::migrations {
namespace {

std::string HasConstraint(std::string_view table, std::string_view name) {
  return fmt::format(
      "SELECT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = '{}'::regclass AND conname = "
      "'{}')",
      table, name);
}

// Under its own name, as Kong looks for it: where 2.1.0 to 2.1.2 have given it another one, a
// second stands beside it after this has been run once more.
std::string HasForeignKey(std::string_view table, std::string_view column) {
  return fmt::format(
      "SELECT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conrelid = '{0}'::regclass AND "
      "c.contype = 'f' AND c.conname = '{0}_{1}_fkey' AND cardinality(c.conkey) = 2)",
      table, column);
}

void AddForeignKey(std::string_view table, const WorkspaceTable::ForeignKey& key,
                   std::vector<Step>& steps) {
  const std::string column = fmt::format("{}_id", key.name);
  steps.push_back(
      {fmt::format("ALTER TABLE {0} DROP CONSTRAINT IF EXISTS {0}_{1}_fkey, ADD CONSTRAINT "
                   "{0}_{1}_fkey FOREIGN KEY ({1}, ws_id) REFERENCES {2} (id, ws_id){3}",
                   table, column, key.table, key.cascade ? " ON DELETE CASCADE" : ""),
       HasForeignKey(table, column)});
}

void AddUnique(std::string_view table, std::string_view column, std::vector<Step>& steps) {
  const std::string name = fmt::format("{}_ws_id_{}_unique", table, column);
  steps.push_back({fmt::format("ALTER TABLE {0} DROP CONSTRAINT IF EXISTS {0}_{1}_key, ADD "
                               "CONSTRAINT {2} UNIQUE (ws_id, {1})",
                               table, column, name),
                   HasConstraint(table, name)});
}

}  // namespace

Step TagsTrigger(std::string_view table, std::string_view prefix) {
  return {
      fmt::format("CREATE TRIGGER {1}_sync_tags_trigger AFTER INSERT OR UPDATE OF tags OR "
                  "DELETE ON {0} FOR EACH ROW EXECUTE PROCEDURE sync_tags()",
                  table, prefix),
      fmt::format("SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass('{}') AND "
                  "tgname = '{}_sync_tags_trigger')",
                  table, prefix)};
}

std::vector<Step> AddTags(std::string_view table, std::string_view prefix) {
  return {{fmt::format("ALTER TABLE {} ADD COLUMN IF NOT EXISTS tags text[]", table), ""},
          {fmt::format("CREATE INDEX IF NOT EXISTS {}_tags_idex_tags_idx ON {} USING gin (tags)",
                       prefix, table),
           ""},
          TagsTrigger(table, prefix)};
}

std::vector<Step> AddWorkspace(const std::vector<WorkspaceTable>& tables) {
  std::vector<Step> steps;
  for (const WorkspaceTable& one : tables) {
    steps.push_back({fmt::format("ALTER TABLE {} ADD COLUMN IF NOT EXISTS ws_id uuid REFERENCES "
                                 "workspaces (id) DEFAULT '$(WORKSPACE)'",
                                 one.table),
                     fmt::format("SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = "
                                 "'{}'::regclass AND attname = 'ws_id' AND NOT attisdropped)",
                                 one.table)});
    const std::string pair = fmt::format("{}_id_ws_id_unique", one.table);
    steps.push_back(
        {fmt::format("ALTER TABLE {} ADD CONSTRAINT {} UNIQUE (id, ws_id)", one.table, pair),
         HasConstraint(one.table, pair)});
    for (const auto& key : one.foreign_keys) AddForeignKey(one.table, key, steps);
    for (std::string_view column : one.uniques) AddUnique(one.table, column, steps);
  }
  return steps;
}

std::vector<Step> DropWorkspaceDefault(const std::vector<WorkspaceTable>& tables) {
  std::vector<Step> steps;
  for (const WorkspaceTable& one : tables) {
    steps.push_back({fmt::format("ALTER TABLE {} ALTER COLUMN ws_id DROP DEFAULT", one.table), ""});
  }
  return steps;
}

Backfill WorkspaceInCacheKeys(std::string_view table) {
  Backfill fill;
  fill.table = table;
  fill.about = "workspaces in cache keys";
  fill.where = "t.cache_key LIKE '%:'";
  fill.set = "cache_key = t.cache_key || ':$(WORKSPACE)'";
  return fill;
}

}  // namespace silverback::store::postgres::migrations

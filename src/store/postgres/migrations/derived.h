// Statements that are the same for many tables: tags and their trigger (1.1, 1.4), and what gives a
// table its workspace (2.1): the column ws_id, keys that include it, and foreign keys within it.
#pragma once

#include <string_view>
#include <vector>

#include "store/postgres/migrations/plan.h"

namespace silverback::store::postgres::migrations {

// `prefix`_sync_tags_trigger, which copies a row's tags into the table tags.
Step TagsTrigger(std::string_view table, std::string_view prefix);
// The column, its index and the trigger.
std::vector<Step> AddTags(std::string_view table, std::string_view prefix);

struct WorkspaceTable {
  std::string_view table;
  std::vector<std::string_view> uniques;  // columns that become unique within a workspace
  struct ForeignKey {
    std::string_view name;  // the column without _id
    std::string_view table;
    bool cascade = false;
  };
  std::vector<ForeignKey> foreign_keys;
};

std::vector<Step> AddWorkspace(const std::vector<WorkspaceTable>& tables);
// Old nodes are gone: nothing writes rows without a workspace any more.
std::vector<Step> DropWorkspaceDefault(const std::vector<WorkspaceTable>& tables);
// Keys that end in a colon, which have no workspace yet, get the default one.
Backfill WorkspaceInCacheKeys(std::string_view table);

}  // namespace silverback::store::postgres::migrations

// The names of the migrations that make up the database schema of Kong 2.8, by subsystem, in the
// order in which they run: the bookkeeping (schema_meta) of every SQL store.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "entity/catalog.h"

namespace silverback::store {

struct Subsystem {
  std::string_view name;  // "core" or a plugin
  std::vector<std::string_view> names;
};

std::span<const Subsystem> MigrationNames();

// "core" always, plugins when they are enabled.
bool IsEnabled(const Subsystem& subsystem, const entity::Catalog& catalog);

}  // namespace silverback::store

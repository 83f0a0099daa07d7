// Catalog: every entity and plugin configuration schema that this node knows, made once from the
// embedded JSON files (src/entity/schemas/*.json, src/entity/vaults/*.json,
// src/plugins/*/schema.json, src/plugins/*/daos.json) and, later, from custom plugins. Immutable
// after Create; any thread may use it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace silverback::entity {

class Catalog {
 public:
  // What else of a node's configuration decides what may be configured.
  struct Environment {
    std::vector<std::string> vaults;  // kinds of vaults that are enabled ("env")
    std::string role = "traditional";
    bool untrusted_lua = true;              // Lua code of clients may be loaded
    std::vector<std::string> dictionaries;  // of shared memory, besides those that Kong has
  };

  // `enabled_plugins`: what `plugins` in kong.conf enables ("bundled" already expanded). Entities
  // of plugins that are not enabled are left out, as in Kong. `db_less`: rate-limiting counts
  // locally by default.
  static Result<std::unique_ptr<Catalog>> Create(const std::vector<std::string>& enabled_plugins,
                                                 bool db_less = false);
  static Result<std::unique_ptr<Catalog>> Create(const std::vector<std::string>& enabled_plugins,
                                                 bool db_less, const Environment& environment);

  // Entities in dependency order: what others refer to comes first.
  std::span<const schema::Schema* const> entities() const { return ordered_; }
  const schema::Schema* Entity(std::string_view name) const;  // "services"; nullptr when unknown
  const schema::Schema* Plugin(
      std::string_view name) const;  // "key-auth"; nullptr when unknown or not enabled
  const std::vector<std::string>& enabled_plugins() const { return enabled_; }

  // Small dense number of an entity, stable for the process: index into per-kind arrays (versions,
  // caches).
  int KindIndex(std::string_view name) const;

  // Every (entity, foreign field) that refers to `target`: for cascades and nested endpoints.
  struct Referrer {
    const schema::Schema* schema;
    const schema::Field* field;
  };
  std::span<const Referrer> ReferrersOf(std::string_view target) const;

  // The names of all 36 bundled plugins, in the order of `plugins = bundled`.
  static std::span<const std::string_view> BundledPlugins();

 private:
  Catalog();
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<const schema::Schema*> ordered_;
  std::vector<std::string> enabled_;

 public:
  ~Catalog();
};

}  // namespace silverback::entity

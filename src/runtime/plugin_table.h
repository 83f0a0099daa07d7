// PluginTable: the enabled plugin rows of a configuration as objects, and which of them applies to
// a request. Immutable after Build. Precedence as in Kong 2.8: consumer+route+service,
// consumer+route, consumer+service, route+service, consumer, route, service, global; for each
// plugin name the first that exists.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugin/plugin.h"
#include "util/json.h"

namespace silverback::runtime {

// One plugin row. `plugin` is null when it could not be made: requests that it applies to are then
// refused with `error`, never passed without it.
struct PluginSlot {
  std::string id, name;
  std::string route_id, service_id, consumer_id;  // "" when the row is not bound to one
  bool for_http = true, for_stream = false;       // kinds of traffic, by the row's `protocols`
  const plugin::PluginType* type = nullptr;       // null: no handler of that name on this node
  std::unique_ptr<plugin::Plugin> plugin;
  std::string error;
  Json row;
  mutable bool started = false;  // OnStart was called; event loop only
  std::string row_text;          // to see whether a row has changed

  uint8_t phases() const {
    return plugin ? type->phases : uint8_t{plugin::kAccess | plugin::kPreread};
  }
  int priority() const { return type ? type->priority : 0; }
};

// `row`: what `row_text` says, as Schema::Present reads it.
std::shared_ptr<const PluginSlot> MakePluginSlot(std::string row_text, Json row,
                                                 plugin::PluginEnv& env);

// All rows of one plugin name.
class PluginGroup {
 public:
  void Add(std::shared_ptr<const PluginSlot> slot);
  // Null: the plugin does not apply. Any id may be "".
  const PluginSlot* Resolve(std::string_view route, std::string_view service,
                            std::string_view consumer) const;
  bool has_consumer_rows() const { return has_consumer_rows_; }
  const PluginSlot& any() const { return *slots_.front(); }

 private:
  std::vector<std::shared_ptr<const PluginSlot>> slots_;
  std::unordered_map<std::string, const PluginSlot*> by_scope_;  // "ROUTE|SERVICE|CONSUMER"
  bool has_consumer_rows_ = false;
};

// What applies to requests of one (route, service), by descending priority.
struct PluginPlan {
  struct Item {
    const PluginGroup* group;
    const PluginSlot* without_consumer;  // null when only rows bound to consumers can apply
  };
  std::vector<Item> items;
};

class PluginTable {
 public:
  static std::shared_ptr<const PluginTable> Build(
      const std::vector<std::shared_ptr<const PluginSlot>>& slots);

  const PluginPlan& global() const {
    return global_;
  }  // before routing, and for requests without a route
  PluginPlan MakePlan(std::string_view route, std::string_view service) const;
  bool empty() const { return groups_.empty(); }
  bool Uses(std::string_view name) const;

 private:
  std::vector<std::unique_ptr<PluginGroup>> groups_;  // by descending priority
  PluginPlan global_;
};

}  // namespace silverback::runtime

#include "runtime/plugin_table.h"

#include <algorithm>

#include "entity/model.h"

namespace silverback::runtime {
namespace {

std::string Scope(std::string_view route, std::string_view service, std::string_view consumer) {
  std::string key(route);
  key += '|';
  key += service;
  key += '|';
  return key += consumer;
}

void SetTraffic(PluginSlot& slot) {
  const Json* protocols = FindMember(slot.row, "protocols");
  if (protocols == nullptr || !protocols->is_array()) return;
  slot.for_http = false;
  for (const Json& name : *protocols) {
    const auto protocol = entity::ParseProtocol(name.is_string() ? name.get<std::string>() : "");
    if (!protocol) continue;
    (entity::Bit(*protocol) & entity::kHttpProtocols ? slot.for_http : slot.for_stream) = true;
  }
}

}  // namespace

std::shared_ptr<const PluginSlot> MakePluginSlot(std::string row_text, Json row,
                                                 plugin::PluginEnv& env) {
  auto slot = std::make_shared<PluginSlot>();
  slot->row = std::move(row);
  slot->row_text = std::move(row_text);
  slot->id = StringMember(slot->row, "id");
  slot->name = StringMember(slot->row, "name");
  slot->route_id = ForeignId(slot->row, "route");
  slot->service_id = ForeignId(slot->row, "service");
  slot->consumer_id = ForeignId(slot->row, "consumer");
  SetTraffic(*slot);
  slot->type = plugin::FindPluginType(slot->name);
  if (!slot->type) {
    slot->error = "plugin '" + slot->name + "' has no handler on this node";
    return slot;
  }
  static const Json kNoConfig = Json::object();
  const Json* config = FindMember(slot->row, "config");
  auto made = slot->type->create({slot->row, config ? *config : kNoConfig}, env);
  if (made) {
    slot->plugin = std::move(*made);
  } else {
    slot->error =
        "plugin '" + slot->name + "' cannot use its configuration: " + made.error().message();
  }
  return slot;
}

void PluginGroup::Add(std::shared_ptr<const PluginSlot> slot) {
  by_scope_[Scope(slot->route_id, slot->service_id, slot->consumer_id)] = slot.get();
  has_consumer_rows_ = has_consumer_rows_ || !slot->consumer_id.empty();
  slots_.push_back(std::move(slot));
}

const PluginSlot* PluginGroup::Resolve(std::string_view route, std::string_view service,
                                       std::string_view consumer) const {
  const std::string_view none;
  const std::string_view orders[][3] = {{route, service, consumer}, {route, none, consumer},
                                        {none, service, consumer},  {route, service, none},
                                        {none, none, consumer},     {route, none, none},
                                        {none, service, none},      {none, none, none}};
  for (const auto& [r, s, c] : orders) {
    const auto found = by_scope_.find(Scope(r, s, c));
    if (found != by_scope_.end()) return found->second;
  }
  return nullptr;
}

std::shared_ptr<const PluginTable> PluginTable::Build(
    const std::vector<std::shared_ptr<const PluginSlot>>& slots) {
  auto table = std::make_shared<PluginTable>();
  std::unordered_map<std::string, PluginGroup*> by_name;
  for (const auto& slot : slots) {
    PluginGroup*& group = by_name[slot->name];
    if (!group) group = table->groups_.emplace_back(std::make_unique<PluginGroup>()).get();
    group->Add(slot);
  }
  std::sort(table->groups_.begin(), table->groups_.end(), [](const auto& a, const auto& b) {
    const PluginSlot &x = a->any(), &y = b->any();
    return x.priority() != y.priority() ? x.priority() > y.priority() : x.name > y.name;
  });
  table->global_ = table->MakePlan("", "");
  return table;
}

PluginPlan PluginTable::MakePlan(std::string_view route, std::string_view service) const {
  PluginPlan plan;
  for (const auto& group : groups_) {
    const PluginSlot* slot = group->Resolve(route, service, "");
    if (slot || group->has_consumer_rows()) plan.items.push_back({group.get(), slot});
  }
  return plan;
}

bool PluginTable::Uses(std::string_view name) const {
  return std::any_of(groups_.begin(), groups_.end(),
                     [&](const auto& group) { return group->any().name == name; });
}

}  // namespace silverback::runtime

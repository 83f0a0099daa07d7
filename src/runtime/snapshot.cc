#include "runtime/snapshot.h"

#include <algorithm>
#include <array>
#include <set>

namespace silverback::runtime {
namespace {

// The kinds that a snapshot holds; others are looked up in the replica.
constexpr std::array<std::string_view, 8> kHeld = {"services",  "routes",         "plugins",
                                                   "upstreams", "targets",        "certificates",
                                                   "snis",      "ca_certificates"};

constexpr int kDeepest = 1000;  // rows have been read once

}  // namespace

bool IsHeldBySnapshots(std::string_view kind) {
  return std::find(kHeld.begin(), kHeld.end(), kind) != kHeld.end();
}

const PluginPlan& Snapshot::PlanFor(const entity::Route* route, bool stream) const {
  const PluginTable& table = stream ? *stream_plugins : *plugins;
  if (!route || table.empty()) return table.global();
  auto& plan = plans_[route];
  if (!plan) plan = std::make_unique<PluginPlan>(table.MakePlan(route->id, route->service_id));
  return *plan;
}

struct SnapshotBuilder::State {
  const entity::Catalog& catalog;
  plugin::PluginEnv& env;
  uint64_t generation = 0;
  bool loaded = false;

  std::map<std::string, std::shared_ptr<const entity::Service>, std::less<>> services;
  std::map<std::string, std::shared_ptr<const entity::Route>, std::less<>> routes;
  std::map<std::string, std::shared_ptr<const PluginSlot>, std::less<>> plugins;
  std::map<std::string, EntityTable, std::less<>> tables;
  std::vector<std::shared_ptr<const PluginSlot>> retired;
  std::set<std::string, std::less<>> touched;  // kinds that changed since the last build
  std::set<std::string, std::less<>> changed_services;

  std::shared_ptr<Snapshot> last;

  State(const entity::Catalog& c, plugin::PluginEnv& e) : catalog(c), env(e) {}

  void Update(std::string_view kind, const std::string& key, std::string_view text);
  Json Presented(std::string_view kind, const Json& row) const;
  void UpdatePlugin(const std::string& key, std::string_view text);
  void Remove(std::string_view kind, const std::string& key);
  void LoadAll(const replica::ReadTransaction& read);
  bool LoadChanges(const replica::ReadTransaction& read);
  std::shared_ptr<const entity::Service> ServiceOf(const entity::Route& route) const;
  void ResolveServices();
  std::vector<std::shared_ptr<const entity::Route>> ServedRoutes() const;
  std::shared_ptr<const EntityTable> Table(std::string_view kind,
                                           const std::shared_ptr<const EntityTable>& old,
                                           uint64_t now);
};

// Rows of older versions lack what the code counts on.
Json SnapshotBuilder::State::Presented(std::string_view kind, const Json& row) const {
  const schema::Schema* schema = catalog.Entity(kind);
  return schema && row.is_object() ? schema->Present(row) : row;
}

void SnapshotBuilder::State::UpdatePlugin(const std::string& key, std::string_view text) {
  auto& slot = plugins[key];
  if (slot && slot->row_text == text) return;
  if (slot) retired.push_back(std::move(slot));
  touched.emplace("plugins");
  // A disabled row is as good as none.
  const auto row = ParseJson(text, kDeepest);
  if (!row || !BoolMember(*row, "enabled", true)) {
    plugins.erase(key);
    return;
  }
  slot = MakePluginSlot(std::string(text), Presented("plugins", *row), env);
  if (!slot->error.empty())
    env.log.Log(plugin::LogLevel::kError, slot->error + " (plugin " + slot->id + ")");
}

void SnapshotBuilder::State::Update(std::string_view kind, const std::string& key,
                                    std::string_view text) {
  if (kind == "plugins") return UpdatePlugin(key, text);
  auto parsed = ParseJson(text, kDeepest);
  if (!parsed) return;
  Json row = *std::move(parsed);
  touched.emplace(kind);
  if (kind == "services") {
    services[key] = entity::Service::FromRow(std::move(row));
    changed_services.insert(key);
  } else if (kind == "routes") {
    auto route = entity::Route::FromRow(std::move(row));
    route->service = ServiceOf(*route);
    routes[key] = std::move(route);
  } else {
    if (kind == "upstreams") row = Presented(kind, row);
    tables[std::string(kind)].rows[key] = std::make_shared<const Json>(std::move(row));
  }
}

void SnapshotBuilder::State::Remove(std::string_view kind, const std::string& key) {
  touched.emplace(kind);
  if (kind == "services") {
    services.erase(key);
    changed_services.insert(key);
  } else if (kind == "routes") {
    routes.erase(key);
  } else if (kind == "plugins") {
    const auto found = plugins.find(key);
    if (found == plugins.end()) return;
    retired.push_back(std::move(found->second));
    plugins.erase(found);
  } else {
    tables[std::string(kind)].rows.erase(key);
  }
}

void SnapshotBuilder::State::LoadAll(const replica::ReadTransaction& read) {
  for (const std::string_view kind : kHeld) {
    const schema::Schema* schema = catalog.Entity(kind);
    if (!schema) continue;
    size_t seen = 0;
    read.Each(*schema, [&](std::string_view key, std::string_view text) {
      Update(kind, std::string(key), text);
      return ++seen;
    });
    const auto remove_gone = [&](const auto& rows) {
      if (rows.size() <= seen) return;
      std::vector<std::string> gone;
      for (const auto& [key, row] : rows) {
        if (!read.FindText(*schema, key)) gone.push_back(key);
      }
      for (const std::string& key : gone) Remove(kind, key);
    };
    if (kind == "services") {
      remove_gone(services);
    } else if (kind == "routes") {
      remove_gone(routes);
    } else if (kind == "plugins") {
      remove_gone(plugins);
    } else {
      remove_gone(tables[std::string(kind)].rows);
    }
    touched.emplace(kind);
  }
}

bool SnapshotBuilder::State::LoadChanges(const replica::ReadTransaction& read) {
  const auto changes = read.ChangedSince(generation);
  if (!changes) return false;
  for (const replica::ChangedRow& change : *changes) {
    if (!IsHeldBySnapshots(change.entity)) continue;
    const schema::Schema* schema = catalog.Entity(change.entity);
    if (!schema) continue;
    const auto text = read.FindText(*schema, change.primary_key);
    if (text) {
      Update(change.entity, change.primary_key, *text);
    } else {
      Remove(change.entity, change.primary_key);
    }
  }
  return true;
}

std::shared_ptr<const entity::Service> SnapshotBuilder::State::ServiceOf(
    const entity::Route& route) const {
  const auto service = services.find(route.service_id);
  return service == services.end() ? nullptr : service->second;
}

void SnapshotBuilder::State::ResolveServices() {
  if (changed_services.empty()) return;
  for (auto& [id, route] : routes) {
    if (!changed_services.contains(route->service_id)) continue;
    auto service = ServiceOf(*route);
    if (service == route->service) continue;
    auto resolved = std::make_shared<entity::Route>(*route);
    resolved->service = std::move(service);
    route = std::move(resolved);
  }
  changed_services.clear();
}

std::vector<std::shared_ptr<const entity::Route>> SnapshotBuilder::State::ServedRoutes() const {
  std::vector<std::shared_ptr<const entity::Route>> served;
  served.reserve(routes.size());
  for (const auto& [id, route] : routes) {
    if (route->service && !route->service->enabled) continue;
    served.push_back(route);
  }
  return served;
}

std::shared_ptr<const EntityTable> SnapshotBuilder::State::Table(
    std::string_view kind, const std::shared_ptr<const EntityTable>& old, uint64_t now) {
  if (old && !touched.contains(kind)) return old;
  EntityTable& table = tables[std::string(kind)];
  table.version = now;
  return std::make_shared<const EntityTable>(table);
}

SnapshotBuilder::SnapshotBuilder(const entity::Catalog& catalog, plugin::PluginEnv& env)
    : state_(std::make_unique<State>(catalog, env)) {}
SnapshotBuilder::~SnapshotBuilder() = default;

std::shared_ptr<const Snapshot> SnapshotBuilder::Build(const replica::ReadTransaction& read) {
  State& s = *state_;
  if (!s.loaded || !s.LoadChanges(read)) s.LoadAll(read);
  s.loaded = true;
  s.generation = read.generation();
  s.ResolveServices();

  const std::shared_ptr<Snapshot> old = s.last;
  auto next = std::make_shared<Snapshot>();
  next->generation = s.generation;
  const bool routing = s.touched.contains("routes") || s.touched.contains("services");
  if (old && !routing) {
    next->router = old->router;
  } else {
    std::vector<std::string> skipped;
    next->router = router::Router::Build(s.ServedRoutes(), &skipped);
    for (const std::string& what : skipped)
      s.env.log.Log(plugin::LogLevel::kError, "route left out: " + what);
  }
  if (old && !s.touched.contains("plugins")) {
    next->plugins = old->plugins;
    next->stream_plugins = old->stream_plugins;
  } else {
    std::vector<std::shared_ptr<const PluginSlot>> http, stream;
    for (const auto& [id, slot] : s.plugins) {
      if (slot->for_http) http.push_back(slot);
      if (slot->for_stream) stream.push_back(slot);
    }
    next->plugins = PluginTable::Build(http);
    next->stream_plugins = PluginTable::Build(stream);
  }
  const Snapshot none;
  const Snapshot& before = old ? *old : none;
  next->upstreams = s.Table("upstreams", before.upstreams, s.generation);
  next->targets = s.Table("targets", before.targets, s.generation);
  next->certificates = before.certificates;
  if (!old || s.touched.contains("certificates") || s.touched.contains("snis"))
    next->certificates = CertificateTable::Build(s.tables["certificates"], s.tables["snis"],
                                                 before.certificates.get());
  next->ca_certificates = s.Table("ca_certificates", before.ca_certificates, s.generation);
  s.touched.clear();
  s.last = next;
  return next;
}

std::vector<std::shared_ptr<const PluginSlot>> SnapshotBuilder::TakeRetired() {
  return std::exchange(state_->retired, {});
}

}  // namespace silverback::runtime

// What GET /metrics shows of the node, by the names of Kong's Prometheus plugin.
#include "entity/plugin_adapter.h"
#include "nginx/node.h"
#include "plugins/prometheus/traffic.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using plugins::Exposition;

constexpr std::string_view kConnectionsHelp = "Number of HTTP connections";
constexpr std::string_view kHealthHelp =
    "Health status of targets of upstream. States = healthchecks_off|healthy|unhealthy|dns_error, "
    "value is 1 when state is populated.";
constexpr std::string_view kMemoryHelp = "Allocated slabs in bytes in a shared_dict";
constexpr std::string_view kMemoryTotalHelp = "Total capacity in bytes of a shared_dict";
constexpr std::string_view kReachableHelp = "Datastore reachable from Kong, 0 is unreachable";
constexpr std::string_view kTimersHelp = "Number of nginx timers";
constexpr std::string_view kWorkersHelp = "Allocated bytes in worker Lua VM";

size_t CountTimers(const ngx_rbtree_node_t* node) {
  if (node == ngx_event_timer_rbtree.sentinel) return 0;
  return 1 + CountTimers(node->left) + CountTimers(node->right);
}

void AddConnections(const Json& server, Exposition& out) {
  for (const std::string_view state :
       {"accepted", "active", "handled", "reading", "total", "waiting", "writing"}) {
    const std::string name =
        state == "total" ? "total_requests" : "connections_" + std::string(state);
    out.Gauge("kong_nginx_http_current_connections", kConnectionsHelp,
              {{"state", std::string(state)}}, NumberMember(server, name));
  }
}

// Kong's dictionaries that we have not stand for our own zone.
void AddMemory(Json zones, Exposition& out) {
  for (const char* name : entity::KnownDictionaries()) {
    if (!zones.contains(name)) zones[name] = zones["kong"];
  }
  for (const auto& [name, zone] : zones.items()) {
    const plugins::Labels labels = {{"shared_dict", name}, {"kong_subsystem", "http"}};
    out.Gauge("kong_memory_lua_shared_dict_bytes", kMemoryHelp, labels,
              NumberMember(zone, "allocated_slabs"));
    out.Gauge("kong_memory_lua_shared_dict_total_bytes", kMemoryTotalHelp, labels,
              NumberMember(zone, "capacity"));
  }
}

void AddWorkers(const Json& workers, Exposition& out) {
  for (const Json& worker : workers) {
    out.Gauge("kong_memory_workers_lua_vms_bytes", kWorkersHelp,
              {{"pid", DumpJson(worker["pid"])}, {"kong_subsystem", "http"}},
              NumberMember(worker, "http_allocated_gc"));
  }
}

void AddAddress(const std::string& upstream, const std::string& target, const std::string& address,
                const std::string& health, Exposition& out) {
  for (const char* state : {"dns_error", "healthchecks_off", "healthy", "unhealthy"}) {
    out.Gauge("kong_upstream_target_health", kHealthHelp,
              {{"upstream", upstream},
               {"target", target},
               {"address", address},
               {"state", state},
               {"subsystem", "http"}},
              health == state ? 1 : 0);
  }
}

void AddTargets(const std::string& upstream, const Json& health, Exposition& out) {
  const Json* targets = FindMember(health, "targets");
  if (targets == nullptr) return;
  for (const auto& [target, state] : targets->items()) {
    const std::string whole = ToLower(StringMember(state, "health"));
    const Json* data = FindMember(state, "data");
    const Json* addresses = data != nullptr ? FindMember(*data, "addresses") : nullptr;
    if (addresses == nullptr || addresses->empty()) {
      AddAddress(upstream, target, "", "dns_error", out);
      continue;
    }
    for (const Json& address : *addresses) {
      const std::string own = ToLower(StringMember(address, "health"));
      const std::string place =
          StringMember(address, "ip") + ":" + DumpJson(address.value("port", Json(0)));
      AddAddress(upstream, target, place, whole == "healthchecks_off" ? whole : own, out);
    }
  }
}

}  // namespace

std::string RunningNode::Metrics(bool datastore_reachable) {
  Exposition out;
  std::vector<std::pair<std::string, double>> sums;
  if (const SharedSums* metrics = parts_.dictionaries.sums()) sums = metrics->All();
  plugins::ShowTraffic(sums, out);
  const Json status = Status();
  AddConnections(status["server"], out);
  AddMemory(status["memory"]["lua_shared_dicts"], out);
  AddWorkers(status["memory"]["workers_lua_vms"], out);
  out.Gauge("kong_datastore_reachable", kReachableHelp, {}, datastore_reachable ? 1 : 0);
  std::map<std::string, Json> health;  // by the upstream's name
  size_t timers = 0;
  OnLoop([&] {
    timers = CountTimers(ngx_event_timer_rbtree.root);
    const auto snapshot = parts_.snapshot();
    if (!snapshot->upstreams) return;
    for (const auto& [id, row] : snapshot->upstreams->rows) {
      if (const auto balancer = parts_.upstreams.ById(id))
        health[StringMember(*row, "name")] = balancer->Health();
    }
  });
  out.Gauge("kong_nginx_timers", kTimersHelp, {{"state", "pending"}}, static_cast<double>(timers));
  out.Gauge("kong_nginx_timers", kTimersHelp, {{"state", "running"}}, 0);
  for (const auto& [upstream, state] : health) AddTargets(upstream, state, out);
  return out.Text();
}

}  // namespace silverback::nginx

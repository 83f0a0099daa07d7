#include "fake_node.h"

namespace silverback::test {
namespace {

bool HasPositive(const Json& value) {
  if (value.is_number()) return value.get<double>() > 0;
  if (!value.is_object()) return false;
  for (const auto& [name, member] : value.items()) {
    if (name == "interval" || name == "http_failures" || name == "tcp_failures" ||
        name == "timeouts" || member.is_object()) {
      if (HasPositive(member)) return true;
    }
  }
  return false;
}

Json TargetState(const Json& target, bool checks, bool healthy) {
  const std::string address = StringMember(target, "target");
  const size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  const int port = std::stoi(address.substr(colon + 1));
  const int weight = static_cast<int>(NumberMember(target, "weight"));
  const std::string health = checks ? (healthy ? "HEALTHY" : "UNHEALTHY") : "HEALTHCHECKS_OFF";
  const int available = healthy ? weight : 0;
  return {
      {"health", health},
      {"data",
       {{"host", host},
        {"port", port},
        {"dns", "A"},
        {"nodeWeight", weight},
        {"weight",
         {{"total", weight}, {"available", available}, {"unavailable", weight - available}}},
        {"addresses", {{{"ip", host}, {"port", port}, {"weight", weight}, {"health", health}}}}}}};
}

}  // namespace

Json FakeNode::Status() {
  return {{"server", {{"connections_active", 1}, {"total_requests", 1}}},
          {"memory",
           {{"lua_shared_dicts", {{"kong", {{"capacity", 5242880}, {"allocated_slabs", 40960}}}}},
            {"workers_lua_vms", {{{"pid", 2}, {"http_allocated_gc", 1048576}}}}}}};
}

bool FakeNode::ChecksHealth(std::string_view upstream_id) {
  const auto row = dao_.Select("upstreams", {"", std::string(upstream_id)});
  return row && *row && HasPositive((**row)["healthchecks"]);
}

Json FakeNode::UpstreamHealth(std::string_view upstream_id) {
  const bool checks = ChecksHealth(upstream_id);
  const auto page = dao_.ListFor("targets", "upstream", upstream_id, {});
  Json targets = Json::object();
  Json hosts = Json::array();
  int total = 0, available = 0;
  if (page) {
    const std::lock_guard lock(mutex_);
    for (const Json& target : page->rows) {
      const std::string address = StringMember(target, "target");
      const bool healthy = unhealthy_.count(std::string(upstream_id) + " " + address) == 0;
      targets[address] = TargetState(target, checks, healthy);
      Json host = targets[address]["data"];
      host["addresses"][0].erase("health");
      host["addresses"][0]["healthy"] = healthy;
      total += host["weight"]["total"].get<int>();
      available += host["weight"]["available"].get<int>();
      hosts.push_back(host);
    }
  }
  Json health = {{"health", "HEALTHCHECKS_OFF"}, {"targets", targets}};
  if (!checks) return health;
  health["health"] = available > 0 ? "HEALTHY" : "UNHEALTHY";
  health["details"] = {
      {"healthy", available > 0},
      {"hosts", hosts},
      {"weight", {{"total", total}, {"available", available}, {"unavailable", total - available}}}};
  return health;
}

void FakeNode::SetTargetHealth(std::string_view upstream_id, std::string_view target,
                               std::string_view, bool healthy) {
  const std::string key = std::string(upstream_id) + " " + std::string(target);
  const std::lock_guard lock(mutex_);
  if (healthy) {
    unhealthy_.erase(key);
  } else {
    unhealthy_.insert(key);
  }
}

bool FakeNode::CacheHas(std::string_view entity, const store::Key& key) {
  const std::lock_guard lock(mutex_);
  return deleted_.count(std::string(entity) + " " + key.field + " " + key.value) == 0;
}

void FakeNode::CacheDelete(std::string_view entity, const store::Key& key) {
  const std::lock_guard lock(mutex_);
  deleted_.insert(std::string(entity) + " " + key.field + " " + key.value);
}

}  // namespace silverback::test

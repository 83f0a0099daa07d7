// A node for tests of the Admin API that has no proxy: it reports every address as it was set by
// hand, and as healthy otherwise.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "admin/api.h"

namespace silverback::test {

class FakeNode : public admin::Node {
 public:
  explicit FakeNode(store::Dao& dao) : dao_(dao) {}

  Json Status() override;
  Json Pids() override { return {{"master", 1}, {"workers", {2}}}; }
  std::string NodeId() override { return "b6a4e7e2-7a0c-4a0b-9d6e-0d0f3ad3b1a1"; }
  uint64_t Generation() override { return 1; }
  Json UpstreamHealth(std::string_view upstream_id) override;
  void SetTargetHealth(std::string_view upstream_id, std::string_view target,
                       std::string_view address, bool healthy) override;
  Json ExplainRoute(const Json&) override { return nullptr; }
  std::string Metrics(bool reachable) override {
    return "kong_datastore_reachable " + std::to_string(reachable ? 1 : 0) + "\n";
  }
  bool CacheHas(std::string_view entity, const store::Key& key) override;
  void CacheDelete(std::string_view entity, const store::Key& key) override;
  void CacheClear() override {}

 private:
  bool ChecksHealth(std::string_view upstream_id);

  store::Dao& dao_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> unhealthy_;  // "UPSTREAM TARGET"
  std::set<std::string, std::less<>> deleted_;    // "ENTITY FIELD VALUE" of cached rows
};

}  // namespace silverback::test

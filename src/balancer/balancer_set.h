// The balancers of a worker: one for each upstream of the configuration, found by the name that
// services have as their host. Event loop only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/balancer.h"

namespace silverback::balancer {

// A row that came, changed or went: what it was and what it is, null where it is not there.
struct RowChange {
  std::shared_ptr<const Json> before, after;
};

class BalancerSet {
 public:
  // `table` outlives the set. `seed`: another one for each worker.
  BalancerSet(health::Table& table, uint64_t seed) : table_(table), seed_(seed) {}

  struct Changes {
    std::vector<std::shared_ptr<Balancer>> updated;  // new ones among them
    std::vector<std::string> removed;                // ids of upstreams
  };
  // Takes over what has changed since the last call; everything else is left alone, and costs
  // nothing.
  Changes Apply(const std::vector<RowChange>& upstreams, const std::vector<RowChange>& targets,
                uint32_t now);

  std::shared_ptr<Balancer> ByName(std::string_view name) const;
  std::shared_ptr<Balancer> ById(std::string_view id) const;
  bool empty() const { return by_name_.empty(); }
  template <class F>
  void ForEach(F&& use) {
    for (const auto& [name, balancer] : by_name_) use(*balancer);
  }

 private:
  struct Entry {
    std::shared_ptr<const Json> row;  // null while only targets of the upstream are known
    std::map<std::string, std::shared_ptr<const Json>> targets;  // by id
    std::shared_ptr<Balancer> balancer;
  };
  void Rebuild(const std::string& id, Entry& entry, uint32_t now);

  health::Table& table_;
  uint64_t seed_;
  std::map<std::string, Entry, std::less<>> by_id_;
  std::map<std::string, std::shared_ptr<Balancer>, std::less<>> by_name_;
};

}  // namespace silverback::balancer

// The balancers of a worker: one for each upstream of the configuration, found by the name that
// services have as their host. Event loop only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/balancer.h"

namespace silverback::balancer {

class BalancerSet {
 public:
  // `table` outlives the set. `seed`: another one for each worker.
  BalancerSet(health::Table& table, uint64_t seed) : table_(table), seed_(seed) {}

  struct Changes {
    std::vector<std::shared_ptr<Balancer>> updated;  // new ones among them
    std::vector<std::string> removed;                // ids of upstreams
  };
  // Takes over the rows of a configuration; what has not changed is left alone. Rows are compared
  // by address: an unchanged row must be the same object.
  Changes Apply(const std::vector<std::shared_ptr<const Json>>& upstreams,
                const std::vector<std::shared_ptr<const Json>>& targets, uint32_t now);

  std::shared_ptr<Balancer> ByName(std::string_view name) const;
  std::shared_ptr<Balancer> ById(std::string_view id) const;
  bool empty() const { return by_id_.empty(); }
  template <class F>
  void ForEach(F&& use) {
    for (const auto& [id, entry] : by_id_) use(*entry.balancer);
  }

 private:
  struct Entry {
    std::vector<std::shared_ptr<const Json>> rows;  // the upstream's, then its targets'
    std::shared_ptr<Balancer> balancer;
  };

  health::Table& table_;
  uint64_t seed_;
  std::map<std::string, Entry, std::less<>> by_id_;
  std::map<std::string, std::shared_ptr<Balancer>, std::less<>> by_name_;
};

}  // namespace silverback::balancer

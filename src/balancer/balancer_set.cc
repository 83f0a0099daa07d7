#include "balancer/balancer_set.h"

namespace silverback::balancer {

BalancerSet::Changes BalancerSet::Apply(const std::vector<std::shared_ptr<const Json>>& upstreams,
                                        const std::vector<std::shared_ptr<const Json>>& targets,
                                        uint32_t now) {
  std::map<std::string, std::vector<std::shared_ptr<const Json>>> rows;
  for (const auto& upstream : upstreams) rows[StringMember(*upstream, "id")].push_back(upstream);
  for (const auto& target : targets) {
    const auto found = rows.find(ForeignId(*target, "upstream"));
    if (found != rows.end()) found->second.push_back(target);
  }

  Changes changes;
  for (auto it = by_id_.begin(); it != by_id_.end();) {
    if (rows.contains(it->first)) {
      ++it;
    } else {
      changes.removed.push_back(it->first);
      it = by_id_.erase(it);
    }
  }
  by_name_.clear();
  for (auto& [id, own] : rows) {
    Entry& entry = by_id_[id];
    if (!entry.balancer || entry.rows != own) {
      std::vector<Target> decoded;
      for (size_t i = 1; i < own.size(); ++i) decoded.push_back(Target::FromRow(*own[i]));
      Upstream upstream = Upstream::FromRow(*own[0]);
      if (entry.balancer) {
        entry.balancer->Update(std::move(upstream), std::move(decoded), now);
      } else {
        entry.balancer = std::make_shared<Balancer>(std::move(upstream), std::move(decoded), table_,
                                                    seed_ ^ std::hash<std::string>()(id), now);
      }
      entry.rows = std::move(own);
      changes.updated.push_back(entry.balancer);
    }
    by_name_[entry.balancer->upstream().name] = entry.balancer;
  }
  return changes;
}

std::shared_ptr<Balancer> BalancerSet::ByName(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::shared_ptr<Balancer> BalancerSet::ById(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.balancer;
}

}  // namespace silverback::balancer

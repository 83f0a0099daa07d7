#include "balancer/balancer_set.h"

namespace silverback::balancer {

void BalancerSet::Rebuild(const std::string& id, Entry& entry, uint32_t now) {
  std::vector<Target> targets;
  targets.reserve(entry.targets.size());
  for (const auto& [target_id, row] : entry.targets) targets.push_back(Target::FromRow(*row));
  Upstream upstream = Upstream::FromRow(*entry.row);
  if (entry.balancer) {
    entry.balancer->Update(std::move(upstream), std::move(targets), now);
  } else {
    entry.balancer = std::make_shared<Balancer>(std::move(upstream), std::move(targets), table_,
                                                seed_ ^ std::hash<std::string>()(id), now);
  }
  by_name_[entry.balancer->upstream().name] = entry.balancer;
}

BalancerSet::Changes BalancerSet::Apply(const std::vector<RowChange>& upstreams,
                                        const std::vector<RowChange>& targets, uint32_t now) {
  std::set<std::string> touched;
  // What is gone or renamed leaves its name first: another one may take it over.
  for (const RowChange& change : upstreams) {
    const Json& row = change.before ? *change.before : *change.after;
    const std::string id = StringMember(row, "id");
    Entry& entry = by_id_[id];
    if (change.before) {
      const auto named = by_name_.find(StringMember(*change.before, "name"));
      if (named != by_name_.end() && named->second == entry.balancer) by_name_.erase(named);
    }
    entry.row = change.after;
    touched.insert(id);
  }
  for (const RowChange& change : targets) {
    for (const auto& [row, is_there] :
         {std::pair(change.before, false), std::pair(change.after, true)}) {
      if (!row) continue;
      const std::string id = ForeignId(*row, "upstream");
      Entry& entry = by_id_[id];
      const std::string target_id = StringMember(*row, "id");
      if (is_there) {
        entry.targets[target_id] = row;
      } else {
        entry.targets.erase(target_id);
      }
      touched.insert(id);
    }
  }

  Changes changes;
  for (const std::string& id : touched) {
    const auto found = by_id_.find(id);
    Entry& entry = found->second;
    if (entry.row) {
      Rebuild(id, entry, now);
      changes.updated.push_back(entry.balancer);
      continue;
    }
    if (entry.balancer) changes.removed.push_back(id);
    entry.balancer.reset();
    if (entry.targets.empty()) by_id_.erase(found);
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

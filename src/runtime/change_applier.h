// ChangeApplier: what nodes that share a store tell each other (store::ChangeFeed), applied to the
// node's replica: which rows do the events mean, and what are they now. One thread, which may
// block.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "entity/catalog.h"
#include "replica/replica.h"
#include "runtime/synchroniser.h"
#include "store/cluster_events.h"

namespace silverback::runtime {

class ChangeApplier {
 public:
  // All outlive it.
  ChangeApplier(const entity::Catalog& catalog, store::Store& store, replica::Replica& replica,
                Synchroniser& synchroniser)
      : catalog_(catalog), store_(store), replica_(replica), synchroniser_(synchroniser) {}

  // `position` is kept in the replica when everything is applied. After an error the same events
  // are to be given again.
  Status Apply(const std::vector<store::ClusterEvent>& events, const std::string& position);

 private:
  using Clock = std::chrono::steady_clock;
  // What a batch comes to.
  struct Plan {
    std::set<std::pair<std::string, std::string>> known;  // rows that are in `rows`
    std::vector<replica::ChangedRow> rows;
    std::set<const schema::Schema*> whole;  // entities to compare, as the rows cannot be told
    bool everything = false;
  };

  Status AddMention(const store::Mention& mention, Plan& plan);
  void AddRow(const schema::Schema& schema, std::string key, Plan& plan);
  Status AddUnique(const store::Mention& mention, Plan& plan);
  Status AddForeign(const store::Mention& mention, Plan& plan);
  // Kong tells that some row of an entity has changed, right after it told which one.
  bool ToldOf(const schema::Schema& schema) const;
  Result<store::Transaction*> Asking();
  Status Carry(const Plan& plan, const std::string& position);

  const entity::Catalog& catalog_;
  store::Store& store_;
  replica::Replica& replica_;
  Synchroniser& synchroniser_;
  std::unique_ptr<store::Transaction> transaction_;  // of the batch in hand
  std::map<std::string, Clock::time_point> told_;    // when rows of an entity were last named
  std::optional<Clock::time_point> compared_everything_;
};

}  // namespace silverback::runtime

// Publisher: brings committed writes into the node's replica and waits until every worker serves by
// them: what makes a change visible when its answer is sent. Consumers, credentials and others that
// no snapshot holds need no waiting. Any thread that may block.
#pragma once

#include <functional>
#include <string_view>

#include "replica/replica.h"
#include "runtime/shared_state.h"
#include "store/dao.h"

namespace silverback::runtime {

class Publisher final : public store::ChangeSink {
 public:
  using Warn =
      std::function<void(std::string_view message)>;  // a line for the error log; any thread
  // All outlive the publisher. `shared` null: no workers to wait for (the command line).
  Publisher(const entity::Catalog& catalog, store::Store& store, replica::Replica& replica,
            SharedState* shared, Warn warn);

  void Committed(const std::vector<store::Change>& changes) override;

  // Reads the whole store into the replica; gives how many rows differed.
  Result<size_t> Resynchronise();

 private:
  void MakeVisible();

  const entity::Catalog& catalog_;
  store::Store& store_;
  replica::Replica& replica_;
  SharedState* const shared_;
  const Warn warn_;
};

// Announces what the replica holds; gives its generation (0: it cannot be read).
uint64_t AnnounceReplica(const entity::Catalog& catalog, const replica::Replica& replica,
                         SharedState& shared);
// Until every worker serves by that generation.
void WaitForWorkers(SharedState& shared, uint64_t generation, const Publisher::Warn& warn);
// Both.
void MakeReplicaVisible(const entity::Catalog& catalog, const replica::Replica& replica,
                        SharedState& shared, const Publisher::Warn& warn);

}  // namespace silverback::runtime

// From a declarative configuration to the rows of the node's replica. Pure functions; any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "replica/replica.h"
#include "store/declarative/configuration.h"
#include "util/result.h"

namespace silverback::runtime {

struct ReplicaRows {
  const schema::Schema* schema;
  std::vector<const Json*> rows;  // the configuration's, or `completed`
  // What the replica is to hold for them; their times may differ from those in `rows`.
  std::vector<std::string> texts;
  std::vector<std::unique_ptr<const Json>> completed;
};

// Secrets are hashed, time to live becomes absolute, the workspace of nodes without a database is
// there and in every row. A row that is otherwise what `now` holds keeps the times that nobody
// gave: so a document that is loaded again changes nothing. (Routes keep theirs all or none. Equal
// ones are told apart by their age, and that must not depend on what a node has loaded before.)
//
// `configuration` outlives the result. Its rows get their workspace ("ws_id"), and it the
// workspace.
Result<std::vector<ReplicaRows>> MakeReplicaRows(const entity::Catalog& catalog,
                                                 store::declarative::Configuration& configuration,
                                                 const replica::ReadTransaction& now);

}  // namespace silverback::runtime

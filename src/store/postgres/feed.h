// The change feed of a PostgreSQL store: the rows of cluster_events, in Kong's form, which every
// transaction of ours writes in its own commit, and NOTIFY, which wakes the other nodes at once.
// Kong nodes poll the same rows.
//
// Gap-free by transaction numbers, not by time: a position holds the oldest transaction that was
// still running when the feed looked last; whatever became visible since is of that one or a later
// one. Times only narrow the search, for the index's sake.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/change_feed.h"
#include "store/postgres/connection.h"
#include "store/postgres/postgres_store.h"
#include "store/sql/value.h"

namespace silverback::store::postgres {

// The statement that tells of `events` within a transaction, and its parameters.
struct EventStatement {
  std::string text;
  std::vector<sql::Value> values;
};
EventStatement TellStatement(const EventOptions& options, const std::vector<ClusterEvent>& events);

std::unique_ptr<ChangeFeed> NewFeed(Options server, EventOptions options);

}  // namespace silverback::store::postgres

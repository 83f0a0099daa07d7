// Statements over the tables in which Kong nodes count too: ratelimiting_metrics and
// response_ratelimiting_metrics. All counts of one statement are of the same table. Pure functions.
// Private to store/postgres.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/sql/value.h"
#include "store/usage.h"

namespace silverback::store::postgres {

struct UsageStatement {
  const char* text;
  std::vector<sql::Value> values;
};

// Adds the amounts of `counts`, each counter once.
UsageStatement AddUsage(std::span<const UsageCount> counts);
// One row with the value of each, in their order.
UsageStatement ReadUsage(std::span<const UsageCount> counts);

// Removes some of the counters that are of no more use; any node may do it.
extern const char* const kCleanUsage;

}  // namespace silverback::store::postgres

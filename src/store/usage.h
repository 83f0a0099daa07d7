// Counters that the nodes of a store share: see Store::CountUsage.
#pragma once

#include <cstdint>
#include <string>

namespace silverback::store {

struct UsageCount {
  std::string identifier, period;    // "minute"
  int64_t start = 0, seconds = 0;    // since the epoch; after which the counter is of no more use
  std::string service_id, route_id;  // UUIDs; "": none
  int64_t amount = 0;                // to add; 0: only asked for
  bool of_responses = false;         // of response-ratelimiting, which has a table of its own
};

}  // namespace silverback::store

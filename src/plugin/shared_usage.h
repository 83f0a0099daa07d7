// SharedUsage: counters that the nodes of a datastore share, in Kong's tables (the policy "cluster"
// of rate limits). All calls on the worker's event loop; none blocks. It outlives every plugin.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "util/result.h"

namespace silverback::plugin {

// Which plugin counts: each has a table of its own.
enum class UsageKind { kRequests, kResponses };

// One counter: what somebody used in one span of time.
struct UsageWindow {
  std::string identifier, period;    // "minute"; of kResponses "NAME_minute"
  int64_t start = 0, seconds = 0;    // since the epoch; how long it counts
  std::string service_id, route_id;  // "": none
  UsageKind kind = UsageKind::kRequests;
  auto operator<=>(const UsageWindow&) const = default;
};

class SharedUsage {
 public:
  virtual ~SharedUsage() = default;

  // False: the datastore does not answer at present; asking it would only cost time.
  virtual bool Available() const = 0;
  // Gives what all nodes have told of, in the order of `windows`; an error when the datastore does
  // not say in time. All windows are of one kind. `done` runs later, never within the call.
  using Done = std::function<void(Result<std::vector<int64_t>>)>;
  virtual void Ask(std::vector<UsageWindow> windows, Done done) = 0;
  // Tells that so much was used of each, soon; when the datastore is away, as soon as it is back.
  virtual void Count(std::vector<UsageWindow> windows, int64_t amount) = 0;
};

}  // namespace silverback::plugin

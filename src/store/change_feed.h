// ChangeFeed: what the nodes that share a store, ours and Kong's, tell each other about: which rows
// have changed (channel "invalidations"), which upstreams and targets (channels "balancer:..."),
// and the health of targets that was set by hand. It is at-least-once: an event may come twice, and
// a node's own events come back to it; applying one means to read the rows anew, so that this does
// no harm. Nothing is left out: where the feed cannot know what came in between, it says so.
//
// Threads: one. Every call blocks.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "util/result.h"

namespace silverback::store {

struct ClusterEvent {
  std::string channel, data;
  double age = 0;    // seconds since it was told
  bool own = false;  // this node told it
  bool operator==(const ClusterEvent&) const = default;
};

class ChangeFeed {
 public:
  virtual ~ChangeFeed() = default;

  struct Batch {
    std::vector<ClusterEvent> events;  // in the order in which they were told
    // What happened since `position` is not known (the first time, away for too long, another
    // server): everything has to be read. The events are those since then, if any.
    bool gap = false;
    // Where to go on from, once the events are applied. Survives the process. Short text.
    std::string position;
  };

  // The events after `position` ("" when there is none yet). Waits until there may be some, at most
  // `at_most` and no longer than until `give_up` (asked now and then) says so; the first call does
  // not wait. Errors: kUnavailable, kDatabaseError; the next call tries again.
  virtual Result<Batch> Next(const std::string& position, std::chrono::milliseconds at_most,
                             const std::function<bool()>& give_up) = 0;

  // Removes events that are too old for anyone. Any node may do it.
  virtual Status Clean() = 0;
};

}  // namespace silverback::store

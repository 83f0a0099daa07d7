// What happens before nginx starts: the store is opened (the embedded one is made), and the replica
// is brought up to it. Blocking; for the command line.
#pragma once

#include <functional>
#include <string>

#include "runtime/store_factory.h"

namespace silverback::runtime {

struct Startup {
  bool store_reachable = true;
  std::string store_problem;  // why it is not
  size_t changed_rows = 0;    // of the replica
  uint64_t generation = 0;
};

// Lines for people; both are set. `progress`: about a long synchronisation.
struct StartupLines {
  std::function<void(std::string_view message)> warn;
  std::function<void(std::string_view message)> progress;
};

// A replica with many rows is not compared with the store here: the node starts with what happened
// since it ended, and compares the rest (Follower) while it serves.
//
// Error: the store cannot be reached and there is no replica of it yet, or the replica cannot be
// written. With an unreachable store and a synchronised replica the node starts from that.
// Without a database the replica gets the declarative configuration of the settings instead (when
// it is wrong: kDeclarativeConfig, and the replica is as before); a node that runs already
// (`reloading`) and has none there keeps what it was given by POST /config.
Result<Startup> SynchroniseNode(const config::GatewayConf& conf, const entity::Catalog& catalog,
                                bool reloading, const StartupLines& lines);

}  // namespace silverback::runtime

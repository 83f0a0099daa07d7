// One address of a target, with what a worker knows of it. Shared by the balancer and the requests
// that use it; event loop only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "health/table.h"

namespace silverback::balancer {

struct Peer {
  std::string host;  // of the target: a name or an IP address
  std::string ip;
  int port = 0;
  int weight = 0;
  int connections = 0;    // that this worker has open through least-connections
  bool available = true;  // as of the table version that the balancer saw last
  health::Table::Handle handle;
};
using PeerRef = std::shared_ptr<Peer>;

}  // namespace silverback::balancer

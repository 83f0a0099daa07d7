// One address of a target, with what a worker knows of it. Shared by the balancer and the requests
// that use it; event loop only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "balancer/address.h"
#include "health/table.h"

namespace silverback::balancer {

struct Peer {
  std::string host;       // of the target, as in its row: a name or an IP address
  std::string bare_host;  // without brackets: for the Host header and the TLS name
  std::string ip;         // where it is; from an SRV record this may be a name
  int port = 0;
  Address address;  // without length: `ip` is a name, to be looked up for each try
  int weight = 0;
  int connections = 0;    // that this worker has open through least-connections
  bool available = true;  // as of the table version that the balancer saw last
  health::Table::Handle handle;

  bool is_name() const { return address.length == 0; }
};
using PeerRef = std::shared_ptr<Peer>;

}  // namespace silverback::balancer

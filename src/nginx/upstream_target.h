// How a request is sent to its upstream: its tries, and the parameters of its connection. Plain
// data; event loop only.
#pragma once

#include <string>
#include <vector>

#include "nginx/pool.h"

namespace silverback::nginx {

// One attempt to reach the upstream, as log plugins show it.
struct Try {
  std::string ip;
  int port = 0;
  double started_at = 0;  // seconds since the epoch
  double latency_ms = 0;
  const char* state = nullptr;  // "next" or "failed" of one that did not work
  int code = 0;                 // the status that it ended with, 0 for the last
};

using Tries = std::vector<Try, PoolAllocator<Try>>;

// How TLS to the upstream is to be done; part of what makes connections exchangeable.
struct UpstreamTls {
  std::string client_certificate;  // id or ""
  bool verify = false;
  int verify_depth = -1;
  std::vector<std::string> ca_certificates;  // ids
};

}  // namespace silverback::nginx

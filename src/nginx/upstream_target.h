// Where a request is to be sent: the address of one try, and the parameters of its connection.
// Plain data; event loop only.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "nginx/ngx.h"

namespace silverback::nginx {

struct Address {
  sockaddr_storage socket{};
  socklen_t length = 0;
  std::string ip;    // as text, without brackets
  std::string text;  // "IP:PORT", for logs
  int port = 0;
};

// One attempt to reach the upstream, as log plugins show it.
struct Try {
  std::string ip;
  int port = 0;
  double started_at = 0;  // seconds since the epoch
  double latency_ms = 0;
  const char* state = nullptr;  // "next" or "failed" of one that did not work
  int code = 0;                 // the status that it ended with, 0 for the last
};

// How TLS to the upstream is to be done; part of what makes connections exchangeable.
struct UpstreamTls {
  std::string client_certificate;  // id or ""
  bool verify = false;
  int verify_depth = -1;
  std::vector<std::string> ca_certificates;  // ids
};

}  // namespace silverback::nginx

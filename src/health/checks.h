// The health checks of an upstream, decoded from its row: plain data; any thread may read.
#pragma once

#include <bitset>
#include <string>

#include "util/json.h"

namespace silverback::health {

using StatusSet = std::bitset<1000>;  // of HTTP statuses

// How many reports in a row change a target's state; 0 switches that kind of report off.
struct Limits {
  int successes = 0, http_failures = 0, tcp_failures = 0, timeouts = 0;
  StatusSet healthy_statuses, unhealthy_statuses;
};

struct ActiveChecks {
  std::string type = "http";  // http, https, tcp, grpc, grpcs
  std::string http_path = "/", https_sni;
  bool verify_certificate = true;
  double timeout = 1;  // seconds
  int concurrency = 10;
  double healthy_interval = 0, unhealthy_interval = 0;  // seconds; 0: off
  Limits limits;
};

struct Checks {
  Limits passive;
  ActiveChecks active;
  double threshold = 0;  // percent of the weight that must be available

  // Whether anything can make a target unhealthy.
  bool enabled() const;
  // From the `healthchecks` record; absent members take Kong's defaults.
  static Checks FromRow(const Json& healthchecks);
};

}  // namespace silverback::health

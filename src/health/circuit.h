// The circuit breaker of one target address: four states, four counters, in one word, so that
// workers change it together by compare-and-swap. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "health/checks.h"

namespace silverback::health {

enum class State : uint8_t { kHealthy, kUnhealthy, kMostlyHealthy, kMostlyUnhealthy };

enum class Report : uint8_t { kSuccess, kHttpFailure, kTcpFailure, kTimeout };

struct Circuit {
  State state = State::kHealthy;
  uint8_t successes = 0, http_failures = 0, tcp_failures = 0, timeouts = 0;

  bool available() const { return state == State::kHealthy || state == State::kMostlyHealthy; }
  uint64_t Pack() const;
  static Circuit Unpack(uint64_t word);

  // The state after a report; unchanged when the report is switched off or says what is known. A
  // success sets the failures back, a failure the successes.
  Circuit After(Report report, const Limits& limits) const;
};

// What an HTTP status says; none when it says nothing. 0, no valid answer, is a failure.
std::optional<Report> ReportForStatus(int status, const Limits& limits);

}  // namespace silverback::health

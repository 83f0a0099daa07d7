#include "health/circuit.h"

namespace silverback::health {
namespace {

int LimitOf(Report report, const Limits& limits) {
  switch (report) {
    case Report::kSuccess:
      return limits.successes;
    case Report::kHttpFailure:
      return limits.http_failures;
    case Report::kTcpFailure:
      return limits.tcp_failures;
    case Report::kTimeout:
      return limits.timeouts;
  }
  return 0;
}

uint8_t& CounterOf(Report report, Circuit& circuit) {
  switch (report) {
    case Report::kHttpFailure:
      return circuit.http_failures;
    case Report::kTcpFailure:
      return circuit.tcp_failures;
    case Report::kTimeout:
      return circuit.timeouts;
    case Report::kSuccess:
      break;
  }
  return circuit.successes;
}

}  // namespace

uint64_t Circuit::Pack() const {
  return static_cast<uint64_t>(state) | uint64_t{successes} << 8 | uint64_t{http_failures} << 16 |
         uint64_t{tcp_failures} << 24 | uint64_t{timeouts} << 32;
}

Circuit Circuit::Unpack(uint64_t word) {
  Circuit circuit;
  circuit.state = static_cast<State>(word & 3);
  circuit.successes = static_cast<uint8_t>(word >> 8);
  circuit.http_failures = static_cast<uint8_t>(word >> 16);
  circuit.tcp_failures = static_cast<uint8_t>(word >> 24);
  circuit.timeouts = static_cast<uint8_t>(word >> 32);
  return circuit;
}

Circuit Circuit::After(Report report, const Limits& limits) const {
  const int limit = LimitOf(report, limits);
  const State wanted = report == Report::kSuccess ? State::kHealthy : State::kUnhealthy;
  if (limit <= 0 || state == wanted) return *this;

  Circuit next = *this;
  uint8_t& counter = CounterOf(report, next);
  if (counter < 255) ++counter;
  const bool reached = counter >= limit;
  if (report == Report::kSuccess) {
    next.http_failures = next.tcp_failures = next.timeouts = 0;
  } else {
    next.successes = 0;
  }
  if (reached) {
    next = Circuit();
    next.state = wanted;
  } else if (state == State::kHealthy) {
    next.state = State::kMostlyHealthy;
  } else if (state == State::kUnhealthy) {
    next.state = State::kMostlyUnhealthy;
  }
  return next;
}

std::optional<Report> ReportForStatus(int status, const Limits& limits) {
  if (status < 0 || status >= 1000) return std::nullopt;
  const auto index = static_cast<size_t>(status);
  if (limits.healthy_statuses.test(index)) return Report::kSuccess;
  if (limits.unhealthy_statuses.test(index) || status == 0) return Report::kHttpFailure;
  return std::nullopt;
}

}  // namespace silverback::health

#include "health/checks.h"

#include <initializer_list>

namespace silverback::health {
namespace {

const Json& Member(const Json& value, std::string_view key) {
  static const Json kNone = nullptr;
  const Json* member = FindMember(value, key);
  return member ? *member : kNone;
}

int Count(const Json& value, std::string_view key) {
  return static_cast<int>(NumberMember(value, key));
}

StatusSet Statuses(const Json& value, std::initializer_list<int> otherwise) {
  StatusSet set;
  const Json& list = Member(value, "http_statuses");
  if (!list.is_array()) {
    for (const int status : otherwise) set.set(static_cast<size_t>(status));
    return set;
  }
  for (const Json& status : list) {
    if (status.is_number_integer() && status >= 0 && status < 1000) set.set(status.get<size_t>());
  }
  return set;
}

Limits LimitsFrom(const Json& healthy, const Json& unhealthy) {
  Limits limits;
  limits.successes = Count(healthy, "successes");
  limits.http_failures = Count(unhealthy, "http_failures");
  limits.tcp_failures = Count(unhealthy, "tcp_failures");
  limits.timeouts = Count(unhealthy, "timeouts");
  return limits;
}

}  // namespace

bool Checks::enabled() const {
  return active.healthy_interval != 0 || active.unhealthy_interval != 0 ||
         passive.tcp_failures != 0 || passive.timeouts != 0 || passive.http_failures != 0;
}

Checks Checks::FromRow(const Json& row) {
  Checks checks;
  checks.threshold = NumberMember(row, "threshold");

  const Json& passive = Member(row, "passive");
  const Json& passive_healthy = Member(passive, "healthy");
  const Json& passive_unhealthy = Member(passive, "unhealthy");
  checks.passive = LimitsFrom(passive_healthy, passive_unhealthy);
  checks.passive.healthy_statuses =
      Statuses(passive_healthy, {200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302,
                                 303, 304, 305, 306, 307, 308});
  checks.passive.unhealthy_statuses = Statuses(passive_unhealthy, {429, 500, 503});

  const Json& active = Member(row, "active");
  const Json& healthy = Member(active, "healthy");
  const Json& unhealthy = Member(active, "unhealthy");
  checks.active.type = StringMember(active, "type", "http");
  checks.active.http_path = StringMember(active, "http_path", "/");
  checks.active.https_sni = StringMember(active, "https_sni");
  checks.active.verify_certificate = BoolMember(active, "https_verify_certificate", true);
  checks.active.timeout = NumberMember(active, "timeout", 1);
  checks.active.concurrency = static_cast<int>(NumberMember(active, "concurrency", 10));
  checks.active.healthy_interval = NumberMember(healthy, "interval");
  checks.active.unhealthy_interval = NumberMember(unhealthy, "interval");
  checks.active.limits = LimitsFrom(healthy, unhealthy);
  checks.active.limits.healthy_statuses = Statuses(healthy, {200, 302});
  checks.active.limits.unhealthy_statuses =
      Statuses(unhealthy, {429, 404, 500, 501, 502, 503, 504, 505});
  return checks;
}

}  // namespace silverback::health

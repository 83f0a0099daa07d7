#include "config/deprecated.h"

#include <fmt/format.h>
#include <cstdlib>
#include <vector>

#include "config/properties.h"

namespace silverback::config {
namespace {

const std::string* Find(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? nullptr : &found->second;
}

void SetUnlessGiven(Settings& settings, std::string_view name, const std::string* value) {
  if (value) settings.emplace(name, std::string(*value));
}

// nginx' way to write a time ("1h 30m", "60s", "75") in seconds.
std::string SecondsOf(const std::string& text) {
  double total = 0;
  const char* at = text.c_str();
  while (*at) {
    char* end = nullptr;
    const double number = std::strtod(at, &end);
    if (end == at) {
      ++at;
      continue;
    }
    const std::string_view unit(end);
    double factor = 1;
    if (unit.starts_with("ms"))
      factor = 0.001;
    else if (unit.starts_with('m'))
      factor = 60;
    else if (unit.starts_with('h'))
      factor = 3600;
    else if (unit.starts_with('d'))
      factor = 86400;
    else if (unit.starts_with('w'))
      factor = 7 * 86400;
    else if (unit.starts_with('M'))
      factor = 30 * 86400;
    else if (unit.starts_with('y'))
      factor = 365 * 86400;
    total += number * factor;
    at = end;
    while (*at && (*at < '0' || *at > '9')) ++at;
  }
  return fmt::format("{}", total);
}

// Three generations of names for the pool of connections to upstreams.
void ApplyKeepaliveNames(Settings& settings) {
  for (const char* suffix : {"", "_requests", "_timeout"}) {
    SetUnlessGiven(settings, std::string("nginx_upstream_keepalive") + suffix,
                   Find(settings, std::string("nginx_http_upstream_keepalive") + suffix));
  }
  const std::string* size = Find(settings, "nginx_upstream_keepalive");
  if (!size) size = Find(settings, "upstream_keepalive");
  const std::string none = "0";
  SetUnlessGiven(settings, "upstream_keepalive_pool_size", size && *size == "NONE" ? &none : size);
  SetUnlessGiven(settings, "upstream_keepalive_max_requests",
                 Find(settings, "nginx_upstream_keepalive_requests"));
  if (const std::string* timeout = Find(settings, "nginx_upstream_keepalive_timeout")) {
    const std::string seconds = SecondsOf(*timeout);
    SetUnlessGiven(settings, "upstream_keepalive_idle_timeout", &seconds);
  }
}

void WarnOfDeprecated(const Settings& settings, const LogSink& log) {
  if (!log) return;
  for (const auto& [name, property] : Properties()) {
    if (!property.deprecated || !settings.contains(name)) continue;
    std::string text = fmt::format("the '{}' configuration property is deprecated", name);
    if (!property.replacement.empty()) {
      text += fmt::format(", use '{}' instead", property.replacement);
    }
    log(LogLevel::kWarning, text);
  }
}

}  // namespace

void ApplyOldNames(Settings& settings, const LogSink& log) {
  WarnOfDeprecated(settings, log);
  for (const auto& [name, property] : Properties()) {
    if (!property.alias_of.empty()) {
      SetUnlessGiven(settings, property.alias_of, Find(settings, name));
    }
    for (const std::string& directive : property.directives) {
      SetUnlessGiven(settings, directive, Find(settings, name));
    }
  }
  ApplyKeepaliveNames(settings);
  for (const char* name : {"client_max_body_size", "client_body_buffer_size"}) {
    SetUnlessGiven(settings, std::string("nginx_http_") + name, Find(settings, name));
  }
  for (const char* name : {"cassandra_write_consistency", "cassandra_read_consistency"}) {
    SetUnlessGiven(settings, name, Find(settings, "cassandra_consistency"));
  }
}

}  // namespace silverback::config

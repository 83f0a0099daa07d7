// What statsd and datadog have in common: the figures of a request by their names, the names of
// consumers and of kinds of statistics. Pure functions; event loop only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/exchange.h"

namespace silverback::plugins {

// One line of the configuration's `metrics`.
struct MetricConfig {
  explicit MetricConfig(const Json& config);

  std::string name, consumer_identifier;
  std::string_view kind;  // "ms": as statsd writes it
  std::string rate;       // "|@0.5", or "" for all
};

// "c" of "counter".
std::string_view StatKind(std::string_view stat_type);

// Of the figures that every request has: "request.size" of "request_size". "": none of them.
std::string_view StatName(std::string_view metric);
int64_t StatValue(std::string_view metric, const plugin::Figures& figures);

// The service's name, or its host; dots would begin another level of the statistic's name.
std::string ServiceLabel(const entity::Service& service);

// nullopt: the request has no consumer, or it has no such name.
std::optional<std::string> ConsumerLabel(const plugin::EntityRef& consumer,
                                         std::string_view identifier);

}  // namespace silverback::plugins

#include "plugins/metrics/stats.h"

#include <algorithm>
#include <array>
#include <utility>

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 7> kKinds = {{{"counter", "c"},
                                         {"distribution", "d"},
                                         {"gauge", "g"},
                                         {"histogram", "h"},
                                         {"meter", "m"},
                                         {"set", "s"},
                                         {"timer", "ms"}}};

constexpr std::array<Pair, 6> kNames = {{{"kong_latency", "kong_latency"},
                                         {"latency", "latency"},
                                         {"request_count", "request.count"},
                                         {"request_size", "request.size"},
                                         {"response_size", "response.size"},
                                         {"upstream_latency", "upstream_latency"}}};

template <size_t kCount>
std::string_view Find(const std::array<Pair, kCount>& pairs, std::string_view key) {
  for (const auto& [name, value] : pairs) {
    if (name == key) return value;
  }
  return {};
}

}  // namespace

MetricConfig::MetricConfig(const Json& config)
    : name(StringMember(config, "name")),
      consumer_identifier(StringMember(config, "consumer_identifier")),
      kind(StatKind(StringViewMember(config, "stat_type"))) {
  const Json* sample_rate = FindMember(config, "sample_rate");
  if (sample_rate != nullptr && sample_rate->is_number() && *sample_rate != 1)
    rate = "|@" + DumpJson(*sample_rate);
}

std::string_view StatKind(std::string_view stat_type) { return Find(kKinds, stat_type); }
std::string_view StatName(std::string_view metric) { return Find(kNames, metric); }

int64_t StatValue(std::string_view metric, const plugin::Figures& figures) {
  if (metric == "kong_latency") return figures.kong_ms;
  if (metric == "latency") return figures.total_ms;
  if (metric == "request_size") return figures.received;
  if (metric == "response_size") return figures.sent;
  if (metric == "upstream_latency") return figures.service_ms;
  return 1;
}

std::string ServiceLabel(const entity::Service& service) {
  std::string label = service.name.empty() ? service.host : service.name;
  std::replace(label.begin(), label.end(), '.', '_');
  return label;
}

std::optional<std::string> ConsumerLabel(const plugin::EntityRef& consumer,
                                         std::string_view identifier) {
  if (!consumer) return std::nullopt;
  const bool by_id = identifier == "consumer_id";
  std::string label = StringMember(*consumer, by_id ? "id" : identifier);
  if (by_id) std::replace(label.begin(), label.end(), '-', '_');
  return label.empty() ? std::nullopt : std::optional<std::string>(std::move(label));
}

}  // namespace silverback::plugins

#include "plugins/prometheus/traffic.h"

#include <algorithm>
#include <map>

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

// A sum's name is its kind and its labels' values, separated by what no label has.
constexpr char kSeparator = '\x1f';
constexpr char kHttpStatus = 's', kStreamStatus = 't', kConsumerStatus = 'c', kBandwidth = 'b',
               kLatencyBucket = 'l', kLatencySum = 'm', kErrors = 'e';

constexpr std::string_view kBandwidthHelp =
    "Total bandwidth in bytes consumed per service/route in Kong";
constexpr std::string_view kConsumerHelp =
    "HTTP status codes for customer per service/route in Kong";
constexpr std::string_view kErrorsHelp = "Number of nginx-lua-prometheus errors";
constexpr std::string_view kHttpHelp = "HTTP status codes per service/route in Kong";
constexpr std::string_view kLatencyHelp =
    "Latency added by Kong, total request time and upstream latency for each service/route in Kong";
constexpr std::string_view kStreamHelp = "Stream status codes per service/route in Kong";

// Adds to sums of one service and route.
class Counter {
 public:
  Counter(const plugin::Exchange& exchange, plugin::Sums& sums) : sums_(sums) {
    const entity::Service& service = *exchange.service();
    stem_ = kSeparator;
    stem_ += service.name.empty() ? service.host : service.name;
    stem_ += kSeparator;
    if (const entity::Route* route = exchange.route())
      stem_ += route->name.empty() ? route->id : route->name;
  }

  void Add(char kind, std::string_view label, double amount, std::string_view more = {}) {
    std::string name(1, kind);
    name.append(stem_).append(1, kSeparator).append(label);
    if (!more.empty()) name.append(1, kSeparator).append(more);
    if (!sums_.Add(name, amount)) sums_.Add(std::string(1, kErrors), 1);
  }

  void AddLatency(std::string_view type, int64_t ms) {
    if (ms < 0) return;
    Add(kLatencyBucket, type, 1, std::to_string(BucketOf(static_cast<double>(ms))));
    Add(kLatencySum, type, static_cast<double>(ms));
  }

 private:
  plugin::Sums& sums_;
  std::string stem_;
};

struct Latency {
  std::vector<double> counts = std::vector<double>(std::size(kBuckets) + 1);
  double sum = 0;
};

Labels LabelsOf(const std::vector<std::string_view>& parts,
                std::initializer_list<std::string_view> names) {
  Labels labels;
  size_t i = 1;
  for (const std::string_view name : names) {
    labels.emplace_back(name, std::string(i < parts.size() ? parts[i] : std::string_view()));
    ++i;
  }
  return labels;
}

void Show(const std::vector<std::string_view>& parts, double value, Exposition& exposition) {
  switch (parts[0].empty() ? '\0' : parts[0][0]) {
    case kHttpStatus:
      return exposition.Counter("kong_http_status", kHttpHelp,
                                LabelsOf(parts, {"service", "route", "code"}), value);
    case kStreamStatus:
      return exposition.Counter("kong_stream_status", kStreamHelp,
                                LabelsOf(parts, {"service", "route", "code"}), value);
    case kConsumerStatus:
      return exposition.Counter("kong_http_consumer_status", kConsumerHelp,
                                LabelsOf(parts, {"service", "route", "code", "consumer"}), value);
    case kBandwidth:
      return exposition.Counter("kong_bandwidth", kBandwidthHelp,
                                LabelsOf(parts, {"service", "route", "type"}), value);
    default:
      return;
  }
}

}  // namespace

void CountTraffic(const plugin::Exchange& exchange, bool by_consumer, plugin::Sums& sums) {
  if (exchange.service() == nullptr) return;
  const plugin::Figures figures = exchange.Measure();
  const std::string status = std::to_string(exchange.ResponseStatus());
  Counter counter(exchange, sums);
  counter.Add(exchange.IsStream() ? kStreamStatus : kHttpStatus, status, 1);
  if (figures.received > 0)
    counter.Add(kBandwidth, "ingress", static_cast<double>(figures.received));
  if (figures.sent > 0) counter.Add(kBandwidth, "egress", static_cast<double>(figures.sent));
  counter.AddLatency(exchange.IsStream() ? "session" : "request", figures.total_ms);
  counter.AddLatency("upstream", figures.service_ms);
  counter.AddLatency("kong", figures.kong_ms);
  if (!by_consumer || !exchange.consumer()) return;
  counter.Add(kConsumerStatus, status, 1, StringViewMember(*exchange.consumer(), "username"));
}

void ShowTraffic(const std::vector<std::pair<std::string, double>>& sums, Exposition& exposition) {
  auto sorted = sums;
  std::sort(sorted.begin(), sorted.end());
  std::map<std::vector<std::string_view>, Latency> latencies;  // by service, route, type
  double errors = 0;
  for (const auto& [name, value] : sorted) {
    auto parts = Split(name, kSeparator);
    const char kind = name.empty() ? '\0' : name[0];
    if (kind == kErrors) errors = value;
    if (kind != kLatencyBucket && kind != kLatencySum) {
      Show(parts, value, exposition);
      continue;
    }
    parts.resize(5);
    const size_t bucket = static_cast<size_t>(std::atoi(std::string(parts.back()).c_str()));
    parts.pop_back();
    parts[0] = {};
    Latency& latency = latencies[parts];
    if (kind == kLatencySum) {
      latency.sum = value;
    } else if (bucket < latency.counts.size()) {
      latency.counts[bucket] = value;
    }
  }
  for (const auto& [parts, latency] : latencies)
    exposition.Histogram("kong_latency", kLatencyHelp,
                         LabelsOf(parts, {"service", "route", "type"}), latency.counts,
                         latency.sum);
  exposition.Counter("kong_nginx_metric_errors_total", kErrorsHelp, {}, errors);
}

}  // namespace silverback::plugins

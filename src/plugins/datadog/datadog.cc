#include "plugins/datadog/datadog.h"

#include "plugins/metrics/stats.h"

namespace silverback::plugins {
namespace {

struct Metric {
  MetricConfig config;
  std::string tags;  // ",app:kong": those that are the same for every request
};

Metric MetricOf(const Json& config) {
  Metric metric{MetricConfig(config), ""};
  const Json* tags = FindMember(config, "tags");
  if (tags == nullptr || !tags->is_array()) return metric;
  for (const Json& tag : *tags) {
    if (tag.is_string()) metric.tags += "," + tag.get<std::string>();
  }
  return metric;
}

class Datadog final : public plugin::Plugin {
 public:
  Datadog(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        host_(StringMember(config, "host", "localhost")),
        port_(static_cast<int>(NumberMember(config, "port", 8125))),
        prefix_(StringMember(config, "prefix", "kong")),
        service_tag_(StringMember(config, "service_name_tag", "name")),
        status_tag_(StringMember(config, "status_tag", "status")),
        consumer_tag_(StringMember(config, "consumer_tag", "consumer")) {
    const Json* metrics = FindMember(config, "metrics");
    if (metrics == nullptr || !metrics->is_array()) return;
    for (const Json& metric : *metrics) metrics_.push_back(MetricOf(metric));
  }

  void OnLog(plugin::Exchange& exchange) const override {
    if (exchange.service() == nullptr) return;
    const plugin::Figures figures = exchange.Measure();
    const std::string common = "|#" + service_tag_ + ":" + ServiceLabel(*exchange.service()) + "," +
                               status_tag_ + ":" + std::to_string(exchange.ResponseStatus());
    for (const auto& [metric, tags] : metrics_) {
      std::string text = prefix_ + ".";
      text.append(StatName(metric.name)).append(":");
      text.append(std::to_string(StatValue(metric.name, figures))).append("|");
      text.append(metric.kind).append(metric.rate).append(common);
      if (const auto consumer = ConsumerLabel(exchange.consumer(), metric.consumer_identifier))
        text.append(",").append(consumer_tag_).append(":").append(*consumer);
      text.append(tags);
      env_.datagrams->Send(host_, port_, std::move(text));
    }
  }

 private:
  plugin::PluginEnv& env_;
  const std::string host_;
  const int port_;
  const std::string prefix_, service_tag_, status_tag_, consumer_tag_;
  std::vector<Metric> metrics_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new Datadog(instance.config, env));
}

}  // namespace

const plugin::PluginType kDatadog = {"datadog", 10, "3.1.1", plugin::kLog, Create};

}  // namespace silverback::plugins

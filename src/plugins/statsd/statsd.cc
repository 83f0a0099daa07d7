#include "plugins/statsd/statsd.h"

#include "plugins/metrics/stats.h"

namespace silverback::plugins {
namespace {

// One request on its way into statistics.
struct Sample {
  const plugin::Exchange& exchange;
  plugin::Figures figures;
  std::string stem;  // PREFIX.SERVICE.
};

class Statsd final : public plugin::Plugin {
 public:
  Statsd(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        host_(StringMember(config, "host", "localhost")),
        port_(static_cast<int>(NumberMember(config, "port", 8125))),
        prefix_(StringMember(config, "prefix", "kong")) {
    const Json* metrics = FindMember(config, "metrics");
    if (metrics == nullptr || !metrics->is_array()) return;
    for (const Json& metric : *metrics) metrics_.emplace_back(metric);
  }

  void OnLog(plugin::Exchange& exchange) const override {
    if (exchange.service() == nullptr) return;
    const Sample sample{exchange, exchange.Measure(),
                        prefix_ + "." + ServiceLabel(*exchange.service()) + "."};
    for (const MetricConfig& metric : metrics_) Count(sample, metric);
  }

 private:
  void Count(const Sample& sample, const MetricConfig& metric) const {
    if (metric.name == "status_count") return CountStatus(sample, "", metric);
    const std::string_view name = StatName(metric.name);
    if (!name.empty()) {
      const std::string value = std::to_string(StatValue(metric.name, sample.figures));
      return Send(sample, name, value, metric.kind, metric.rate);
    }
    const auto consumer = ConsumerLabel(sample.exchange.consumer(), metric.consumer_identifier);
    if (!consumer) return;
    if (metric.name == "unique_users") {
      Send(sample, "user.uniques", *consumer, "s", "");
    } else if (metric.name == "request_per_user") {
      Send(sample, "user." + *consumer + ".request.count", "1", "c", metric.rate);
    } else if (metric.name == "status_count_per_user") {
      CountStatus(sample, "user." + *consumer + ".", metric);
    }
  }

  void CountStatus(const Sample& sample, const std::string& whose,
                   const MetricConfig& metric) const {
    const std::string stem = whose + "request.status.";
    Send(sample, stem + std::to_string(sample.exchange.ResponseStatus()), "1", "c", metric.rate);
    Send(sample, stem + "total", "1", "c", metric.rate);
  }

  void Send(const Sample& sample, std::string_view name, std::string_view value,
            std::string_view kind, std::string_view rate) const {
    std::string text = sample.stem;
    text.append(name).append(":").append(value).append("|").append(kind).append(rate);
    env_.datagrams->Send(host_, port_, std::move(text));
  }

  plugin::PluginEnv& env_;
  const std::string host_;
  const int port_;
  const std::string prefix_;
  std::vector<MetricConfig> metrics_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new Statsd(instance.config, env));
}

}  // namespace

const plugin::PluginType kStatsd = {"statsd", 11, "2.0.1", plugin::kLog, Create};

}  // namespace silverback::plugins

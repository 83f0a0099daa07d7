#include "plugins/prometheus/prometheus.h"

#include "plugins/prometheus/traffic.h"

namespace silverback::plugins {
namespace {

class Prometheus final : public plugin::Plugin {
 public:
  Prometheus(const Json& config, plugin::Sums& sums)
      : sums_(sums), by_consumer_(BoolMember(config, "per_consumer")) {}

  void OnLog(plugin::Exchange& exchange) const override {
    CountTraffic(exchange, by_consumer_, sums_);
  }

 private:
  plugin::Sums& sums_;
  const bool by_consumer_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  if (env.metrics == nullptr)
    return Error(ErrorCode::kInternal, "there is no shared memory 'prometheus_metrics'");
  return std::unique_ptr<plugin::Plugin>(new Prometheus(instance.config, *env.metrics));
}

}  // namespace

const plugin::PluginType kPrometheus = {"prometheus", 13, "1.6.0", plugin::kLog, Create};

}  // namespace silverback::plugins

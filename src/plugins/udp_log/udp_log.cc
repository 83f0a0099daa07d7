#include "plugins/udp_log/udp_log.h"

#include "plugins/log/log_plugin.h"

namespace silverback::plugins {
namespace {

class UdpLog final : public LogPlugin {
 public:
  UdpLog(CustomFields fields, const Json& config, plugin::PluginEnv& env)
      : LogPlugin("udp-log", std::move(fields), env),
        host_(StringMember(config, "host")),
        port_(static_cast<int>(NumberMember(config, "port"))) {}

 private:
  void Write(int, std::string entry) const override {
    env().datagrams->Send(host_, port_, std::move(entry));
  }

  const std::string host_;
  const int port_;
};

}  // namespace

const plugin::PluginType kUdpLog = {"udp-log", 8, "2.1.0", plugin::kLog, CreateLogPlugin<UdpLog>};

}  // namespace silverback::plugins

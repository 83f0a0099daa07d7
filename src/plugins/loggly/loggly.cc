#include "plugins/loggly/loggly.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include "plugins/log/log_plugin.h"
#include "plugins/log/severities.h"

namespace silverback::plugins {
namespace {

constexpr int kUserFacility = 8;  // user-level messages, RFC 5424, 6.2.1

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

// The structured data that Loggly knows its customers by.
std::string CustomerData(const Json& config) {
  std::string tags;
  if (const Json* list = FindMember(config, "tags"); list && list->is_array()) {
    for (const Json& tag : *list)
      tags += (tags.empty() ? "tag=\"" : " tag=\"") + tag.get_ref<const std::string&>() + "\"";
  }
  return "[" + StringMember(config, "key") + "@41058 " + tags + "]";
}

class Loggly final : public LogPlugin {
 public:
  Loggly(CustomFields fields, const Json& config, plugin::PluginEnv& env)
      : LogPlugin("loggly", std::move(fields), env),
        severities_(config),
        host_(StringMember(config, "host")),
        port_(static_cast<int>(NumberMember(config, "port"))),
        middle_(HostName() + " kong - - " + CustomerData(config)) {}

 private:
  void Write(int status, std::string entry) const override {
    const auto severity = severities_.Of(status);
    if (!severity) return;
    env().datagrams->Send(
        host_, port_,
        fmt::format("<{}>1 {:%Y-%m-%dT%H:%M:%SZ} {} {}", kUserFacility + *severity,
                    fmt::gmtime(static_cast<std::time_t>(env().now())), middle_, entry));
  }

  const Severities severities_;
  const std::string host_;
  const int port_;
  const std::string middle_;
};

}  // namespace

const plugin::PluginType kLoggly = {"loggly", 6, "2.1.0", plugin::kLog, CreateLogPlugin<Loggly>};

}  // namespace silverback::plugins

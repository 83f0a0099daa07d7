#include "plugins/ip_restriction/ip_restriction.h"

#include "plugin/answers.h"
#include "plugins/ip_restriction/address_set.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

AddressSet SetOf(const Json& config, std::string_view name) {
  AddressSet set;
  const Json* list = FindMember(config, name);
  if (!list || !list->is_array()) return set;
  for (const Json& range : *list) set.Add(range.get_ref<const std::string&>());
  return set;
}

class IpRestriction final : public plugin::Plugin {
 public:
  explicit IpRestriction(const Json& config)
      : allow_(SetOf(config, "allow")),
        deny_(SetOf(config, "deny")),
        status_(static_cast<int>(NumberMember(config, "status", 403))),
        message_(StringMember(config, "message", "Your IP address is not allowed")) {}

  Next OnAccess(Exchange& exchange) const override {
    const std::string_view ip = exchange.ForwardedIp();
    if (ip.starts_with("unix:"))
      return plugin::Refuse(exchange, 403,
                            "Cannot identify the client IP address, unix domain sockets are not "
                            "supported.");
    const bool refused = deny_.Contains(ip) || (!allow_.empty() && !allow_.Contains(ip));
    return refused ? plugin::Refuse(exchange, status_, message_) : Next::kContinue;
  }

 private:
  const AddressSet allow_, deny_;
  const int status_;
  const std::string message_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv&) {
  return std::unique_ptr<plugin::Plugin>(new IpRestriction(instance.config));
}

}  // namespace

const plugin::PluginType kIpRestriction = {"ip-restriction", 990, "2.0.0", plugin::kAccess, Create};

}  // namespace silverback::plugins

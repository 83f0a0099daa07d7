#include "plugins/log/log_plugin.h"

namespace silverback::plugins {

void LogPlugin::OnLog(plugin::Exchange& exchange) const {
  if (const Status applied = fields_.Apply(exchange); !applied) {
    env_.log.Log(plugin::LogLevel::kError, name_ + ": entry dropped: " + applied.error().message());
    return;
  }
  Write(exchange.ResponseStatus(), DumpJson(exchange.Serialize()));
}

}  // namespace silverback::plugins

// LogPlugin: what the plugins share that write one entry for each request or session.
#pragma once

#include <string>

#include "plugin/plugin.h"
#include "plugins/log/custom_fields.h"

namespace silverback::plugins {

class LogPlugin : public plugin::Plugin {
 public:
  // `name` is that of the plugin, for messages.
  LogPlugin(std::string name, CustomFields fields, plugin::PluginEnv& env)
      : name_(std::move(name)), fields_(std::move(fields)), env_(env) {}

  // An entry whose custom fields fail is not written: it could show what they hide.
  void OnLog(plugin::Exchange& exchange) const final;

 protected:
  // Never blocks. `status`: of the response or session.
  virtual void Write(int status, std::string entry) const = 0;
  plugin::PluginEnv& env() const { return env_; }

 private:
  const std::string name_;
  const CustomFields fields_;
  plugin::PluginEnv& env_;
};

// The factory of a log plugin: Made(fields, config, env).
template <class Made>
Result<std::unique_ptr<plugin::Plugin>> CreateLogPlugin(const plugin::PluginInstance& instance,
                                                        plugin::PluginEnv& env) {
  auto fields = CustomFields::Create(instance.config, env);
  if (!fields) return fields.error();
  return std::unique_ptr<plugin::Plugin>(new Made(*std::move(fields), instance.config, env));
}

}  // namespace silverback::plugins

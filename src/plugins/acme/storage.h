// Storage: where accounts, challenges, certificates and their plans lie, in Kong's form, so that
// nodes of both may share one. Event loop only; `done` may run before the call returns.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugin/env.h"
#include "util/result.h"

namespace silverback::plugins::acme {

class Storage {
 public:
  using Value = Result<std::optional<std::string>>;
  using GotValue = std::function<void(Value)>;
  using Finished = std::function<void(Status)>;
  using Added = std::function<void(Result<bool>)>;
  using Keys = std::function<void(Result<std::vector<std::string>>)>;

  static Value Nothing() { return std::optional<std::string>(); }

  virtual ~Storage() = default;
  virtual void Get(const std::string& key, GotValue done) = 0;
  // `ttl`: seconds until it expires; 0: never.
  virtual void Set(const std::string& key, std::string value, int ttl, Finished done) = 0;
  // Gives false when there is one already.
  virtual void Add(const std::string& key, std::string value, int ttl, Added done) = 0;
  virtual void Remove(const std::string& key, Finished done) = 0;
  virtual void List(const std::string& prefix, Keys done) = 0;
  // Get answers at once: nothing is to be remembered of it.
  virtual bool is_near() const { return false; }
};

// As the plugin's configuration says. `env` outlives it.
Result<std::shared_ptr<Storage>> MakeStorage(const Json& config, plugin::PluginEnv& env);

std::shared_ptr<Storage> MakeRedisStorage(const Json& config, plugin::PluginEnv& env);
std::shared_ptr<Storage> MakeConsulStorage(const Json& config, plugin::PluginEnv& env);
std::shared_ptr<Storage> MakeVaultStorage(const Json& config, plugin::PluginEnv& env);

}  // namespace silverback::plugins::acme

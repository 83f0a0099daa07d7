// RedisCounters: the policy `redis` of the rate-limiting plugins: counters that Kong nodes share,
// by their keys. One per plugin object; event loop only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/env.h"

namespace silverback::plugins {

class RedisCounters {
 public:
  struct Counter {
    std::string key;
    int64_t seconds;  // after which it is of no more use
  };
  using Done = std::function<void(const Result<std::vector<double>>& values)>;

  RedisCounters(const Json& config, plugin::PluginEnv& env);

  // Adds to all of them in one step each, so that no two requests see the same value; gives the new
  // ones.
  void Add(const std::vector<Counter>& counters, double amount, Done done) const;
  void Get(const std::vector<Counter>& counters, Done done) const;

 private:
  plugin::PluginEnv& env_;
  const plugin::RedisServer server_;
};

// PLUGIN:ROUTE:SERVICE:IDENTIFIER:START:NAME, with zeroes for what there is none of and the start
// in milliseconds.
std::string RedisKey(std::string_view plugin, std::string_view route_id,
                     std::string_view service_id, std::string_view identifier, int64_t start,
                     std::string_view name);

}  // namespace silverback::plugins

#include "plugins/limits/redis_counters.h"

#include <cmath>
#include <cstdlib>

namespace silverback::plugins {
namespace {

plugin::RedisServer ServerOf(const Json& config) {
  plugin::RedisServer server;
  server.host = StringMember(config, "redis_host");
  server.port = static_cast<int>(NumberMember(config, "redis_port", server.port));
  server.username = StringMember(config, "redis_username");
  server.password = StringMember(config, "redis_password");
  server.database = static_cast<int>(NumberMember(config, "redis_database"));
  server.timeout_ms = static_cast<int>(NumberMember(config, "redis_timeout", server.timeout_ms));
  server.tls = BoolMember(config, "redis_ssl");
  server.verify_tls = BoolMember(config, "redis_ssl_verify");
  server.server_name = StringMember(config, "redis_server_name");
  return server;
}

double NumberOf(const Json& reply) {
  if (reply.is_number()) return reply.get<double>();
  return reply.is_string() ? std::strtod(reply.get_ref<const std::string&>().c_str(), nullptr) : 0;
}

// Every `step`th reply is a value.
Result<std::vector<double>> ValuesOf(const Result<std::vector<Json>>& replies, size_t step) {
  if (!replies) return replies.error();
  std::vector<double> values;
  for (size_t i = 0; i < replies->size(); i += step) values.push_back(NumberOf((*replies)[i]));
  return values;
}

}  // namespace

RedisCounters::RedisCounters(const Json& config, plugin::PluginEnv& env)
    : env_(env), server_(ServerOf(config)) {}

void RedisCounters::Add(const std::vector<Counter>& counters, double amount, Done done) const {
  const bool whole = std::floor(amount) == amount;
  const std::string text =
      whole ? std::to_string(static_cast<int64_t>(amount)) : DumpJson(Json(amount));
  std::vector<std::vector<std::string>> commands;
  for (const Counter& counter : counters) {
    commands.push_back({whole ? "INCRBY" : "INCRBYFLOAT", counter.key, text});
    // Its name says when it began: living on for a while does no harm.
    commands.push_back({"EXPIRE", counter.key, std::to_string(counter.seconds)});
  }
  env_.redis->Run(server_, std::move(commands), [done = std::move(done)](const auto& replies) {
    if (done) done(ValuesOf(replies, 2));
  });
}

void RedisCounters::Get(const std::vector<Counter>& counters, Done done) const {
  std::vector<std::vector<std::string>> commands;
  for (const Counter& counter : counters) commands.push_back({"GET", counter.key});
  env_.redis->Run(server_, std::move(commands),
                  [done = std::move(done)](const auto& replies) { done(ValuesOf(replies, 1)); });
}

std::string RedisKey(std::string_view plugin, std::string_view route_id,
                     std::string_view service_id, std::string_view identifier, int64_t start,
                     std::string_view name) {
  constexpr std::string_view kNone = "00000000-0000-0000-0000-000000000000";
  std::string key(plugin);
  for (const std::string_view part :
       {route_id.empty() ? kNone : route_id, service_id.empty() ? kNone : service_id, identifier})
    key.append(":").append(part);
  key.append(":").append(std::to_string(start * 1000));
  return key.append(":").append(name);
}

}  // namespace silverback::plugins

#include "store/postgres/options.h"

#include <fmt/format.h>

namespace silverback::store::postgres {
namespace {

// A property in words, whatever type it was read as.
std::string Text(const config::GatewayConf& conf, const std::string& name,
                 const std::string& otherwise) {
  const Json* value = FindMember(conf.values(), name);
  if (!value || value->is_null()) return otherwise;
  return value->is_string() ? value->get<std::string>() : DumpJson(*value);
}

int Whole(const config::GatewayConf& conf, const std::string& name, int otherwise) {
  return static_cast<int>(conf.Number(name, otherwise));
}

bool Switch(const config::GatewayConf& conf, const std::string& name, bool otherwise) {
  const Json* value = FindMember(conf.values(), name);
  return value && value->is_boolean() ? value->get<bool>() : otherwise;
}

Options Read(const config::GatewayConf& conf, const std::string& prefix, Options with) {
  with.host = Text(conf, prefix + "host", with.host);
  with.port = Text(conf, prefix + "port", with.port);
  with.user = Text(conf, prefix + "user", with.user);
  with.password = Text(conf, prefix + "password", with.password);
  with.database = Text(conf, prefix + "database", with.database);
  with.schema = Text(conf, prefix + "schema", with.schema);
  with.ssl = Switch(conf, prefix + "ssl", with.ssl);
  with.ssl_verify = Switch(conf, prefix + "ssl_verify", with.ssl_verify);
  with.timeout_ms = Whole(conf, prefix + "timeout", with.timeout_ms);
  with.max_concurrent_queries =
      Whole(conf, prefix + "max_concurrent_queries", with.max_concurrent_queries);
  with.semaphore_timeout_ms = Whole(conf, prefix + "semaphore_timeout", with.semaphore_timeout_ms);
  return with;
}

}  // namespace

Options OptionsOf(const config::GatewayConf& conf) {
  Options options;
  options.trusted_certificates = conf.String("lua_ssl_trusted_certificate_combined");
  return Read(conf, "pg_", std::move(options));
}

std::optional<Options> ReplicaOptionsOf(const config::GatewayConf& conf) {
  if (conf.String("pg_ro_host").empty()) return std::nullopt;
  return Read(conf, "pg_ro_", OptionsOf(conf));
}

}  // namespace silverback::store::postgres

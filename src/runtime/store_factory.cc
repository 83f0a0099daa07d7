#include "runtime/store_factory.h"

#include <unistd.h>

#include <climits>

#include "runtime/patient_store.h"
#include "runtime/replica_store.h"
#include "store/no_database_migrator.h"
#include "store/postgres/migrations.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_store.h"
#include "util/string_util.h"

namespace silverback::runtime {
namespace {

Error Unavailable(const config::GatewayConf& conf) {
  return Error(ErrorCode::kOperationUnsupported,
               "database '" + conf.database() + "' is not available in this version");
}

// `vaults`: "off", or names, of which "bundled" stands for those that come with us.
std::vector<std::string> EnabledVaults(const config::GatewayConf& conf) {
  std::vector<std::string> names;
  for (const std::string& name : conf.List("vaults")) {
    if (name == "off") return {};
    names.push_back(name == "bundled" ? "env" : name);
  }
  return names;
}

entity::Catalog::Environment EnvironmentOf(const config::GatewayConf& conf) {
  entity::Catalog::Environment environment;
  environment.vaults = EnabledVaults(conf);
  environment.role = conf.String("role");
  environment.untrusted_lua = conf.String("untrusted_lua") != "off";
  for (const auto& directive : conf.injected("nginx_http_directives")) {
    if (directive.name != "lua_shared_dict") continue;
    environment.dictionaries.push_back(directive.value.substr(0, directive.value.find(' ')));
  }
  return environment;
}

}  // namespace

std::string NodeId(const config::GatewayConf& conf) {
  constexpr std::string_view kUrlNamespace = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";
  char host[HOST_NAME_MAX + 1] = {};
  gethostname(host, sizeof(host) - 1);
  return UuidV5(kUrlNamespace, std::string(host) + ":" + conf.prefix());
}

std::string EmbeddedStorePath(const config::GatewayConf& conf) {
  return conf.prefix() + "/kong.db";
}
std::string ReplicaPath(const config::GatewayConf& conf) { return conf.prefix() + "/replica"; }

Result<std::unique_ptr<entity::Catalog>> OpenCatalog(const config::GatewayConf& conf) {
  return entity::Catalog::Create(conf.plugins(), conf.database() == "off", EnvironmentOf(conf));
}

Result<std::unique_ptr<store::Store>> OpenDatabase(const config::GatewayConf& conf,
                                                   const entity::Catalog& catalog,
                                                   std::atomic<uint64_t>* newest_write) {
  if (conf.database() == "sqlite") return store::sqlite::Open(EmbeddedStorePath(conf), catalog);
  if (conf.database() == "postgres") {
    const store::postgres::EventOptions events{
        .node_id = NodeId(conf), .propagation_s = conf.Number("db_update_propagation")};
    return store::postgres::Open({.server = store::postgres::OptionsOf(conf),
                                  .copy = store::postgres::ReplicaOptionsOf(conf),
                                  .newest_write = newest_write,
                                  .events = events,
                                  .clock = {}},
                                 catalog);
  }
  return Unavailable(conf);
}

Result<std::unique_ptr<store::Store>> OpenStore(const config::GatewayConf& conf,
                                                const entity::Catalog& catalog,
                                                const replica::Replica& replica,
                                                std::atomic<uint64_t>* newest_write) {
  if (conf.database() != "off") {
    return std::unique_ptr<store::Store>(std::make_unique<PatientStore>(
        conf.database(),
        [&conf, &catalog, newest_write] { return OpenDatabase(conf, catalog, newest_write); }));
  }
  return std::unique_ptr<store::Store>(std::make_unique<ReplicaStore>(replica, &NowWithMillis));
}

Result<std::unique_ptr<store::Migrator>> OpenMigrator(const config::GatewayConf& conf,
                                                      const entity::Catalog& catalog) {
  if (conf.database() == "sqlite") {
    return store::sqlite::NewMigrator(EmbeddedStorePath(conf), catalog);
  }
  if (conf.database() == "off") return store::NewNoDatabaseMigrator(catalog);
  if (conf.database() == "postgres") {
    return store::postgres::NewMigrator(store::postgres::OptionsOf(conf), catalog);
  }
  return Unavailable(conf);
}

Result<std::unique_ptr<replica::Replica>> OpenReplica(const config::GatewayConf& conf,
                                                      const entity::Catalog& catalog) {
  return replica::Replica::Open(catalog, {.path = ReplicaPath(conf)});
}

}  // namespace silverback::runtime

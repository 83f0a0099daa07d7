// Opens what a node is made of, as its settings say: the catalog, the store, the replica. For the
// two composition roots.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "config/gateway_conf.h"
#include "entity/catalog.h"
#include "replica/replica.h"
#include "store/migrations.h"
#include "store/store.h"

namespace silverback::runtime {

Result<std::unique_ptr<entity::Catalog>> OpenCatalog(const config::GatewayConf& conf);
// The store that `database` names. Connects when first used where it can; errors: kUnavailable,
// kOperationUnsupported, also with the database off. `newest_write`: as in
// store::postgres::StoreOptions.
Result<std::unique_ptr<store::Store>> OpenDatabase(const config::GatewayConf& conf,
                                                   const entity::Catalog& catalog,
                                                   std::atomic<uint64_t>* newest_write = nullptr);
// The same for a node, opened when first used: a node starts without it. With the database off the
// store is `replica`, read-only. All three outlive the store.
Result<std::unique_ptr<store::Store>> OpenStore(const config::GatewayConf& conf,
                                                const entity::Catalog& catalog,
                                                const replica::Replica& replica,
                                                std::atomic<uint64_t>* newest_write = nullptr);
// What `kong migrations` works on. Does not connect. Error: kOperationUnsupported.
Result<std::unique_ptr<store::Migrator>> OpenMigrator(const config::GatewayConf& conf,
                                                      const entity::Catalog& catalog);
Result<std::unique_ptr<replica::Replica>> OpenReplica(const config::GatewayConf& conf,
                                                      const entity::Catalog& catalog);

// The node's id, the same in all its processes: nodes of a cluster have different hosts or
// prefixes.
std::string NodeId(const config::GatewayConf& conf);
std::string EmbeddedStorePath(const config::GatewayConf& conf);  // PREFIX/kong.db
std::string ReplicaPath(const config::GatewayConf& conf);        // PREFIX/replica

}  // namespace silverback::runtime

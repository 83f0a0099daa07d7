// The steps between settings and a running node, as start, restart, reload and prepare take them.
// Blocking.
#pragma once

#include <memory>

#include "cli/command.h"
#include "config/gateway_conf.h"
#include "entity/catalog.h"
#include "store/store.h"
#include "util/result.h"

namespace silverback::cli {

// Makes the prefix directory, when there is none, for commands that need nothing else in it.
Status MakePrefix(const Invocation& invocation, const config::GatewayConf& conf);

// Renders the prefix.
Status RenderPrefix(const Invocation& invocation, const config::GatewayConf& conf);

// The catalog of a node. Error also when a plugin is enabled that is not there.
Result<std::unique_ptr<entity::Catalog>> OpenFullCatalog(const config::GatewayConf& conf);

// Checks the store's migrations (the embedded one is made), and brings the node's replica up to it.
// `reloading`: the node runs and may keep a configuration that it was posted.
Status FillReplica(const Invocation& invocation, const config::GatewayConf& conf,
                   bool reloading = false);

// After a command has changed the store: brings the node's replica up to it, when there is one. Its
// workers look there from time to time.
Status UpdateReplica(const Invocation& invocation, const config::GatewayConf& conf,
                     const entity::Catalog& catalog, store::Store& store);

// All of it, until the node serves. Says "Kong started".
Status StartNode(const Invocation& invocation, const config::GatewayConf& conf);

// Puts the node of a prefix under new settings. Error also when it does not run.
Status ReloadNode(const Invocation& invocation, const config::GatewayConf& conf);

// Ends the node at once. Says "Kong stopped".
Status StopNode(const Invocation& invocation, const config::GatewayConf& conf);

}  // namespace silverback::cli

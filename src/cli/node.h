// The steps between settings and a running node, as start, restart, reload and prepare take them.
// Blocking.
#pragma once

#include <string>

#include "cli/command.h"
#include "config/gateway_conf.h"
#include "util/result.h"

namespace silverback::cli {

// Renders the prefix.
Status RenderPrefix(const Invocation& invocation, const config::GatewayConf& conf);

// Checks the store's migrations (the embedded one is made), and brings the node's replica up to it.
Status FillReplica(const Invocation& invocation, const config::GatewayConf& conf);

// All of it, until the node serves. Says "Kong started".
Status StartNode(const Invocation& invocation, const config::GatewayConf& conf);

// Puts the node of a prefix under new settings. Error also when it does not run.
Status ReloadNode(const Invocation& invocation, const config::GatewayConf& conf);

// Ends the node at once. Says "Kong stopped".
Status StopNode(const Invocation& invocation, const config::GatewayConf& conf);

}  // namespace silverback::cli

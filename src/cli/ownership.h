// Whose files are: a master that root starts runs its workers as another user, and these write the
// embedded store and the replica. Blocking; nothing happens unless root calls.
#pragma once

#include "config/gateway_conf.h"
#include "util/result.h"

namespace silverback::cli {

// Gives the store's and the replica's files to the workers. Error: there is no such user.
Status GiveToWorkers(const config::GatewayConf& conf);

// Error: the workers' user may not enter the prefix.
Status CheckWorkersMayEnter(const config::GatewayConf& conf);

}  // namespace silverback::cli

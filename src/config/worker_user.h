// Who the workers run as. Blocking look-ups in the system's user database.
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>

#include "config/gateway_conf.h"
#include "util/result.h"

namespace silverback::config {

struct WorkerUser {
  uid_t uid = 0;
  gid_t gid = 0;
};

// The user that nginx changes to: that of nginx_main_user, or nginx' own default. Nothing when this
// process is not root's, for then workers keep its user. Error: kInvalidInput, an unknown user.
Result<std::optional<WorkerUser>> FindWorkerUser(const GatewayConf& conf);

}  // namespace silverback::config

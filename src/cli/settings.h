// How commands come by a node's settings. Errors are those of config::GatewayConf::Load.
#pragma once

#include <map>
#include <string>

#include "config/gateway_conf.h"
#include "util/result.h"

namespace silverback::cli {

struct Invocation;

using Environment = std::map<std::string, std::string>;

// All variables of the process: settings may refer to any of them.
Environment ReadEnvironment(const char* const* variables);

// Of the file --conf (or the default one), the environment and --prefix; what is read is told.
Result<config::GatewayConf> LoadConf(const Invocation& invocation);
// The same, with a warning for each deprecated setting.
Result<config::GatewayConf> LoadConfForStart(const Invocation& invocation);
// The same without a word.
Result<config::GatewayConf> LoadConfQuietly(const Invocation& invocation);

// The settings that the node in the prefix was started with. Error: there is no such prefix.
Result<config::GatewayConf> LoadRunningConf(const Invocation& invocation);
// These under the environment as it is now; without any when nothing was started in the prefix.
Result<config::GatewayConf> LoadRunningConfAnew(const Invocation& invocation);

}  // namespace silverback::cli

// The variables AWS_* of the environment: nginx takes the environment from its workers, so the
// master keeps those that aws-lambda knows when it reads the configuration.
#pragma once

#include <map>
#include <string>

namespace silverback::nginx {

void KeepCloudVariables();
const std::map<std::string, std::string>& CloudVariables();

}  // namespace silverback::nginx

#include "nginx/cloud_variables.h"

#include <cstdlib>

namespace silverback::nginx {
namespace {

std::map<std::string, std::string>& Kept() {
  static std::map<std::string, std::string> kept;
  return kept;
}

}  // namespace

void KeepCloudVariables() {
  for (const char* name :
       {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"}) {
    if (const char* value = std::getenv(name)) Kept()[name] = value;
  }
}

const std::map<std::string, std::string>& CloudVariables() { return Kept(); }

}  // namespace silverback::nginx

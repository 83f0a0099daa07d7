// The texts of nginx' configuration, rendered from the templates. Blocking (reads a custom
// template).
#pragma once

#include <string>

#include "config/gateway_conf.h"
#include "config/prefix.h"
#include "util/result.h"

namespace silverback::config {

struct NginxFiles {
  std::string nginx, kong, kong_stream;  // nginx.conf, nginx-kong.conf, nginx-kong-stream.conf
};

// Error: kInvalidInput with what is wrong with a template.
Result<NginxFiles> RenderNginxFiles(const GatewayConf& conf, const PrefixOptions& options);

// How many files a process may open.
double OpenFileLimit();

}  // namespace silverback::config

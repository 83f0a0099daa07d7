// The prefix directory of a node: everything that nginx needs before it can start. Blocking; for
// the command line.
#pragma once

#include <string>

#include "config/gateway_conf.h"
#include "config/log.h"
#include "util/result.h"

namespace silverback::config {

struct PrefixOptions {
  std::string nginx_template;  // path of a template in place of ours for nginx.conf (--nginx-conf)
  std::string module_dir;      // absolute; holds silverback_http.so and silverback_stream.so
  std::string nginx_modules_dir = "/usr/lib/nginx/modules";  // the distribution's dynamic modules
  LogSink log;
};

// Makes the directories, log files, default certificates and DH parameters that `conf` asks for,
// and writes PREFIX/.kong_env, nginx.conf, nginx-kong.conf and nginx-kong-stream.conf. What exists
// is kept (logs, certificates) or replaced (configurations). When root calls, everything stays
// root's: who may replace a file that the master reads could make it run anything. Error:
// kInvalidInput with one line for people.
Status PreparePrefix(const GatewayConf& conf, const PrefixOptions& options);

// PREFIX/.kong_env.
std::string EnvFilePath(const GatewayConf& conf);

}  // namespace silverback::config

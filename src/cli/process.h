// Starting, signalling and stopping the nginx of a prepared prefix. Blocking; for the command line.
#pragma once

#include <sys/types.h>
#include <string>

#include "config/gateway_conf.h"
#include "util/result.h"

namespace silverback::cli {

// The master's pid from the pid file; 0 when there is none, or when no such process lives.
pid_t MasterPid(const config::GatewayConf& conf);

// Starts nginx with PREFIX/nginx.conf and waits until it listens. The caller's file descriptors
// above the standard ones are not passed on. Error: nginx' own words.
Status StartNginx(const config::GatewayConf& conf, const std::string& nginx_binary);
// `nginx -t` on a rendered prefix.
Status TestNginx(const config::GatewayConf& conf, const std::string& nginx_binary);

Status SendSignal(const config::GatewayConf& conf, int signal);  // kNotFound: it does not run
// Sends the signal and waits for the end of the master; kUnavailable when it is still there after
// `seconds`.
Status StopNginx(const config::GatewayConf& conf, int signal, double seconds);

}  // namespace silverback::cli

// Starting, signalling and stopping the nginx of a prepared prefix. Blocking; for the command line.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/gateway_conf.h"
#include "util/result.h"

namespace silverback::cli {

// How long a process may take to end on SIGTERM, in seconds.
inline constexpr double kLongestStop = 10;

// The master's pid from the pid file; 0 when there is none, or when no nginx of that pid lives.
pid_t MasterPid(const config::GatewayConf& conf);

// Whether nginx is to stay in the foreground (nginx_daemon = off).
bool InForeground(const config::GatewayConf& conf);

// Starts nginx with PREFIX/nginx.conf as a daemon and waits until its workers serve. The caller's
// file descriptors above the standard ones are not passed on. Error: nginx' own words; nothing runs
// then.
Status StartNginx(const config::GatewayConf& conf, const std::string& nginx_program);
// Becomes nginx; comes back only when that fails.
Error BecomeNginx(const config::GatewayConf& conf, const std::string& nginx_program);
// `nginx -t` on a rendered prefix.
Status TestNginx(const config::GatewayConf& conf, const std::string& nginx_program);
// `nginx -v`: "nginx/1.22.1", "" when it does not say.
std::string NginxVersion(const std::string& nginx_program);

Status SendSignal(const config::GatewayConf& conf, int signal);  // kNotFound: it does not run
// Sends the signal and waits for the end of the master; kUnavailable when it is still there after
// `seconds`.
Status StopNginx(const config::GatewayConf& conf, int signal, double seconds);

// Ends workers whose master was killed: they would keep the ports and serve what they know. Gives
// how many there were.
size_t StopWorkersWithoutMaster(const config::GatewayConf& conf);

}  // namespace silverback::cli

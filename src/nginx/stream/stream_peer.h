// Which upstream a session goes to: its addresses, one for each try, and how TLS to it is done.
#pragma once

#include <functional>
#include <string_view>

#include "nginx/stream/stream_ngx.h"

namespace silverback::nginx {

class StreamSession;

// Finds the addresses of the session's service. `done` may run before the function returns; its
// argument says why there are none, "" when all is well. REQUIRES: the session has a service.
void PrepareSession(StreamSession& session, std::function<void(std::string_view problem)> done);

// Gives the session a configuration of the proxy module of its own: timeouts and TLS.
void ConfigureProxy(StreamSession& session);

// The session has ended: tells the balancer how. Before the log plugins run.
void FinishSession(StreamSession& session);

// For `silverback_balancer` in an upstream block.
ngx_int_t InitStreamUpstream(ngx_conf_t* cf, ngx_stream_upstream_srv_conf_t* upstream);

}  // namespace silverback::nginx

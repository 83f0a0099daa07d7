// The balancer of `upstream kong_upstream`: gives nginx the address of each try, its timeouts and
// its TLS parameters, and keeps connections for the next request.
#pragma once

#include "nginx/ngx.h"

namespace silverback::nginx {

class RequestContext;

// peer.init_upstream of the `silverback_balancer` directive.
ngx_int_t InitUpstream(ngx_conf_t* cf, ngx_http_upstream_srv_conf_t* upstream);

// Tells the passive health checks how a proxied request ended.
void ReportOutcome(RequestContext& context);

}  // namespace silverback::nginx

// The handlers that nginx calls in its phases, and the way on after a wait.
#pragma once

#include "nginx/ngx.h"
#include "runtime/phase_runner.h"

namespace silverback::nginx {

class RequestContext;

ngx_int_t RewritePhase(ngx_http_request_t* r);
ngx_int_t AccessPhase(ngx_http_request_t* r);
ngx_int_t LogPhase(ngx_http_request_t* r);

// After something that a request waited for has happened outside of a phase handler: goes on with
// what `outcome` says. The request may be gone afterwards.
void ContinuePhases(RequestContext& context, runtime::Outcome outcome);

}  // namespace silverback::nginx

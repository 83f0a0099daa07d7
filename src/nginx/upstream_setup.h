// Between the access plugins and the proxy module: which upstream the request goes to, by which
// addresses, and with which headers.
#pragma once

#include <optional>

#include "nginx/ngx.h"
#include "plugin/exchange.h"

namespace silverback::nginx {

class RequestContext;

// Leaves the context in Stage::kReady, or in Stage::kResolving when the request has to wait (it is
// resumed then); or gives the answer that ends the request.
std::optional<plugin::LocalResponse> PrepareUpstream(RequestContext& context);

// Hands the request over to the proxy module: the access phase's last step.
ngx_int_t HandOver(RequestContext& context);

}  // namespace silverback::nginx

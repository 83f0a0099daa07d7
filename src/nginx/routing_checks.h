// The route of a request, and the refusals that come before any plugin: no route, wrong protocol.
#pragma once

#include <optional>

#include "plugin/exchange.h"

namespace silverback::nginx {

class RequestContext;

// Sets the context's match; or the answer that ends the request.
std::optional<plugin::LocalResponse> FindRoute(RequestContext& context);

}  // namespace silverback::nginx

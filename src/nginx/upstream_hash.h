// What of a request consistent hashing goes by, and the cookie that makes clients come back to
// where they were.
#pragma once

#include <string>

#include "balancer/upstream.h"
#include "nginx/ngx.h"

namespace silverback::nginx {

class RequestContext;

// "" when the request has nothing to hash. Makes a new cookie in the context when that is what the
// upstream hashes and the client has none.
std::string HashValue(RequestContext& context, const balancer::Upstream& upstream);

// Puts the new cookie, if there is one, into the response; in the place of one of the same name.
void SetHashCookie(RequestContext& context);

}  // namespace silverback::nginx

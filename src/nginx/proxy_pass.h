// Hands a request to nginx' proxy module. The template's proxy_pass names no variables: nginx would
// evaluate, parse and look up its URL for each request. The upstream's path and scheme are put in
// here instead. Templates that give them as variables work as well. Event loop only.
#pragma once

#include "nginx/ngx.h"

namespace silverback::nginx {

class RequestContext;

// Makes ProxyContent the content handler of a request whose location proxies.
void UseProxyContent(RequestContext& context);

// Gives a request the target back that its client asked for. Whatever comes before the upstream's
// answer, such as an error, is about that.
void RestoreTarget(RequestContext& context);

// What a template without variables leaves open; called when nginx has set the upstream up.
void CompleteUpstream(RequestContext& context);

}  // namespace silverback::nginx

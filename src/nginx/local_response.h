// Answers that the gateway gives itself.
#pragma once

#include <string_view>

#include "nginx/ngx.h"
#include "plugin/exchange.h"

namespace silverback::nginx {

class RequestContext;

// {"message": ...}, whatever the client accepts.
plugin::LocalResponse JsonMessage(int status, std::string_view message);

// Sends the answer through the filters. Gives what the request is to be finalized with: a status
// without a body is nginx' to answer.
ngx_int_t SendLocalResponse(RequestContext& context, plugin::LocalResponse response);

// Sends nginx' HTML page of that status, without the name of the server.
ngx_int_t SendStatusPage(ngx_http_request_t* r, int status);

// Sends `body` as the whole response; status and headers are set before.
ngx_int_t SendBody(ngx_http_request_t* r, std::string_view body);

}  // namespace silverback::nginx

// The content handlers of the Admin API's and the status listener's locations: the request's body
// is read, the API runs on a thread, its answer is sent from the event loop.
#pragma once

#include "nginx/ngx.h"

namespace silverback::nginx {

ngx_int_t AdminContent(ngx_http_request_t* r);
ngx_int_t StatusContent(ngx_http_request_t* r);

}  // namespace silverback::nginx

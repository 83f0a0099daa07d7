// The content handler of the internal location that error_page leads to: answers what nginx or an
// upstream's failure ended with, in the format that the client accepts.
#pragma once

#include "nginx/ngx.h"

namespace silverback::nginx {

ngx_int_t ErrorPageContent(ngx_http_request_t* r);
// The same with nginx' own HTML page, for what no client negotiates.
ngx_int_t StatusPageContent(ngx_http_request_t* r);

}  // namespace silverback::nginx

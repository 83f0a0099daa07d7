// The response filters: hop-by-hop headers, the gateway's own headers, and the plugins' header and
// body phases.
#pragma once

#include "nginx/ngx.h"

namespace silverback::nginx {

ngx_int_t AddFilters(ngx_conf_t* cf);  // post-configuration of the filter module

}  // namespace silverback::nginx

#include "nginx/guard.h"

namespace silverback::nginx {

void LogEscape(ngx_log_t* log, const char* where, const char* what) {
  ngx_log_error(NGX_LOG_CRIT, log, 0, "[silverback] %s: unexpected exception: %s", where, what);
}

}  // namespace silverback::nginx

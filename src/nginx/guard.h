// Guard: the border between nginx's C frames and ours. Every function that nginx calls does its
// work inside one, so that no exception reaches nginx.
#pragma once

#include <exception>

#include "nginx/ngx.h"

namespace silverback::nginx {

void LogEscape(ngx_log_t* log, const char* where, const char* what);

// Runs `work`; what it throws is logged and `otherwise` is given instead.
template <class Work, class Value>
Value Guard(ngx_log_t* log, const char* where, Value otherwise, Work&& work) noexcept {
  try {
    return work();
  } catch (const std::exception& error) {
    LogEscape(log, where, error.what());
  } catch (...) {
    LogEscape(log, where, "not an exception of the standard library");
  }
  return otherwise;
}

template <class Work>
void GuardVoid(ngx_log_t* log, const char* where, Work&& work) noexcept {
  Guard(log, where, 0, [&] {
    work();
    return 0;
  });
}

}  // namespace silverback::nginx

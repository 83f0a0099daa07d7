// nginx's headers for C++, and its strings as ours and back. Only src/nginx includes this.
#pragma once

#include <string>
#include <string_view>

extern "C" {
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
}

namespace silverback::nginx {

inline std::string_view View(const ngx_str_t& text) {
  return {reinterpret_cast<const char*>(text.data), text.len};
}

// nginx never writes through the strings that we lend it.
inline ngx_str_t Borrow(std::string_view text) {
  return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}
ngx_str_t Borrow(const char*) = delete;  // say how long it is, with a string_view literal

// A copy in `pool`; an empty string with data == nullptr when memory is short.
inline ngx_str_t CopyTo(ngx_pool_t* pool, std::string_view text) {
  auto* data = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
  if (data == nullptr) return {0, nullptr};
  ngx_memcpy(data, text.data(), text.size());
  data[text.size()] = '\0';
  return {text.size(), data};
}

}  // namespace silverback::nginx

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/cookie.h"
#include "http/header.h"
#include "http/query.h"
#include "http/uri.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace silverback::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Target target = SplitTarget(text);
  (void)PathSegments(target.path);
  if (ParseQuery(target.query).size() > 100) __builtin_trap();
  (void)ParseCookies(text);
  (void)HeaderListMembers(text);
  (void)HeaderParameter(text, "name");
  return 0;
}

#include "admin/json_body.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace silverback;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = admin::ReadJsonBody(text);
  if (!body) return 0;
  if (!body->is_object()) __builtin_trap();
  const std::string dumped = DumpJson(*body);
  if (admin::InvalidUtf8At(dumped) != 0) __builtin_trap();
  return 0;
}

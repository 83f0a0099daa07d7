#include <cstddef>
#include <cstdint>
#include <string_view>

#include "admin/form_args.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace silverback;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Json decoded = admin::DecodeArguments(http::ParseQuery(text));
  if (!decoded.is_object()) __builtin_trap();
  (void)DumpJson(decoded);
  (void)admin::LuaNumber(text);
  return 0;
}

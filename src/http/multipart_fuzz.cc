#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/multipart.h"

// The first line is the Content-Type, the rest the body.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace silverback::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string boundary = MultipartBoundary(text.substr(0, line));
  size_t total = 0;
  for (const Part& part : ParseMultipart(text.substr(line + 1), boundary))
    total += part.data.size();
  if (total > size) __builtin_trap();
  return 0;
}

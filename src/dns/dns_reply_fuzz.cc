#include <cstddef>
#include <cstdint>

#include "dns/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const silverback::dns::Reply reply = silverback::dns::ParseReply(data, size);
  if (!reply.failure.empty() && !reply.records.empty()) __builtin_trap();
  return 0;
}

// What DNS servers say: records, and the reply to one query. Plain data; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::dns {

// The numbers are those of the protocol.
enum class Type : uint16_t { kA = 1, kCname = 5, kAaaa = 28, kSrv = 33 };
const char* TypeName(Type type);

struct Record {
  std::string name;  // lower case, without the last dot
  Type type = Type::kA;
  uint32_t ttl = 0;   // seconds
  std::string value;  // an address as text, without brackets; or the name that it points at
  int port = 0, weight = 0, priority = 0;  // of SRV records
};

struct Reply {
  // Why no server gave an answer that can be read; "" when one did. Then the rest is empty.
  std::string failure;
  int code = 0;                 // what the server said (RCODE); 0: no error, 3: no such name
  std::vector<Record> records;  // of the types above, from the answer section
};

// RCODEs that have a meaning of their own here.
constexpr int kFormatError = 1, kNameError = 3;
const char* CodeText(int code);  // "name error"

// Reads a message; what cannot be read is a reply with a failure, or with a format error when it
// has a header.
Reply ParseReply(const unsigned char* message, size_t bytes);

}  // namespace silverback::dns

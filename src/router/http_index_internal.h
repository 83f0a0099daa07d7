// What the two halves of HttpIndex (build and search) agree on; no one else includes this.
#pragma once

#include <string>
#include <string_view>

#include "router/atoms.h"

namespace silverback::router {

// Bits beside a path's number in the table of prefixes.
constexpr uint32_t kIsPrefix = 1;     // a rule's prefix path
constexpr uint32_t kBeginsRegex = 2;  // what a rule's pattern literally begins with

// Plain hosts and wildcards share the host part of posting keys.
inline Atom PlainHostKey(Atom host) { return host == kNoAtom ? kNoAtom : host * 2; }
inline Atom WildcardKey(Atom wildcard) { return wildcard * 2 + 1; }

inline void MakeHeaderKey(std::string_view name, std::string_view lower_value, std::string& key) {
  key.assign(name);
  key.push_back('\0');
  key.append(lower_value);
}

}  // namespace silverback::router

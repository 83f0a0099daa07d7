// Texts of JSON as one list. Pure; any thread.
#pragma once

#include <string>
#include <vector>

namespace silverback::plugins {

inline std::string JsonList(const std::vector<std::string>& entries) {
  std::string list = "[";
  for (const std::string& entry : entries) {
    if (list.size() > 1) list += ',';
    list += entry;
  }
  return list += "]";
}

}  // namespace silverback::plugins

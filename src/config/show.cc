#include "config/show.h"

#include <vector>

#include "util/string_util.h"

namespace silverback::config {
namespace {

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\n') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string AsLua(const Json& value) {
  if (value.is_null()) return "nil";
  if (value.is_string()) return Quoted(value.get_ref<const std::string&>());
  if (!value.is_structured()) return DumpJson(value);
  std::vector<std::string> parts;
  for (const auto& [key, item] : value.items()) {
    parts.push_back(value.is_array() ? AsLua(item) : key + "=" + AsLua(item));
  }
  return "{" + Join(parts, ",") + "}";
}

std::string AsSetting(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const Json& item : value) {
      if (!item.is_string()) return "";
      parts.push_back(item.get<std::string>());
    }
    return Join(parts, ",");
  }
  return value.is_boolean() || value.is_number() ? DumpJson(value) : "";
}

}  // namespace silverback::config

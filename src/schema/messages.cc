#include "schema/messages.h"

#include <algorithm>

#include "schema/schema.h"

namespace silverback::schema {
namespace {

bool IsIdentifier(const std::string& text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
         std::string::npos;
}

// The equals signs of the longest of Lua's long brackets ("[[", "]==]") in the text; -1: none.
int LongBracket(const std::string& text) {
  int longest = -1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '[' && text[i] != ']') continue;
    const size_t end = text.find_first_not_of('=', i + 1);
    if (end != text.npos && text[end] == text[i])
      longest = std::max(longest, static_cast<int>(end - i - 1));
  }
  return longest;
}

// A text as a Lua program would write it.
std::string Quoted(const std::string& text) {
  const int bracket = LongBracket(text + "]");
  if ((text.find('\n') != text.npos || bracket >= 0) && text.find('\r') == text.npos) {
    const std::string equals(static_cast<size_t>(bracket + 1), '=');
    return "[" + equals + "[" + (text.starts_with('\n') ? "\n" : "") + text + "]" + equals + "]";
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\n') out += '\\';
    out += c == '\r' ? "\\r" : std::string(1, c);
  }
  return out + "\"";
}

std::string Text(const Json& error) {
  if (error.is_string()) return error.get<std::string>();
  return error.is_structured() ? PrettyTable(error) : DumpJson(error);
}

void Describe(const std::string& field, const Json& error, std::vector<std::string>& out) {
  if (field == "@entity" && error.is_array()) {
    for (const Json& each : error) out.push_back(Text(each));
  } else if (error.is_array()) {
    for (size_t i = 0; i < error.size(); ++i) {
      if (!error[i].is_null())
        out.push_back(field + "." + std::to_string(i + 1) + ": " + Text(error[i]));
    }
  } else if (error.is_object()) {
    for (const auto& [key, each] : error.items())
      out.push_back(field + "." + key + ": " + Text(each));
  } else {
    out.push_back(field + ": " + Text(error));
  }
}

}  // namespace

std::string PrettyTable(const Json& value, int indent) {
  const std::string inner(static_cast<size_t>(indent) * 2 + 2, ' ');
  std::string out = "{";
  bool first = true;
  const auto add = [&](const std::string& key, const Json& item) {
    out += (first ? "\n" : ",\n") + inner + key;
    out += item.is_structured() ? PrettyTable(item, indent + 1)
           : item.is_string()   ? Quoted(item.get<std::string>())
                                : DumpJson(item);
    first = false;
  };
  if (value.is_array()) {
    size_t holes = 0;
    for (size_t i = 0; i < value.size(); ++i) {
      if (value[i].is_null()) {
        ++holes;
      } else {
        add(holes ? "[" + std::to_string(i + 1) + "] = " : "", value[i]);
      }
    }
  } else {
    for (const auto& [key, item] : value.items()) {
      add(IsIdentifier(key) ? key + " = " : "[\"" + key + "\"] = ", item);
    }
  }
  return out + "\n" + std::string(static_cast<size_t>(indent) * 2, ' ') + "}";
}

std::string ViolationMessage(const Json& fields) {
  std::vector<std::string> parts;
  for (const auto& [field, error] : fields.items()) Describe(field, error, parts);
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : "; ") + part;
  if (parts.size() == 1) return "schema violation (" + joined + ")";
  return std::to_string(parts.size()) + " schema violations (" + joined + ")";
}

}  // namespace silverback::schema

#include "schema/messages.h"

#include "schema/schema.h"

namespace silverback::schema {
namespace {

bool IsIdentifier(const std::string& text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
         std::string::npos;
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
           : item.is_string()   ? "\"" + item.get<std::string>() + "\""
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

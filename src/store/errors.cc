#include "store/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace silverback::store {
namespace {

constexpr std::array<std::string_view, 21> kLuaKeywords = {
    "and", "break", "do",  "else", "elseif", "end",    "false", "for",  "function", "if",   "in",
    "not", "local", "nil", "or",   "repeat", "return", "then",  "true", "until",    "while"};

bool IsIdentifier(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (text.empty() || !letter(text[0])) return false;
  if (!std::all_of(text.begin(), text.end(),
                   [&](char c) { return letter(c) || (c >= '0' && c <= '9'); })) {
    return false;
  }
  return std::find(kLuaKeywords.begin(), kLuaKeywords.end(), text) == kLuaKeywords.end();
}

// The most '=' signs of a long bracket that closes within `text`; -1 when there is none.
int ClosingBracketLevel(const std::string& text) {
  int level = -1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ']') continue;
    size_t end = i + 1;
    while (end < text.size() && text[end] == '=') ++end;
    if (end < text.size() && text[end] == ']')
      level = std::max(level, static_cast<int>(end - i) - 1);
  }
  return level;
}

std::string Quoted(const std::string& text) {
  const int level = ClosingBracketLevel(text + "]");
  if ((text.find('\n') != std::string::npos || level >= 0) &&
      text.find('\r') == std::string::npos) {
    const std::string signs(static_cast<size_t>(level + 1), '=');
    return fmt::format("[{0}[{1}{2}]{0}]", signs, text[0] == '\n' ? "\n" : "", text);
  }
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\' || c == '\n') out += '\\';
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\0') {
      out += "\\000";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string ListItems(const Json& list) {
  std::string out;
  bool hole = false;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].is_null()) {
      hole = true;
      continue;
    }
    if (!out.empty()) out += ',';
    if (hole) out += fmt::format("[{}]=", i + 1);
    out += LuaTable(list[i]);
  }
  return out;
}

std::string Members(const Json& object) {
  std::string out;
  for (const auto& [key, value] : object.items()) {
    if (!out.empty()) out += ',';
    out += IsIdentifier(key) ? key : "[" + Quoted(key) + "]";
    out += '=' + LuaTable(value);
  }
  return out;
}

}  // namespace

std::string LuaTable(const Json& value) {
  if (value.is_object()) return "{" + Members(value) + "}";
  if (value.is_array()) return "{" + ListItems(value) + "}";
  if (value.is_string()) return Quoted(value.get<std::string>());
  return DumpJson(value);
}

Error PrimaryKeyViolation(const Json& key) {
  return Error(ErrorCode::kPrimaryKeyViolation,
               fmt::format("primary key violation on key '{}'", LuaTable(key)), key);
}

Error UniqueViolation(const Json& fields) {
  return Error(ErrorCode::kUniqueViolation,
               fmt::format("UNIQUE violation detected on '{}'", LuaTable(fields)), fields);
}

Error ForeignKeyViolation(const Json& key, std::string_view field, std::string_view parent) {
  return Error(ErrorCode::kForeignKeyViolation,
               fmt::format("the foreign key '{}' does not reference an existing '{}' entity.",
                           LuaTable(key), parent),
               Json{{std::string(field), key}});
}

Error ReferencedViolation(std::string_view parent, std::string_view child) {
  return Error(ErrorCode::kForeignKeyViolation,
               fmt::format("an existing '{}' entity references this '{}' entity", child, parent),
               Json{{"@referenced_by", std::string(child)}});
}

Error NotFoundError(const Json& primary_key) {
  return Error(
      ErrorCode::kNotFound,
      fmt::format("could not find the entity with primary key '{}'", LuaTable(primary_key)),
      primary_key);
}

Error NotFoundByError(const Json& filter) {
  return Error(ErrorCode::kNotFound,
               fmt::format("could not find the entity with '{}'", LuaTable(filter)), filter);
}

Error InvalidOffsetError(std::string_view offset, std::string_view why) {
  return Error(ErrorCode::kInvalidOffset,
               fmt::format("'{}' is not a valid offset: {}", offset, why));
}

Error InvalidSizeError() {
  return Error(ErrorCode::kInvalidSize, "size must be an integer between 1 and 1000");
}

Error InvalidPrimaryKeyError(const Json& fields) {
  return Error(ErrorCode::kInvalidPrimaryKey,
               fmt::format("invalid primary key: '{}'", LuaTable(fields)), fields);
}

Error InvalidUniqueError(std::string_view field, const std::string& why) {
  return Error(ErrorCode::kInvalidUnique, why, Json{{std::string(field), why}});
}

Error InvalidOptionError(std::string_view option, const std::string& why) {
  return Error(ErrorCode::kInvalidOptions, fmt::format("invalid option ({}: {})", option, why),
               Json{{std::string(option), why}});
}

Error UnsupportedError(std::string message) {
  return Error(ErrorCode::kOperationUnsupported, std::move(message));
}

}  // namespace silverback::store

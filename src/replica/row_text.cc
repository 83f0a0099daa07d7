#include "replica/row_text.h"

#include <algorithm>

namespace silverback::replica {
namespace {

// Where the value that begins at `at` ends.
size_t EndOfValue(std::string_view text, size_t at) {
  int depth = 0;
  for (bool in_string = false; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      at += c == '\\' ? 1 : 0;
      in_string = c != '"';
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) break;
    in_string = c == '"';
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  return std::min(at, text.size());
}

// Takes the next member off `text`: `{"name":value,...}`, or what is left of it. False: none.
bool TakeMember(std::string_view& text, std::string_view& name, std::string_view& value) {
  const size_t quote = text.find('"');
  if (quote == std::string_view::npos) return false;
  const size_t name_end = std::min(text.find("\":", quote), text.size() - 1) + 1;
  name = text.substr(quote, name_end - quote);
  const size_t from = std::min(name_end + 1, text.size());
  const size_t end = EndOfValue(text, from);
  value = text.substr(from, end - from);
  text.remove_prefix(end);
  return true;
}

bool IsLookedUpBy(const schema::Schema& schema, std::string_view quoted) {
  const std::string_view name = quoted.substr(1, std::max<size_t>(quoted.size(), 2) - 2);
  const auto& parts = schema.cache_key();
  if (!parts.empty() &&
      (name == "ws_id" || std::find(parts.begin(), parts.end(), name) != parts.end()))
    return true;
  const schema::Field* field = schema.FindField(name);
  return field && (field->unique || field->type == schema::FieldType::kForeign);
}

}  // namespace

bool SameLookups(const schema::Schema& schema, std::string_view a, std::string_view b) {
  std::string_view name_a, name_b, value_a, value_b;
  for (;;) {
    const bool more_a = TakeMember(a, name_a, value_a), more_b = TakeMember(b, name_b, value_b);
    if (!more_a && !more_b) return true;
    // Members are sorted: rows of one schema have the same ones, as a rule.
    if (more_a != more_b || name_a != name_b) return false;
    if (value_a != value_b && IsLookedUpBy(schema, name_a)) return false;
  }
}

}  // namespace silverback::replica

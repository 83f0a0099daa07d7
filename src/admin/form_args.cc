#include "admin/form_args.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <map>

#include "util/string_util.h"

namespace silverback::admin {
namespace {

// Hostile names such as "a.a.a.a..." or "a[1][1]..." must not build documents deeper than JSON
// bodies may be.
constexpr size_t kMaxSteps = 50;

// One step into a document: a member's name, or an index of a list.
struct Step {
  std::string name;
  std::optional<size_t> index;
};

struct ParsedName {
  std::vector<Step> steps;
  bool appends = false;  // ends in "[]"
};

// What one place of the document was given, before it is known to be a value, a list or an object.
struct Node {
  std::map<std::string, Node> members;
  std::map<size_t, Node> indexed;
  std::vector<Json> values;
  bool is_list = false;
};

bool IsDigits(std::string_view text) {
  if (text.size() > 9) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes "[...]" suffixes off `part`; gives the indexes from left to right, nullopt for "[]".
std::vector<std::optional<size_t>> TakeIndexes(std::string_view& part) {
  std::vector<std::optional<size_t>> indexes;
  while (part.size() > 2 && part.back() == ']') {
    const size_t open = part.rfind('[');
    if (open == std::string_view::npos || open == 0) break;
    const std::string_view digits = part.substr(open + 1, part.size() - open - 2);
    if (!IsDigits(digits)) break;
    std::optional<size_t> index;
    if (!digits.empty()) index = std::strtoul(std::string(digits).c_str(), nullptr, 10);
    indexes.insert(indexes.begin(), index);
    part = part.substr(0, open);
  }
  return indexes;
}

ParsedName ParseName(const std::string& name) {
  ParsedName parsed;
  if (name.front() == '.' || name.back() == '.') {
    parsed.steps.push_back({name, std::nullopt});
    return parsed;
  }
  for (std::string_view part : Split(name, '.')) {
    if (part.empty()) continue;
    const auto indexes = TakeIndexes(part);
    parsed.steps.push_back({std::string(part), std::nullopt});
    for (const auto& index : indexes) {
      if (index) parsed.steps.push_back({"", index});
    }
    parsed.appends = !indexes.empty() && !indexes.back();
  }
  if (parsed.steps.size() > kMaxSteps) parsed = {{{name, std::nullopt}}, false};
  return parsed;
}

void Add(Node& root, const http::Argument& argument) {
  const ParsedName parsed = ParseName(argument.name);
  Node* node = &root;
  for (const Step& step : parsed.steps) {
    node = step.index ? &node->indexed[*step.index] : &node->members[step.name];
  }
  if (parsed.appends) node->is_list = true;
  node->values.push_back(argument.value ? Json(*argument.value) : Json(true));
}

Json ToJson(const Node& node) {
  Json object = Json::object();
  for (const auto& [name, member] : node.members) object[name] = ToJson(member);
  const bool one_value = node.values.size() == 1 && !node.is_list && node.indexed.empty();
  if (node.members.empty() && one_value) return node.values.front();
  if (node.values.empty() && node.indexed.empty()) return object;

  Json list = Json::array();
  for (const auto& [index, element] : node.indexed) list.push_back(ToJson(element));
  for (const Json& value : node.values) list.push_back(value);
  if (!node.members.empty()) list.push_back(std::move(object));
  return list;
}

}  // namespace

Json DecodeArguments(const std::vector<http::Argument>& arguments) {
  Node root;
  for (const http::Argument& argument : arguments) Add(root, argument);
  Json result = Json::object();
  for (const auto& [name, node] : root.members) result[name] = ToJson(node);
  return result;
}

std::optional<double> LuaNumber(std::string_view text) {
  text = Trim(text);
  if (text.empty() || text.size() > 64) return std::nullopt;
  const std::string digits(text);
  // strtod knows more than Lua does: infinities and NaN.
  if (digits.find_first_of("nN") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(digits.c_str(), &end);
  if (end != digits.c_str() + digits.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<Json> FormNumber(std::string_view text) {
  const auto number = LuaNumber(text);
  if (!number) return std::nullopt;
  const bool integral = *number == std::trunc(*number) && std::fabs(*number) < 9e15;
  return integral ? Json(static_cast<int64_t>(*number)) : Json(*number);
}

}  // namespace silverback::admin

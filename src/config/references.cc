#include "config/references.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>
#include <vector>

#include "util/json.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

constexpr std::string_view kOpen = "{vault://";

Error Bad(std::string_view text, std::string_view reason) {
  return Error(ErrorCode::kInvalidInput, fmt::format("{} [{}]", reason, text));
}

// The value of an argument of "a=b&c=d".
std::string Argument(std::string_view query, std::string_view name) {
  for (const std::string_view part : Split(query, '&')) {
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == name) {
      return PercentDecode(part.substr(equals + 1), true);
    }
  }
  return "";
}

std::string VariableName(std::string_view prefix, std::string_view name) {
  std::string variable = std::string(prefix) + std::string(name);
  for (char& c : variable) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

const char* LuaType(const Json& value) {
  if (value.is_null()) return "userdata";
  return value.is_structured() ? "table" : value.type_name();
}

Result<std::string> MemberOf(const std::string& value, const Reference& reference) {
  const auto document = ParseJson(value);
  if (!document || !document->is_structured()) {
    const std::string why =
        document ? fmt::format("invalid type ({}), table expected", LuaType(*document))
                 : "Expected value but found invalid token at character 1";
    return Bad(reference.text,
               fmt::format("unable to json decode value ({}) received from vault ({}): {}",
                           reference.resource, reference.vault, why));
  }
  const Json* member = FindMember(*document, reference.key);
  const std::string where =
      fmt::format("for resource '{}' with a key of '{}'", reference.resource, reference.key);
  if (!member) {
    return Bad(reference.text,
               fmt::format("vault ({}) did not return value {}", reference.vault, where));
  }
  if (member->is_string()) return member->get<std::string>();
  return Bad(reference.text,
             fmt::format("invalid value received from vault ({}) {}: invalid type ({}), string "
                         "expected",
                         reference.vault, where, LuaType(*member)));
}

// The steps of a path; slashes that follow each other count once.
std::vector<std::string_view> StepsOf(std::string_view path) {
  std::vector<std::string_view> steps = Split(path, '/');
  std::erase(steps, std::string_view());
  return steps;
}

// The last of several steps is the key, those before it name the resource.
void SetPath(std::string_view path, Reference& reference) {
  std::vector<std::string_view> steps = StepsOf(path);
  if (steps.size() > 1) {
    reference.key = PercentDecode(steps.back(), true);
    steps.pop_back();
  }
  for (const std::string_view step : steps) {
    if (!reference.resource.empty()) reference.resource += '/';
    reference.resource += PercentDecode(step, true);
  }
}

// Of "user@host:port".
std::string_view HostOf(std::string_view authority) {
  if (const size_t user = authority.find('@'); user != std::string_view::npos)
    authority.remove_prefix(user + 1);
  return authority.substr(0, authority.rfind(':'));
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool IsReference(std::string_view value) {
  return value.size() > kOpen.size() + 1 && value.starts_with(kOpen) && value.ends_with('}');
}

Result<Reference> ParseReference(std::string_view text) {
  Reference reference;
  reference.text = text;
  const auto bad = [&](std::string_view reason) { return Bad(reference.text, reason); };
  text.remove_prefix(kOpen.size());
  text.remove_suffix(1);
  std::optional<std::string_view> version;
  if (const size_t fragment = text.find('#'); fragment != std::string_view::npos) {
    version = text.substr(fragment + 1);
    text = text.substr(0, fragment);
  }
  if (const size_t query = text.find('?'); query != std::string_view::npos) {
    reference.prefix = Argument(text.substr(query + 1), "prefix");
    text = text.substr(0, query);
  }
  const size_t slash = text.find('/');
  reference.vault = HostOf(text.substr(0, slash));
  if (reference.vault.empty()) return bad("reference url is missing host");
  if (slash == std::string_view::npos) return bad("reference url is missing path");
  const std::string_view path = text.substr(slash + 1);
  if (path.empty()) return bad("reference url has empty path");
  // Variables have no versions; what is none is refused all the same.
  if (version && !IsNumber(*version)) return bad("reference url has invalid version");
  SetPath(path, reference);
  if (reference.resource.empty()) return bad("reference url has invalid path");
  return reference;
}

Result<std::string> ReadVariable(const Reference& reference, std::string_view prefix,
                                 const Settings& environment) {
  const std::string_view before = reference.prefix.empty() ? prefix : reference.prefix;
  const auto variable = environment.find(VariableName(before, reference.resource));
  if (variable == environment.end()) {
    return Bad(reference.text, fmt::format("unable to load value ({}) from vault ({}): not found",
                                           reference.resource, reference.vault));
  }
  if (reference.key.empty()) return variable->second;
  return MemberOf(variable->second, reference);
}

Result<std::string> Dereference(std::string_view text, const Settings& environment,
                                const Settings& settings) {
  const auto reference = ParseReference(text);
  if (!reference) return reference.error();
  if (reference->vault != "env") {
    return Bad(text, fmt::format("vault not found ({})", reference->vault));
  }
  const auto prefix = settings.find("vault_env_prefix");
  return ReadVariable(*reference, prefix == settings.end() ? "" : prefix->second, environment);
}

}  // namespace silverback::config

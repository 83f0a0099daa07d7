#include "config/references.h"

#include <fmt/format.h>

#include <cctype>

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

Result<std::string> MemberOf(const std::string& value, const Reference& reference) {
  const auto document = ParseJson(value);
  if (!document || !document->is_object()) {
    return Bad(reference.text,
               fmt::format("unable to json decode value ({}) received from vault ({}): {}",
                           reference.resource, reference.vault, "Expected a JSON object"));
  }
  const Json* member = FindMember(*document, reference.key);
  const std::string where =
      fmt::format("for resource '{}' with a key of '{}'", reference.resource, reference.key);
  if (!member || member->is_null()) {
    return Bad(reference.text,
               fmt::format("vault ({}) did not return value {}", reference.vault, where));
  }
  if (member->is_string()) return member->get<std::string>();
  const char* type = member->is_structured() ? "table" : member->type_name();
  return Bad(reference.text,
             fmt::format("invalid value received from vault ({}) {}: invalid type ({}), string "
                         "expected",
                         reference.vault, where, type));
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
  if (const size_t query = text.find('?'); query != std::string_view::npos) {
    reference.prefix = Argument(text.substr(query + 1), "prefix");
    text = text.substr(0, query);
  }
  const size_t slash = text.find('/');
  reference.vault = text.substr(0, slash);
  if (reference.vault.empty()) return bad("reference url is missing host");
  if (slash == std::string_view::npos) return bad("reference url is missing path");
  std::string_view path = text.substr(slash + 1);
  const size_t separator = path.rfind('/');
  if (separator != std::string_view::npos) {
    reference.key = PercentDecode(path.substr(separator + 1), false);
    path = path.substr(0, separator);
  }
  reference.resource = PercentDecode(path, false);
  if (reference.resource.empty()) return bad("reference url has empty path");
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

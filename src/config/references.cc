#include "config/references.h"

#include <cctype>

#include "util/json.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

constexpr std::string_view kOpen = "{vault://";

struct Reference {
  std::string vault, name, key, prefix;
};

Error Bad(std::string_view reason) { return Error(ErrorCode::kInvalidInput, std::string(reason)); }

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

Result<Reference> Parse(std::string_view text) {
  text.remove_prefix(kOpen.size());
  text.remove_suffix(1);
  Reference reference;
  if (const size_t query = text.find('?'); query != std::string_view::npos) {
    reference.prefix = Argument(text.substr(query + 1), "prefix");
    text = text.substr(0, query);
  }
  const size_t slash = text.find('/');
  reference.vault = text.substr(0, slash);
  if (reference.vault.empty()) return Bad("reference url is missing host");
  if (slash == std::string_view::npos) return Bad("reference url is missing path");
  std::string_view path = text.substr(slash + 1);
  const size_t separator = path.rfind('/');
  if (separator != std::string_view::npos) {
    reference.key = PercentDecode(path.substr(separator + 1), false);
    path = path.substr(0, separator);
  }
  reference.name = PercentDecode(path, false);
  if (reference.name.empty()) return Bad("reference url has empty path");
  return reference;
}

std::string VariableName(std::string_view prefix, std::string_view name) {
  std::string variable = std::string(prefix) + std::string(name);
  for (char& c : variable) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

Result<std::string> MemberOf(const std::string& text, const std::string& key) {
  const auto document = ParseJson(text);
  if (!document || !document->is_object()) return Bad("unable to json decode value");
  const Json* member = FindMember(*document, key);
  if (!member || member->is_null()) return Bad("subfield " + key + " not found");
  if (member->is_string()) return member->get<std::string>();
  if (member->is_structured()) return Bad("subfield " + key + " is not a scalar");
  return DumpJson(*member);
}

}  // namespace

bool IsReference(std::string_view value) {
  return value.size() > kOpen.size() + 1 && value.starts_with(kOpen) && value.ends_with('}');
}

Result<std::string> Dereference(std::string_view text, const Settings& environment,
                                const Settings& settings) {
  auto reference = Parse(text);
  if (!reference) return reference.error();
  if (reference->vault != "env") {
    return Bad("could not find vault (" + reference->vault + ")");
  }
  std::string prefix = reference->prefix;
  if (const auto set = settings.find("vault_env_prefix"); prefix.empty() && set != settings.end()) {
    prefix = set->second;
  }
  const auto variable = environment.find(VariableName(prefix, reference->name));
  if (variable == environment.end())
    return Bad("unable to load value (" + reference->name + ") from vault (env): not found");
  if (reference->key.empty()) return variable->second;
  return MemberOf(variable->second, reference->key);
}

}  // namespace silverback::config

// Kong's checks of one value, with its messages.
#include <pcre2.h>

#include <array>
#include <cmath>

#include "schema/lua_pattern.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

using Check = Json (*)(const Json& argument, const Json& value);

std::string Show(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

std::string ShowList(const Json& list) {
  std::string out;
  for (const Json& item : list) out += (out.empty() ? "" : ", ") + Show(item);
  return out;
}

bool Contains(const Json& list, const Json& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Characters of a string, elements of a list.
size_t LengthOf(const Json& value) {
  return value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
}

Json Between(const Json& limits, const Json& value) {
  const double number = value.get<double>();
  if (number >= limits[0].get<double>() && number <= limits[1].get<double>()) return nullptr;
  return "value should be between " + DumpJson(limits[0]) + " and " + DumpJson(limits[1]);
}

Json GreaterThan(const Json& limit, const Json& value) {
  if (value.get<double>() > limit.get<double>()) return nullptr;
  return "value must be greater than " + DumpJson(limit);
}

Json Equal(const Json& wanted, const Json& value) {
  return value == wanted ? Json() : Json("value must be " + Show(wanted));
}

Json NotEqual(const Json& unwanted, const Json& value) {
  return value != unwanted ? Json() : Json("value must not be " + Show(unwanted));
}

Json OneOf(const Json& allowed, const Json& value) {
  if (Contains(allowed, value)) return nullptr;
  return Json("expected one of: " + ShowList(allowed));
}

Json NotOneOf(const Json& refused, const Json& value) {
  return Contains(refused, value) ? Json("must not be one of: " + ShowList(refused)) : Json();
}

Json LengthEqual(const Json& length, const Json& value) {
  return LengthOf(value) == length.get<size_t>() ? Json()
                                                 : Json("length must be " + DumpJson(length));
}

Json LengthMin(const Json& length, const Json& value) {
  if (LengthOf(value) >= length.get<size_t>()) return nullptr;
  return "length must be at least " + DumpJson(length);
}

Json LengthMax(const Json& length, const Json& value) {
  return LengthOf(value) <= length.get<size_t>()
             ? Json()
             : Json("length must be at most " + DumpJson(length));
}

Json Match(const Json& pattern, const Json& value) {
  if (LuaFind(value.get_ref<const std::string&>(), pattern.get_ref<const std::string&>()))
    return nullptr;
  return Json("invalid value: " + Show(value));
}

Json NotMatch(const Json& pattern, const Json& value) {
  if (!LuaFind(value.get_ref<const std::string&>(), pattern.get_ref<const std::string&>()))
    return nullptr;
  return Json("invalid value: " + Show(value));
}

Json MatchNone(const Json& rules, const Json& value) {
  for (const Json& rule : rules) {
    if (LuaFind(value.get_ref<const std::string&>(), rule["pattern"].get_ref<const std::string&>()))
      return rule["err"];
  }
  return nullptr;
}

Json MatchAll(const Json& rules, const Json& value) {
  for (const Json& rule : rules) {
    if (!LuaFind(value.get_ref<const std::string&>(),
                 rule["pattern"].get_ref<const std::string&>()))
      return rule["err"];
  }
  return nullptr;
}

Json MatchAny(const Json& rule, const Json& value) {
  for (const Json& pattern : rule["patterns"]) {
    if (LuaFind(value.get_ref<const std::string&>(), pattern.get_ref<const std::string&>()))
      return nullptr;
  }
  return rule["err"];
}

Json StartsWith(const Json& prefix, const Json& value) {
  if (value.get_ref<const std::string&>().starts_with(prefix.get_ref<const std::string&>()))
    return nullptr;
  return "should start with: " + Show(prefix);
}

Json ContainsItem(const Json& wanted, const Json& value) {
  return Contains(value, wanted) ? Json() : Json("expected to contain: " + Show(wanted));
}

Json IsRegex(const Json&, const Json& value) {
  const auto& pattern = value.get_ref<const std::string&>();
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                       0, &code, &offset, nullptr);
  if (!compiled) return "not a valid regex: " + pattern;
  pcre2_code_free(compiled);
  return nullptr;
}

Json Timestamp(const Json&, const Json& value) {
  return value.is_number() && value.get<double>() > 0 ? Json() : Json("expected a valid timestamp");
}

Json Uuid(const Json&, const Json& value) {
  return IsUuid(value.get_ref<const std::string&>()) ? Json() : Json("expected a valid UUID");
}

Json ExclusiveSubsets(const Json& subsets, const Json& value) {
  std::vector<std::string> hit;
  for (const Json& item : value) {
    for (const Json& subset : subsets) {
      if (!Contains(subset, item)) continue;
      std::string shown;
      for (const Json& member : subset)
        shown += (shown.empty() ? "('" : ", '") + Show(member) + "'";
      shown += ")";
      if (std::find(hit.begin(), hit.end(), shown) == hit.end()) hit.push_back(shown);
    }
  }
  if (hit.size() <= 1) return nullptr;
  return "these sets are mutually exclusive: " + Join(hit, ", ");
}

Json DictionaryOf(const Json& names, const Json& value) {
  return Contains(names, value) ? Json() : Json("failed validating: " + Show(value));
}

Json Named(const Json& name, const Json& value) {
  return RunNamedCheck(name.get_ref<const std::string&>(), value);
}

// In the order in which they are tried.
constexpr std::array<std::pair<std::string_view, Check>, 22> kChecks = {
    {{"eq", Equal},
     {"ne", NotEqual},
     {"not_one_of", NotOneOf},
     {"one_of", OneOf},
     {"gt", GreaterThan},
     {"timestamp", Timestamp},
     {"uuid", Uuid},
     {"is_regex", IsRegex},
     {"between", Between},
     {"len_eq", LengthEqual},
     {"len_min", LengthMin},
     {"len_max", LengthMax},
     {"starts_with", StartsWith},
     {"not_match", NotMatch},
     {"match_none", MatchNone},
     {"match", Match},
     {"match_all", MatchAll},
     {"match_any", MatchAny},
     {"contains", ContainsItem},
     {"dictionary_of", DictionaryOf},
     {"check", Named},
     {"mutually_exclusive_subsets", ExclusiveSubsets}}};

}  // namespace

std::vector<SimpleCheck> FindSimpleChecks(const Json& definition, FieldType type) {
  std::vector<SimpleCheck> found;
  for (const auto& [key, run] : kChecks) {
    const Json* argument = FindMember(definition, key);
    if (argument && (*argument != false || key == "eq" || key == "ne")) {
      found.push_back({run, *argument});
    } else if (!argument && key == "len_min" && type == FieldType::kString) {
      // Texts must not be empty unless their field says so.
      found.push_back({run, 1});
    }
  }
  return found;
}

Json RunSimpleChecks(const Field& field, const Json& value) {
  if (field.referenceable && IsVaultReference(value)) return nullptr;
  for (const SimpleCheck& check : field.simple_checks) {
    Json error = check.run(check.argument, value);
    if (error.is_null()) continue;
    const Json* own = FindMember(field.definition, "err");
    return own ? *own : error;
  }
  return nullptr;
}

}  // namespace silverback::schema

// Kong's checks of one value, in the order in which they are tried, with its messages.
#include <pcre2.h>

#include <array>
#include <cmath>

#include "schema/lua_pattern.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

using Check = Json (*)(const Field& field, const Json& argument, const Json& value);

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

Json FieldError(const Field& field, const std::string& otherwise) {
  return StringMember(field.definition, "err", otherwise);
}

// Characters of a string, elements of a list.
size_t LengthOf(const Json& value) {
  return value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
}

Json Between(const Field&, const Json& limits, const Json& value) {
  const double number = value.get<double>();
  if (number >= limits[0].get<double>() && number <= limits[1].get<double>()) return nullptr;
  return "value should be between " + DumpJson(limits[0]) + " and " + DumpJson(limits[1]);
}

Json GreaterThan(const Field&, const Json& limit, const Json& value) {
  if (value.get<double>() > limit.get<double>()) return nullptr;
  return "value must be greater than " + DumpJson(limit);
}

Json Equal(const Field&, const Json& wanted, const Json& value) {
  return value == wanted ? Json() : Json("value must be " + Show(wanted));
}

Json NotEqual(const Field&, const Json& unwanted, const Json& value) {
  return value != unwanted ? Json() : Json("value must not be " + Show(unwanted));
}

Json OneOf(const Field& field, const Json& allowed, const Json& value) {
  if (Contains(allowed, value)) return nullptr;
  return FieldError(field, "expected one of: " + ShowList(allowed));
}

Json NotOneOf(const Field&, const Json& refused, const Json& value) {
  return Contains(refused, value) ? Json("must not be one of: " + ShowList(refused)) : Json();
}

Json LengthEqual(const Field&, const Json& length, const Json& value) {
  return LengthOf(value) == length.get<size_t>() ? Json()
                                                 : Json("length must be " + DumpJson(length));
}

Json LengthMin(const Field& field, const Json& length, const Json& value) {
  if (LengthOf(value) >= length.get<size_t>()) return nullptr;
  return FieldError(field, "length must be at least " + DumpJson(length));
}

Json LengthMax(const Field&, const Json& length, const Json& value) {
  return LengthOf(value) <= length.get<size_t>()
             ? Json()
             : Json("length must be at most " + DumpJson(length));
}

Json Match(const Field& field, const Json& pattern, const Json& value) {
  if (LuaFind(value.get<std::string>(), pattern.get<std::string>())) return nullptr;
  return FieldError(field, "invalid value: " + Show(value));
}

Json NotMatch(const Field& field, const Json& pattern, const Json& value) {
  if (!LuaFind(value.get<std::string>(), pattern.get<std::string>())) return nullptr;
  return FieldError(field, "invalid value: " + Show(value));
}

Json MatchNone(const Field&, const Json& rules, const Json& value) {
  for (const Json& rule : rules) {
    if (LuaFind(value.get<std::string>(), rule["pattern"].get<std::string>())) return rule["err"];
  }
  return nullptr;
}

Json MatchAll(const Field&, const Json& rules, const Json& value) {
  for (const Json& rule : rules) {
    if (!LuaFind(value.get<std::string>(), rule["pattern"].get<std::string>())) return rule["err"];
  }
  return nullptr;
}

Json MatchAny(const Field&, const Json& rule, const Json& value) {
  for (const Json& pattern : rule["patterns"]) {
    if (LuaFind(value.get<std::string>(), pattern.get<std::string>())) return nullptr;
  }
  return rule["err"];
}

Json StartsWith(const Field&, const Json& prefix, const Json& value) {
  if (value.get_ref<const std::string&>().starts_with(prefix.get_ref<const std::string&>()))
    return nullptr;
  return "should start with: " + Show(prefix);
}

Json ContainsItem(const Field&, const Json& wanted, const Json& value) {
  return Contains(value, wanted) ? Json() : Json("expected to contain: " + Show(wanted));
}

Json IsRegex(const Field&, const Json&, const Json& value) {
  const auto& pattern = value.get_ref<const std::string&>();
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                       0, &code, &offset, nullptr);
  if (!compiled) return "not a valid regex: " + pattern;
  pcre2_code_free(compiled);
  return nullptr;
}

Json Timestamp(const Field&, const Json&, const Json& value) {
  return value.is_number() && value.get<double>() > 0 ? Json() : Json("expected a valid timestamp");
}

Json Uuid(const Field&, const Json&, const Json& value) {
  return IsUuid(value.get_ref<const std::string&>()) ? Json() : Json("expected a valid UUID");
}

Json ExclusiveSubsets(const Field&, const Json& subsets, const Json& value) {
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

Json Named(const Field&, const Json& name, const Json& value) {
  return RunNamedCheck(name.get<std::string>(), value);
}

constexpr std::array<std::pair<std::string_view, Check>, 21> kChecks = {
    {{"between", Between},
     {"eq", Equal},
     {"ne", NotEqual},
     {"gt", GreaterThan},
     {"len_eq", LengthEqual},
     {"len_min", LengthMin},
     {"len_max", LengthMax},
     {"match", Match},
     {"not_match", NotMatch},
     {"match_none", MatchNone},
     {"match_all", MatchAll},
     {"match_any", MatchAny},
     {"starts_with", StartsWith},
     {"one_of", OneOf},
     {"not_one_of", NotOneOf},
     {"is_regex", IsRegex},
     {"contains", ContainsItem},
     {"timestamp", Timestamp},
     {"uuid", Uuid},
     {"mutually_exclusive_subsets", ExclusiveSubsets},
     {"check", Named}}};

}  // namespace

Json RunSimpleChecks(const Field& field, const Json& value) {
  if (field.type == FieldType::kString && !field.definition.contains("len_min") &&
      !field.definition.contains("empty_is_checked")) {
    if (Json error = LengthMin(field, 1, value); !error.is_null()) return error;
  }
  for (const auto& [key, check] : kChecks) {
    const Json* argument = FindMember(field.definition, key);
    // `required: false`-like switches are off when false.
    if (!argument || *argument == false) continue;
    if (Json error = check(field, *argument, value); !error.is_null()) return error;
  }
  return nullptr;
}

}  // namespace silverback::schema

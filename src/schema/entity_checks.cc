// Checks that concern several fields of a record, with Kong's messages. They run also when a field
// has an error of its own: a conditional check then fails by it.
#include <array>

#include "schema/field_parser.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

struct Scope {
  const Json& record;
  const ValidateContext& context;
  const Json& field_errors;  // what the fields themselves said
  Json& errors;

  void Fail(const Json& message) const { errors["@entity"].push_back(message); }
};

using Check = void (*)(const Scope& scope, const Json& argument);

bool IsSet(const Json& value) {
  return !value.is_null() && value != "" && !(value.is_structured() && value.empty());
}

std::string Quoted(const Json& names) {
  std::string out;
  for (const Json& name : names) out += (out.empty() ? "'" : ", '") + name.get<std::string>() + "'";
  return out;
}

size_t CountSet(const Json& record, const Json& names) {
  size_t count = 0;
  for (const Json& name : names) count += IsSet(ValueAt(record, name.get<std::string>()));
  return count;
}

// A condition such as {"one_of": [...]} or {"required": true} is a field without a type.
Json CheckCondition(const Json& condition, const Json& value) {
  if (value.is_null()) {
    if (const Json* unwanted = FindMember(condition, "ne"); unwanted && unwanted->is_null())
      return "value must not be null";
    if (const Json* wanted = FindMember(condition, "eq"); wanted && !wanted->is_null()) {
      return "value must be " + DumpJson(*wanted);
    }
    return BoolMember(condition, "required") ? Json("required field missing") : Json();
  }
  if (const Json* wanted = FindMember(condition, "eq"); wanted && wanted->is_null())
    return "value must be null";
  Field field;
  field.type = FieldType::kAny;
  field.definition = condition;
  return RunSimpleChecks(field, value);
}

std::string Updating(const Scope& scope, std::string message) {
  return (scope.context.updating ? "when updating, " : "") + std::move(message);
}

void AtLeastOneOf(const Scope& scope, const Json& names) {
  if (CountSet(scope.record, names)) return;
  scope.Fail(Updating(scope, "at least one of these fields must be non-empty: " + Quoted(names)));
}

void OnlyOneOf(const Scope& scope, const Json& names) {
  if (CountSet(scope.record, names) != 1)
    scope.Fail("exactly one of these fields must be non-empty: " + Quoted(names));
}

void Distinct(const Scope& scope, const Json& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    for (size_t j = i + 1; j < names.size(); ++j) {
      const Json& a = ValueAt(scope.record, names[i].get<std::string>());
      const Json& b = ValueAt(scope.record, names[j].get<std::string>());
      if (IsSet(a) && a == b)
        return scope.Fail("values of these fields must be distinct: " + Quoted(names));
    }
  }
}

void MutuallyRequired(const Scope& scope, const Json& names) {
  const size_t count = CountSet(scope.record, names);
  if (count && count < names.size())
    scope.Fail("all or none of these fields must be set: " + Quoted(names));
}

void MutuallyExclusive(const Scope& scope, const Json& names) {
  if (CountSet(scope.record, names) > 1)
    scope.Fail("only one or none of these fields must be set: " + Quoted(names));
}

void Conditional(const Scope& scope, const Json& rule) {
  const std::string if_field = rule["if_field"], then_field = rule["then_field"];
  if (!ValueAt(scope.field_errors, if_field).is_null()) return;
  if (!CheckCondition(rule["if_match"], ValueAt(scope.record, if_field)).is_null()) return;
  const Json& own_error = ValueAt(scope.field_errors, then_field);
  const Json error = own_error.is_null()
                         ? CheckCondition(rule["then_match"], ValueAt(scope.record, then_field))
                         : own_error;
  if (error.is_null()) return;
  SetErrorAt(scope.errors, then_field, error);
  const Json* own = FindMember(rule, "then_err");
  scope.Fail(own ? *own
                 : Json("failed conditional validation given value of field '" + if_field + "'"));
}

void ConditionalAtLeastOneOf(const Scope& scope, const Json& rule) {
  const bool applies =
      CheckCondition(rule["if_match"], ValueAt(scope.record, rule["if_field"].get<std::string>()))
          .is_null();
  if (applies && !CountSet(scope.record, rule["then_at_least_one_of"])) {
    scope.Fail(Updating(scope, "at least one of these fields must be non-empty: " +
                                   Quoted(rule["then_at_least_one_of"])));
  }
}

void Named(const Scope& scope, const Json& name) {
  RunNamedEntityCheck(name.get<std::string>(), scope.record, scope.context.updating, scope.errors);
}

constexpr std::array<std::pair<std::string_view, Check>, 8> kChecks = {
    {{"at_least_one_of", AtLeastOneOf},
     {"only_one_of", OnlyOneOf},
     {"distinct", Distinct},
     {"mutually_required", MutuallyRequired},
     {"mutually_exclusive", MutuallyExclusive},
     {"conditional", Conditional},
     {"conditional_at_least_one_of", ConditionalAtLeastOneOf},
     {"check", Named}}};

// Whether the check looks into a record that is not there or no record at all.
bool LooksIntoNothing(const Json& argument, const Json& field_errors) {
  if (!argument.is_array()) return false;
  return std::any_of(argument.begin(), argument.end(), [&](const Json& name) {
    const auto& path = name.get_ref<const std::string&>();
    const size_t dot = path.find('.');
    return dot != path.npos && ValueAt(field_errors, path.substr(0, dot)).is_string();
  });
}

}  // namespace

void RunEntityChecks(const Json& checks, const std::vector<Field>&, const Json& record,
                     const ValidateContext& context, Json& errors) {
  if (!checks.is_array()) return;
  const Json field_errors = errors;
  const Scope scope{record, context, field_errors, errors};
  for (const Json& item : checks) {
    const std::string& name = item.begin().key();
    const Json& argument = item.begin().value();
    if (LooksIntoNothing(argument, field_errors)) continue;
    for (const auto& [known, check] : kChecks) {
      if (known == name) check(scope, argument);
    }
  }
}

}  // namespace silverback::schema

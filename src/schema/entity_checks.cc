// Rules that concern several fields of a record, with Kong's messages.
#include <algorithm>
#include <array>

#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

struct Scope {
  const Json& record;
  const ValidateContext& context;
  Json& errors;

  const Json& At(const Json& name) const {
    return ValueAt(record, name.get_ref<const std::string&>());
  }
  void Fail(const Json& message) const { errors["@entity"].push_back(message); }
  void FailNonEmpty(const Json& names) const {
    Fail((context.updating ? "when updating, " : "") +
         std::string("at least one of these fields must be non-empty: ") + QuotedNames(names));
  }
};

size_t CountNonEmpty(const Scope& scope, const Json& names) {
  return static_cast<size_t>(std::count_if(
      names.begin(), names.end(), [&](const Json& name) { return IsNonEmpty(scope.At(name)); }));
}

void AtLeastOneOf(const Scope& scope, const EntityCheck& check) {
  if (CountNonEmpty(scope, check.argument) == 0) scope.FailNonEmpty(check.argument);
}

void OnlyOneOf(const Scope& scope, const EntityCheck& check) {
  if (CountNonEmpty(scope, check.argument) != 1)
    scope.Fail("exactly one of these fields must be non-empty: " + QuotedNames(check.argument));
}

void Distinct(const Scope& scope, const EntityCheck& check) {
  const Json& names = check.argument;
  for (size_t i = 0; i < names.size(); ++i) {
    const Json& value = scope.At(names[i]);
    for (size_t j = i + 1; j < names.size(); ++j) {
      if (IsNonEmpty(value) && value == scope.At(names[j]))
        return scope.Fail("values of these fields must be distinct: " + QuotedNames(names));
    }
  }
}

void MutuallyRequired(const Scope& scope, const EntityCheck& check) {
  const size_t count = CountNonEmpty(scope, check.argument);
  if (count != 0 && count < check.argument.size())
    scope.Fail("all or none of these fields must be set: " + QuotedNames(check.argument));
}

void MutuallyExclusive(const Scope& scope, const EntityCheck& check) {
  if (CountNonEmpty(scope, check.argument) > 1)
    scope.Fail("only one or none of these fields must be set: " + QuotedNames(check.argument));
}

std::string Named(const Scope& scope, const Json& names) {
  Json given = Json::array();
  for (const Json& name : names) {
    if (IsNonEmpty(scope.At(name))) given.push_back(name);
  }
  return given.empty() ? "" : "(" + QuotedNames(given) + ")";
}

void MutuallyExclusiveSets(const Scope& scope, const EntityCheck& check) {
  const std::string one = Named(scope, check.argument["set1"]);
  const std::string other = Named(scope, check.argument["set2"]);
  if (!one.empty() && !other.empty())
    scope.Fail("these sets are mutually exclusive: " + one + ", " + other);
}

bool Holds(const Scope& scope, const std::unique_ptr<Field>& condition, const Json& value) {
  return condition && ValidateField(*condition, value, scope.context).is_null();
}

void Conditional(const Scope& scope, const EntityCheck& check) {
  const Json& rule = check.argument;
  if (!Holds(scope, check.if_match, scope.At(rule["if_field"]))) return;
  const Json error = ValidateField(*check.then_match, scope.At(rule["then_field"]), scope.context);
  if (error.is_null()) return;
  SetErrorAt(scope.errors, rule["then_field"].get_ref<const std::string&>(), error);
  const Json* own = FindMember(rule, "then_err");
  scope.Fail(own ? *own
                 : Json("failed conditional validation given value of field '" +
                        rule["if_field"].get<std::string>() + "'"));
}

// The message of a rule, with the names of the fields in place of "%s".
void FailConditional(const Scope& scope, const EntityCheck& check, const char* names,
                     const char* message) {
  const Json& list = check.argument[names];
  if (CountNonEmpty(scope, list) != 0) return;
  const Json* own = FindMember(check.argument, message);
  if (own == nullptr) return scope.FailNonEmpty(list);
  scope.Fail(ReplaceAll(own->get<std::string>(), "%s", QuotedNames(list)));
}

void ConditionalAtLeastOneOf(const Scope& scope, const EntityCheck& check) {
  const Json& value = scope.At(check.argument["if_field"]);
  if (Holds(scope, check.if_match, value)) {
    FailConditional(scope, check, "then_at_least_one_of", "then_err");
  } else if (Holds(scope, check.else_match, value)) {
    FailConditional(scope, check, "else_then_at_least_one_of", "else_then_err");
  }
}

void Custom(const Scope& scope, const EntityCheck& check) {
  RunNamedEntityCheck(check.argument, scope.record, scope.errors);
}

}  // namespace

struct EntityCheckKind {
  std::string_view name;
  void (*run)(const Scope& scope, const EntityCheck& check);
  bool with_absent;   // runs when none of its fields is there
  bool with_invalid;  // runs when one of its fields has an error of its own
};

namespace {

constexpr std::array<EntityCheckKind, 9> kKinds = {
    {{"at_least_one_of", AtLeastOneOf, true, true},
     {"only_one_of", OnlyOneOf, false, true},
     {"distinct", Distinct, false, true},
     {"mutually_required", MutuallyRequired, true, false},
     {"mutually_exclusive", MutuallyExclusive, true, false},
     {"mutually_exclusive_sets", MutuallyExclusiveSets, true, false},
     {"conditional", Conditional, false, true},
     {"conditional_at_least_one_of", ConditionalAtLeastOneOf, true, true},
     {"custom", Custom, false, false}}};

// Whether the record that holds the field is there: a field that is null is, one of a null record
// is not.
bool IsPresent(const Json& record, std::string_view path) {
  const Json* at = &record;
  for (size_t dot; (dot = path.find('.')) != std::string_view::npos; path = path.substr(dot + 1)) {
    at = FindMember(*at, path.substr(0, dot));
    if (at == nullptr) return false;
  }
  return FindMember(*at, path) != nullptr;
}

bool Applies(const EntityCheckKind& kind, const EntityCheck& check, const Scope& scope) {
  for (const std::string& name : check.referenceable) {
    if (IsVaultReference(ValueAt(scope.record, name))) return false;
  }
  bool any_present = false;
  for (const std::string& name : check.sources) {
    any_present = any_present || IsPresent(scope.record, name);
    if (!kind.with_invalid && FindMember(scope.errors, name) != nullptr) return false;
  }
  if (!any_present) return kind.with_absent && !scope.context.updating && !scope.context.partial;
  bool complete = true;
  for (const std::string& name : check.required) {
    if (IsPresent(scope.record, name)) continue;
    SetErrorAt(scope.errors, name,
               std::string("field required for entity check") +
                   (scope.context.updating ? " when updating" : ""));
    complete = false;
  }
  return complete;
}

}  // namespace

bool IsNonEmpty(const Json& value) {
  if (value.is_null() || value == "") return false;
  return !value.is_structured() || !value.empty();
}

std::string QuotedNames(const Json& names) {
  std::string out;
  for (const Json& name : names) out += (out.empty() ? "'" : ", '") + name.get<std::string>() + "'";
  return out;
}

const EntityCheckKind* FindEntityCheckKind(std::string_view name) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const EntityCheckKind& each) { return each.name == name; });
  return kind == kKinds.end() ? nullptr : &*kind;
}

void RunEntityChecks(const std::vector<EntityCheck>& checks, const Json& record,
                     const ValidateContext& context, Json& errors) {
  const Scope scope{record, context, errors};
  for (const EntityCheck& check : checks) {
    if (check.kind && Applies(*check.kind, check, scope)) check.kind->run(scope, check);
  }
}

}  // namespace silverback::schema

// Parsing of schema definitions into Field trees.
#include "schema/field_parser.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "schema/validate.h"

namespace silverback::schema {
namespace {

constexpr std::array<std::pair<std::string_view, FieldType>, 12> kTypes = {
    {{"string", FieldType::kString},
     {"integer", FieldType::kInteger},
     {"number", FieldType::kNumber},
     {"boolean", FieldType::kBoolean},
     {"array", FieldType::kArray},
     {"set", FieldType::kSet},
     {"map", FieldType::kMap},
     {"record", FieldType::kRecord},
     {"foreign", FieldType::kForeign},
     {"function", FieldType::kFunction},
     {"any", FieldType::kAny},
     {"json", FieldType::kJson}}};

// Keys of ours: known to the engine, not shown to clients.
constexpr std::array<std::string_view, 5> kHidden = {"check", "immutable", "derive",
                                                     "hidden_entity_checks", "dictionary_of"};

// Where a rule names the fields that it looks at; rules not listed are lists of fields themselves.
struct Sources {
  std::string_view check;
  std::vector<const char*> members;
  const char* required = "";  // which of the members names fields that must be there
};

const Sources* SourcesOf(std::string_view check) {
  static const Sources kSources[] = {
      {"conditional", {"if_field", "then_field"}, "if_field"},
      {"conditional_at_least_one_of",
       {"if_field", "then_at_least_one_of", "else_then_at_least_one_of"}},
      {"mutually_exclusive_sets", {"set1", "set2"}},
      {"custom", {"fields"}, "fields"}};
  for (const Sources& each : kSources) {
    if (each.check == check) return &each;
  }
  return nullptr;
}

void AddSources(const Json& names, std::vector<std::string>& sources) {
  if (names.is_string()) sources.push_back(names.get<std::string>());
  if (!names.is_array()) return;
  for (const Json& name : names) sources.push_back(name.get<std::string>());
}

const Field* FieldAt(const std::vector<Field>& fields, std::string_view path) {
  const size_t dot = path.find('.');
  for (const Field& field : fields) {
    if (field.name != path.substr(0, dot)) continue;
    return dot == std::string_view::npos ? &field : FieldAt(field.fields, path.substr(dot + 1));
  }
  return nullptr;
}

// A condition is a field of its own that has everything of the field that it is about.
Result<std::unique_ptr<Field>> ParseCondition(const Json& argument, const char* member,
                                              const char* about, const std::vector<Field>& fields) {
  const Json* condition = FindMember(argument, member);
  if (condition == nullptr) return std::unique_ptr<Field>();
  const Field* field = FieldAt(fields, StringMember(argument, about));
  if (field == nullptr) {
    return Error(ErrorCode::kInternal,
                 std::string("schema: unknown field of an entity check in ") + DumpJson(argument));
  }
  Json definition = field->definition;
  definition.update(*condition);
  auto parsed = ParseField(field->name, definition);
  if (!parsed) return parsed.error();
  return std::make_unique<Field>(*std::move(parsed));
}

Result<EntityCheck> ParseCheck(const Json& item, const std::vector<Field>& fields) {
  EntityCheck check;
  const std::string& name = item.begin().key();
  check.kind = FindEntityCheckKind(name);
  check.argument = item.begin().value();
  if (const Sources* sources = SourcesOf(name)) {
    for (const char* member : sources->members) {
      const Json* names = FindMember(check.argument, member);
      if (names) AddSources(*names, check.sources);
      if (names && sources->required == std::string_view(member))
        AddSources(*names, check.required);
    }
  } else {
    AddSources(check.argument, check.sources);
  }
  for (const std::string& source : check.sources) {
    const Field* field = FieldAt(fields, source);
    if (field && field->referenceable) check.referenceable.push_back(source);
  }
  const std::tuple<const char*, const char*, std::unique_ptr<Field>*> conditions[] = {
      {"if_match", "if_field", &check.if_match},
      {"else_match", "if_field", &check.else_match},
      {"then_match", "then_field", &check.then_match}};
  for (const auto& [member, about, condition] : conditions) {
    auto parsed = ParseCondition(check.argument, member, about, fields);
    if (!parsed) return parsed.error();
    *condition = *std::move(parsed);
  }
  return check;
}

Status ParseChildren(const Json& definition, Field& field) {
  const std::pair<const char*, std::unique_ptr<Field>*> children[] = {
      {"elements", &field.elements}, {"keys", &field.keys}, {"values", &field.values}};
  for (const auto& [key, child] : children) {
    const Json* inner = FindMember(definition, key);
    if (!inner) continue;
    auto parsed = ParseField("", *inner);
    if (!parsed) return parsed.error();
    *child = std::make_unique<Field>(std::move(*parsed));
  }
  const std::pair<const char*, std::vector<Field>*> lists[] = {
      {"fields", &field.fields}, {"shorthand_fields", &field.shorthands}};
  for (const auto& [key, list] : lists) {
    const Json* items = FindMember(definition, key);
    if (!items) continue;
    auto parsed = ParseFields(*items);
    if (!parsed) return parsed.error();
    *list = std::move(*parsed);
  }
  return Ok();
}

}  // namespace

Result<Field> ParseField(std::string name, const Json& definition) {
  Field field;
  field.name = std::move(name);
  const std::string type = StringMember(definition, "type");
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.first == type; });
  if (found == kTypes.end()) {
    return Error(ErrorCode::kInternal,
                 "schema: field '" + field.name + "' has the unknown type '" + type + "'");
  }
  field.type = found->second;
  field.required = BoolMember(definition, "required");
  field.unique = BoolMember(definition, "unique");
  field.unique_across_ws = BoolMember(definition, "unique_across_ws");
  field.is_auto = BoolMember(definition, "auto");
  field.immutable = BoolMember(definition, "immutable");
  field.timestamp = BoolMember(definition, "timestamp");
  field.uuid = BoolMember(definition, "uuid");
  field.abstract = BoolMember(definition, "abstract");
  field.referenceable = BoolMember(definition, "referenceable");
  const Json* wanted = FindMember(definition, "eq");
  field.must_be_null = wanted && wanted->is_null();
  if (const Json* value = FindMember(definition, "default")) {
    field.has_default = true;
    field.default_value = *value;
  }
  field.reference = StringMember(definition, "reference");
  field.on_delete = StringMember(definition, "on_delete");
  field.definition = definition;
  if (auto parsed = ParseChildren(definition, field); !parsed) return parsed.error();
  auto checks = ParseChecks(definition, field.fields);
  if (!checks) return checks.error();
  field.checks = *std::move(checks);
  field.simple_checks = FindSimpleChecks(definition, field.type);
  return field;
}

Result<std::vector<Field>> ParseFields(const Json& list) {
  std::vector<Field> fields;
  for (const Json& item : list) {
    if (!item.is_object() || item.size() != 1) {
      return Error(ErrorCode::kInternal,
                   "schema: each of `fields` must be an object with one member");
    }
    auto parsed = ParseField(item.begin().key(), item.begin().value());
    if (!parsed) return parsed.error();
    fields.push_back(std::move(*parsed));
  }
  return fields;
}

Result<std::vector<EntityCheck>> ParseChecks(const Json& definition,
                                             const std::vector<Field>& fields) {
  std::vector<EntityCheck> checks;
  for (const char* key : {"entity_checks", "hidden_entity_checks"}) {
    const Json* items = FindMember(definition, key);
    if (items == nullptr) continue;
    for (const Json& item : *items) {
      auto parsed = ParseCheck(item, fields);
      if (!parsed) return parsed.error();
      checks.push_back(*std::move(parsed));
    }
  }
  return checks;
}

Json ShownForm(const Json& definition) {
  if (definition.is_array()) {
    Json out = Json::array();
    for (const Json& item : definition) {
      if (item.is_object() && item.size() == 1 && BoolMember(item.begin().value(), "hidden"))
        continue;
      out.push_back(ShownForm(item));
    }
    return out;
  }
  if (!definition.is_object()) return definition;
  Json out = Json::object();
  for (const auto& [key, value] : definition.items()) {
    if (std::find(kHidden.begin(), kHidden.end(), key) != kHidden.end() && !value.is_object())
      continue;
    out[key] = key == "default" ? value : ShownForm(value);
  }
  return out;
}

}  // namespace silverback::schema

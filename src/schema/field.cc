// Parsing of schema definitions into Field trees.
#include "schema/field_parser.h"

#include <array>

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
constexpr std::array<std::string_view, 6> kHidden = {
    "check", "immutable", "derive", "hidden_entity_checks", "default_when", "empty_is_checked"};

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
  if (const Json* value = FindMember(definition, "default")) {
    field.has_default = true;
    field.default_value = *value;
  }
  field.reference = StringMember(definition, "reference");
  field.on_delete = StringMember(definition, "on_delete");
  Json checks = Json::array();
  for (const char* key : {"entity_checks", "hidden_entity_checks"}) {
    if (const Json* more = FindMember(definition, key)) {
      for (const Json& check : *more) checks.push_back(check);
    }
  }
  if (!checks.empty()) field.entity_checks = std::move(checks);
  field.definition = definition;
  if (auto parsed = ParseChildren(definition, field); !parsed) return parsed.error();
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

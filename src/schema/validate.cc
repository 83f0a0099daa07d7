#include "schema/validate.h"

#include <cmath>

#include "util/string_util.h"

namespace silverback::schema {
namespace {

const Json kNull;

Json ValidateElements(const Field& element, const Json& list, const ValidateContext& context) {
  Json errors = Json::array();
  bool failed = false;
  for (const Json& item : list) {
    Json error =
        item.is_null() ? Json("required field missing") : ValidateField(element, item, context);
    failed = failed || !error.is_null();
    errors.push_back(std::move(error));
  }
  if (!failed) return nullptr;
  while (errors.back().is_null()) errors.erase(errors.size() - 1);
  return errors;
}

Json ValidateMap(const Field& field, const Json& map, const ValidateContext& context) {
  if (!map.is_object()) return "expected a map";
  Json errors = Json::object();
  for (const auto& [key, value] : map.items()) {
    if (field.keys) {
      if (Json error = ValidateField(*field.keys, key, context); !error.is_null())
        errors[key] = std::move(error);
    }
    if (!field.values || errors.contains(key)) continue;
    Json error = value.is_null() ? Json("required field missing")
                                 : ValidateField(*field.values, value, context);
    if (!error.is_null()) {
      errors[key] = std::move(error);
    }
  }
  if (errors.empty()) return nullptr;
  // A map's entries are reported without their keys when what is wrong stands inside a record.
  if (field.values && field.values->type == FieldType::kRecord) return errors.begin().value();
  return errors.begin().value().is_string() ? errors.begin().value() : errors.begin().value();
}

Json ValidateForeign(const Json& value) {
  if (!value.is_object() || !value.contains("id")) return {{"id", "missing primary key"}};
  if (value["id"].is_null()) return {{"id", "required field missing"}};
  if (!value["id"].is_string()) return {{"id", "expected a string"}};
  if (!IsUuid(value["id"].get_ref<const std::string&>())) return {{"id", "expected a valid UUID"}};
  return nullptr;
}

bool IsIntegral(const Json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  return std::isfinite(number) && number == std::trunc(number);
}

Json ValidateType(const Field& field, const Json& value, const ValidateContext& context) {
  switch (field.type) {
    case FieldType::kString:
      return value.is_string() ? Json() : Json("expected a string");
    case FieldType::kInteger:
      return IsIntegral(value) ? Json() : Json("expected an integer");
    case FieldType::kNumber:
      return value.is_number() ? Json() : Json("expected a number");
    case FieldType::kBoolean:
      return value.is_boolean() ? Json() : Json("expected a boolean");
    case FieldType::kFunction:
      return value.is_string() ? Json() : Json("expected a string");
    case FieldType::kArray:
    case FieldType::kSet:
      // An empty object is what an empty list looks like to Lua.
      if (value.is_object() && value.empty()) return nullptr;
      if (!value.is_array())
        return field.type == FieldType::kArray ? "expected an array" : "expected a set";
      return field.elements ? ValidateElements(*field.elements, value, context) : Json();
    case FieldType::kMap:
      if (value.is_array() && value.empty()) return nullptr;
      return ValidateMap(field, value, context);
    case FieldType::kRecord:
      if (value.is_array() && value.empty())
        return ValidateRecord(field.fields, field.entity_checks, Json::object(), context);
      if (!value.is_object()) return "expected a record";
      return ValidateRecord(field.fields, field.entity_checks, value, context);
    case FieldType::kForeign:
      return ValidateForeign(value);
    case FieldType::kAny:
    case FieldType::kJson:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

const Json& ValueAt(const Json& record, std::string_view path) {
  const Json* at = &record;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    at = FindMember(*at, path.substr(0, dot));
    if (!at) return kNull;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return *at;
}

void SetErrorAt(Json& errors, std::string_view path, const Json& error) {
  Json* at = &errors;
  for (;;) {
    const size_t dot = path.find('.');
    const std::string key(path.substr(0, dot));
    if (dot == std::string_view::npos) {
      (*at)[key] = error;
      return;
    }
    if (!(*at)[key].is_object()) (*at)[key] = Json::object();
    at = &(*at)[key];
    path = path.substr(dot + 1);
  }
}

Json ValidateField(const Field& field, const Json& value, const ValidateContext& context) {
  if (value.is_null()) {
    if (field.required && !field.is_auto) return "required field missing";
    return nullptr;
  }
  if (const Json* wanted = FindMember(field.definition, "eq"); wanted && wanted->is_null())
    return "value must be null";
  if (Json error = ValidateType(field, value, context); !error.is_null()) return error;
  return RunSimpleChecks(field, value);
}

Json ValidateRecord(const std::vector<Field>& fields, const Json& entity_checks, const Json& record,
                    const ValidateContext& context) {
  Json errors = Json::object();
  for (const auto& [key, value] : record.items()) {
    const auto known =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == key; });
    if (known == fields.end()) errors[key] = "unknown field";
  }
  for (const Field& field : fields) {
    const Json* value = FindMember(record, field.name);
    if (Json error = ValidateField(field, value ? *value : kNull, context); !error.is_null()) {
      errors[field.name] = std::move(error);
    }
  }
  RunEntityChecks(entity_checks, fields, record, context, errors);
  return errors.empty() ? Json() : errors;
}

}  // namespace silverback::schema

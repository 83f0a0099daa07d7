#include "schema/validate.h"

#include <algorithm>
#include <cmath>

#include "util/string_util.h"

namespace silverback::schema {
namespace {

const Json kNull;

constexpr const char* kRequired = "required field missing";

// Elements, keys and values may never be null.
Json ValidatePart(const Field& part, const Json& value, const ValidateContext& context) {
  return value.is_null() ? Json(kRequired) : ValidateField(part, value, context);
}

Json ValidateElements(const Field& element, const Json& list, const ValidateContext& context) {
  Json errors;
  for (size_t i = 0; i < list.size(); ++i) {
    Json error = ValidatePart(element, list[i], context);
    if (!error.is_null()) errors[i] = std::move(error);
  }
  return errors;
}

Json ValidateList(const Field& field, const Json& value, const ValidateContext& context) {
  // An empty object is what an empty list looks like to Lua.
  if (value.is_object() && value.empty()) return nullptr;
  if (!value.is_array())
    return field.type == FieldType::kArray ? "expected an array" : "expected a set";
  return field.elements ? ValidateElements(*field.elements, value, context) : Json();
}

// The first thing wrong stands for the whole map.
Json ValidateMap(const Field& field, const Json& map, const ValidateContext& context) {
  if (!map.is_structured()) return "expected a map";
  // The keys of a list are numbers.
  if (map.is_array() && !map.empty() && field.keys) return ValidateField(*field.keys, 1, context);
  if (!map.is_object()) return nullptr;
  for (const auto& [key, value] : map.items()) {
    if (field.keys) {
      if (Json error = ValidateField(*field.keys, key, context); !error.is_null()) return error;
    }
    if (!field.values) continue;
    if (Json error = ValidatePart(*field.values, value, context); !error.is_null()) return error;
  }
  return nullptr;
}

// To Lua a list is a record whose members have numbers for names: errors come back as a list
// unless other members are wrong too.
Json ValidateListAsRecord(const Field& field, const Json& list, const ValidateContext& context) {
  Json record = Json::object();
  for (size_t i = 0; i < list.size(); ++i) record[std::to_string(i + 1)] = list[i];
  Json errors = ValidateRecord(field.fields, field.checks, record, context);
  if (errors.size() != list.size()) return errors;
  Json listed = Json::array();
  for (size_t i = 0; i < list.size(); ++i) listed.push_back(errors[std::to_string(i + 1)]);
  return listed;
}

Json ValidateRecordValue(const Field& field, const Json& value, const ValidateContext& context) {
  if (!value.is_structured()) return "expected a record";
  // Records within are whole, also in an update.
  const ValidateContext inner = {context.updating, context.entities};
  if (value.is_array() && !value.empty()) return ValidateListAsRecord(field, value, inner);
  return ValidateRecord(field.fields, field.checks, value.is_array() ? Json(Json::object()) : value,
                        inner);
}

Json PrimaryKeyError(const Json& value) {
  const Json* id = FindMember(value, "id");
  if (!id || *id == false) return {{"id", "missing primary key"}};
  if (id->is_null()) return {{"id", kRequired}};
  if (!id->is_string()) return {{"id", "expected a string"}};
  if (!IsUuid(id->get_ref<const std::string&>())) return {{"id", "expected a valid UUID"}};
  return nullptr;
}

// A reference without a key may hold other members of the entity: what is wrong with those comes
// first.
Json ValidateForeign(const Field& field, const Json& value, const ValidateContext& context) {
  Json error = PrimaryKeyError(value);
  if (error.is_null() || !value.is_object() || !context.entities || !*context.entities)
    return error;
  const Schema* target = (*context.entities)(field.reference);
  Json more = target ? target->CheckGiven(value, context.updating) : Json();
  return more.is_null() ? error : more;
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
    case FieldType::kFunction:
      return value.is_string() ? Json() : Json("expected a string");
    case FieldType::kInteger:
      return IsIntegral(value) ? Json() : Json("expected an integer");
    case FieldType::kNumber:
      return value.is_number() ? Json() : Json("expected a number");
    case FieldType::kBoolean:
      return value.is_boolean() ? Json() : Json("expected a boolean");
    case FieldType::kArray:
    case FieldType::kSet:
      return ValidateList(field, value, context);
    case FieldType::kMap:
      return ValidateMap(field, value, context);
    case FieldType::kRecord:
      return ValidateRecordValue(field, value, context);
    case FieldType::kForeign:
      return ValidateForeign(field, value, context);
    case FieldType::kAny:
    case FieldType::kJson:
      return nullptr;
  }
  return nullptr;
}

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

Json ValidateNull(const Field& field) {
  const Json* unwanted = FindMember(field.definition, "ne");
  if (unwanted && unwanted->is_null())
    return StringMember(field.definition, "err", "value must not be null");
  const Json* wanted = FindMember(field.definition, "eq");
  if (wanted && !wanted->is_null()) return "value must be " + TextOf(*wanted);
  return field.required ? Json(kRequired) : Json();
}

// A member that a record leaves out is as good as its default.
Json ValidateAbsent(const Field& field, const ValidateContext& context) {
  if (field.has_default || context.partial) return nullptr;
  if (!field.required) return ValidateNull(field);
  return field.type == FieldType::kRecord ? ValidateField(field, Json::object(), context)
                                          : Json(kRequired);
}

void AddUnknown(const std::vector<Field>& fields, const Json& record, Json& errors) {
  for (const auto& [key, value] : record.items()) {
    const auto known = std::find_if(fields.begin(), fields.end(),
                                    [&, name = key](const Field& f) { return f.name == name; });
    if (known == fields.end()) errors[key] = "unknown field";
  }
}

}  // namespace

bool IsVaultReference(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.starts_with("{vault://") && text.ends_with("}");
}

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
    Json& member = (*at)[std::string(path.substr(0, dot))];
    if (dot == std::string_view::npos) {
      member = error;
      return;
    }
    if (member.is_string()) return;  // what is wrong with all of it is said already
    if (!member.is_object()) member = Json::object();
    at = &member;
    path = path.substr(dot + 1);
  }
}

Json ValidateField(const Field& field, const Json& value, const ValidateContext& context) {
  if (value.is_null()) return ValidateNull(field);
  if (field.must_be_null) return StringMember(field.definition, "err", "value must be null");
  if (field.abstract) return "error in schema definition: abstract field was not specialized";
  if (Json error = ValidateType(field, value, context); !error.is_null()) return error;
  return RunSimpleChecks(field, value);
}

Json ValidateRecord(const std::vector<Field>& fields, const std::vector<EntityCheck>& checks,
                    const Json& record, const ValidateContext& context) {
  Json errors = Json::object();
  size_t known = 0;
  for (const Field& field : fields) {
    const Json* value = FindMember(record, field.name);
    known += value ? 1 : 0;
    Json error = value ? ValidateField(field, *value, context) : ValidateAbsent(field, context);
    if (!error.is_null()) errors[field.name] = std::move(error);
  }
  if (known < record.size()) AddUnknown(fields, record, errors);
  RunEntityChecks(checks, record, context, errors);
  return errors.empty() ? Json() : errors;
}

}  // namespace silverback::schema

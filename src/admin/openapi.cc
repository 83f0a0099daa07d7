#include "admin/openapi.h"

#include <algorithm>
#include <string>

#include "http/uri.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

using schema::Field;
using schema::FieldType;

Json ObjectOf(const std::vector<Field>& fields) {
  Json type = {{"type", "object"}, {"properties", Json::object()}};
  Json required = Json::array();
  for (const Field& field : fields) {
    type["properties"][field.name] = OpenApiType(field);
    if (field.required && !field.has_default && !field.is_auto) required.push_back(field.name);
  }
  if (!required.empty()) type["required"] = required;
  return type;
}

Json ListOf(const Field& field) {
  Json type = {{"type", "array"},
               {"items", field.elements ? OpenApiType(*field.elements) : Json::object()}};
  if (field.type == FieldType::kSet) type["uniqueItems"] = true;
  return type;
}

Json PlainType(const Field& field) {
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kFunction:
      return {{"type", "string"}};
    case FieldType::kInteger:
      return {{"type", "integer"}};
    case FieldType::kNumber:
      return {{"type", "number"}};
    case FieldType::kBoolean:
      return {{"type", "boolean"}};
    case FieldType::kArray:
    case FieldType::kSet:
      return ListOf(field);
    case FieldType::kMap:
      return {{"type", "object"},
              {"additionalProperties", field.values ? OpenApiType(*field.values) : Json(true)}};
    case FieldType::kRecord:
      return ObjectOf(field.fields);
    case FieldType::kForeign:
      return {{"type", "object"},
              {"properties", {{"id", {{"type", "string"}, {"format", "uuid"}}}}}};
    default:
      return Json::object();
  }
}

// Checks that JSON Schema can express.
void AddChecks(const Json& definition, Json& type) {
  if (const Json* values = FindMember(definition, "one_of")) type["enum"] = *values;
  if (const Json* range = FindMember(definition, "between"); range && range->size() == 2) {
    type["minimum"] = (*range)[0];
    type["maximum"] = (*range)[1];
  }
  if (const Json* above = FindMember(definition, "gt"); above && above->is_number()) {
    type["minimum"] = *above;
    type["exclusiveMinimum"] = true;
  }
  if (BoolMember(definition, "uuid")) type["format"] = "uuid";
}

Json Parameters(const std::string& pattern) {
  Json parameters = Json::array();
  for (std::string_view segment : http::PathSegments(pattern)) {
    if (segment.empty() || segment.front() != '{') continue;
    parameters.push_back({{"name", segment.substr(1, segment.size() - 2)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

// The entity that the path's last named collection holds, or "".
std::string EntityOf(const entity::Catalog& catalog, const std::string& pattern) {
  const auto segments = http::PathSegments(pattern);
  if (segments.empty()) return "";
  std::string_view last = segments.back();
  if (last.front() == '{') last = last.substr(1, last.size() - 2);
  for (const schema::Schema* schema : catalog.entities()) {
    const Json& definition = schema->definition();
    if (last == schema->name() || last == StringMember(definition, "admin_api_name") ||
        last == StringMember(definition, "admin_api_nested_name")) {
      return schema->name();
    }
  }
  return "";
}

Json Operation(const std::string& method, const std::string& entity, const Json& parameters) {
  Json operation = {
      {"responses", {{"default", {{"description", "the answer, or an error with its message"}}}}}};
  if (!parameters.empty()) operation["parameters"] = parameters;
  const bool has_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (!has_body) return operation;
  Json body_schema = {{"type", "object"}};
  if (!entity.empty()) {
    if (method == "PATCH") {
      body_schema["description"] = "any of the members of " + entity;
    } else {
      body_schema = {{"$ref", "#/components/schemas/" + entity}};
    }
  }
  operation["requestBody"] = {{"content", {{"application/json", {{"schema", body_schema}}}}}};
  return operation;
}

}  // namespace

Json OpenApiType(const Field& field) {
  Json type = PlainType(field);
  AddChecks(field.definition, type);
  if (field.has_default && !field.default_value.is_null()) type["default"] = field.default_value;
  if (!field.required) type["nullable"] = true;
  return type;
}

Json OpenApiDocument(const entity::Catalog& catalog, const EndpointTable& table) {
  Json paths = Json::object();
  for (const Endpoint* endpoint : table.All()) {
    const std::string entity = EntityOf(catalog, endpoint->pattern);
    const Json parameters = Parameters(endpoint->pattern);
    for (const auto& [method, handler] : endpoint->methods) {
      paths[endpoint->pattern][ToLower(method)] = Operation(method, entity, parameters);
    }
  }
  Json schemas = Json::object();
  for (const schema::Schema* schema : catalog.entities()) {
    schemas[schema->name()] = ObjectOf(schema->fields());
  }
  return {{"openapi", "3.0.3"},
          {"info", {{"title", "Admin API"}, {"version", "2.8.5"}}},
          {"paths", paths},
          {"components", {{"schemas", schemas}}}};
}

}  // namespace silverback::admin

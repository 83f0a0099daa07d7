#include <string>

#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

Response NoEntity(const std::string& name) {
  return MessageResponse(404, "No entity named '" + name + "'");
}

Response NoPlugin(const std::string& name) {
  return MessageResponse(404, "No plugin named '" + name + "'");
}

// Bodies are checked as they are: forms keep their texts, unlike in writes.
Response Validate(Call& call, const schema::Schema& schema) {
  if (const Status texts = CheckTexts(call.args.body); !texts) return ErrorResponse(texts.error());
  const auto checked = schema.CheckInsert(std::move(call.args.body));
  if (!checked) return ErrorResponse(checked.error());
  return MessageResponse(200, "schema validation successful");
}

Response ShowEntity(Call& call) {
  const schema::Schema* schema = call.context.catalog.Entity(call.params[0]);
  return schema ? JsonResponse(200, schema->shown()) : NoEntity(call.params[0]);
}

Response ShowPlugin(Call& call) {
  const schema::Schema* schema = call.context.catalog.Plugin(call.params[0]);
  return schema ? JsonResponse(200, schema->shown()) : NoPlugin(call.params[0]);
}

// The older form: the configuration's fields only.
Response ShowPluginConfig(Call& call) {
  const schema::Schema* schema = call.context.catalog.Plugin(call.params[0]);
  if (schema == nullptr) return NoPlugin(call.params[0]);
  for (const Json& field : schema->shown()["fields"]) {
    if (const Json* config = FindMember(field, "config")) {
      return JsonResponse(200, {{"fields", (*config)["fields"]}});
    }
  }
  return JsonResponse(200, {{"fields", Json::array()}});
}

Response ValidateEntity(Call& call) {
  const schema::Schema* schema = call.context.catalog.Entity(call.params[0]);
  return schema ? Validate(call, *schema) : NoEntity(call.params[0]);
}

}  // namespace

void AddSchemaEndpoints(const Context& context, EndpointTable& table) {
  table.At("/schemas/{name}").methods["GET"] = ShowEntity;
  table.At("/schemas/{db_entity_name}/validate").methods["POST"] = ValidateEntity;
  table.At("/schemas/plugins/{name}").methods["GET"] = ShowPlugin;
  table.At("/plugins/schema/{name}").methods["GET"] = ShowPluginConfig;
  if (const schema::Schema* plugins = context.catalog.Entity("plugins")) {
    table.At("/schemas/plugins/validate").methods["POST"] = [plugins](Call& call) {
      return Validate(call, *plugins);
    };
  }
}

}  // namespace silverback::admin

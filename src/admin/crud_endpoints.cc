#include "admin/crud_endpoints.h"

#include "admin/entity_access.h"
#include "admin/entity_writer.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

using schema::Schema;

bool IsShown(const Schema& schema) {
  return BoolMember(schema.definition(), "generate_admin_api", true);
}

std::string Variable(const Schema& schema) { return "/{" + schema.name() + "}"; }

Response Shown(int status, const Result<Json>& row) {
  return row ? JsonResponse(status, *row) : ErrorResponse(row.error());
}

Response GetEntity(Call& call, const Schema& schema) {
  const auto row = Select(call.context, schema, call.params[0]);
  if (!row) return ErrorResponse(row.error());
  return *row ? JsonResponse(200, **row) : NotFound();
}

void AddItemEndpoints(const Schema& schema, EndpointTable& table) {
  const std::string collection = "/" + CollectionName(schema);
  Endpoint& all = table.At(collection);
  all.methods["GET"] = [&schema](Call& call) { return ListCollection(call, schema); };
  all.methods["POST"] = [&schema](Call& call) { return InsertEntity(call, schema); };

  Endpoint& item = table.At(collection + Variable(schema));
  item.methods["GET"] = [&schema](Call& call) { return GetEntity(call, schema); };
  item.methods["PUT"] = [&schema](Call& call) {
    return ReplaceEntity(call, schema, call.params[0]);
  };
  item.methods["PATCH"] = [&schema](Call& call) {
    return UpdateEntity(call, schema, call.params[0]);
  };
  item.methods["DELETE"] = [&schema](Call& call) {
    return DeleteEntity(call, schema, call.params[0]);
  };
}

// The entity that a foreign field of another refers to: /routes/{routes}/service.
struct Reference {
  const Schema& owner;
  const Schema& target;
  std::string field;
};

// Runs `work` with the owner's row, when it exists.
template <class Work>
Response WithOwner(Call& call, const Reference& reference, const Work& work) {
  const auto owner = Select(call.context, reference.owner, call.params[0]);
  if (!owner) return ErrorResponse(owner.error());
  if (!*owner) return NotFound();
  return work(**owner, ForeignId(**owner, reference.field));
}

Response GetReferred(Call& call, const Reference& reference) {
  return WithOwner(call, reference, [&](const Json&, const std::string& id) {
    if (id.empty()) return NotFound();
    const auto row = call.context.dao.Select(reference.target.name(), {"", id});
    if (!row) return ErrorResponse(row.error());
    return *row ? JsonResponse(200, **row) : NotFound();
  });
}

// Makes the referred entity and lets the owner refer to it: both or neither.
Response CreateReferred(Call& call, const Reference& reference, const Json& owner) {
  Json made;
  const Status done = call.context.dao.InTransaction([&](store::Dao& dao) -> Status {
    Result<Json> row = UpsertRow(dao, reference.target, {"", NewUuid()}, call.args.body);
    if (!row) return row.error();
    made = *std::move(row);
    const Result<Json> updated =
        dao.Update(reference.owner.name(), {"", PrimaryKeyOf(reference.owner, owner)},
                   {{reference.field, ReferenceTo(reference.target, made)}});
    return updated ? Ok() : Status(updated.error());
  });
  return done ? JsonResponse(200, made) : ErrorResponse(done.error());
}

Response PutReferred(Call& call, const Reference& reference) {
  return WithOwner(call, reference, [&](const Json& owner, const std::string& id) {
    InferBody(call.args, reference.target, call.context.catalog);
    if (id.empty()) return CreateReferred(call, reference, owner);
    return ReplaceEntity(call, reference.target, id);
  });
}

Response PatchReferred(Call& call, const Reference& reference) {
  return WithOwner(call, reference, [&](const Json&, const std::string& id) {
    return id.empty() ? NotFound() : UpdateEntity(call, reference.target, id);
  });
}

Response DeleteReferred(Call& call, const Reference& reference) {
  return WithOwner(call, reference, [&](const Json&, const std::string& id) {
    return id.empty() ? NotFound() : MethodNotAllowed();
  });
}

void AddReferenceEndpoint(const Reference& reference, EndpointTable& table) {
  Endpoint& endpoint = table.At("/" + CollectionName(reference.owner) + Variable(reference.owner) +
                                "/" + reference.field);
  endpoint.methods["GET"] = [reference](Call& call) { return GetReferred(call, reference); };
  endpoint.methods["PUT"] = [reference](Call& call) { return PutReferred(call, reference); };
  endpoint.methods["PATCH"] = [reference](Call& call) { return PatchReferred(call, reference); };
  endpoint.methods["DELETE"] = [reference](Call& call) { return DeleteReferred(call, reference); };
}

std::string FirstTags(const Json& query) {
  const Json* tags = FindMember(query, "tags");
  if (tags == nullptr) return "";
  const Json& first = tags->is_array() && !tags->empty() ? tags->front() : *tags;
  return first.is_string() ? first.get<std::string>() : "";
}

// The body with its types, or what is wrong with its texts.
Status PrepareBody(Call& call, const Schema& schema) {
  if (Status texts = CheckTexts(call.args.body); !texts) return texts;
  InferBody(call.args, schema, call.context.catalog);
  return Ok();
}

// A change of a plugin says what the plugin is and what it is bound to, whatever the client left
// out. Without the plugin there is an answer already.
std::optional<Response> CompletePluginPatch(Call& call, const Schema& schema,
                                            const store::Key& key) {
  const auto row = call.context.dao.Select(schema.name(), key);
  if (!row) return ErrorResponse(row.error());
  if (!*row) return NotFound();
  for (const char* member : {"name", "route", "service", "consumer"}) {
    if (!call.args.body.contains(member)) call.args.body[member] = (**row)[member];
  }
  return std::nullopt;
}

}  // namespace

Response ListCollection(Call& call, const Schema& schema) {
  const auto options = ReadListOptions(call.args.query, schema);
  if (!options) return ErrorResponse(options.error());
  const auto page = call.context.dao.List(schema.name(), *options);
  if (!page) return ErrorResponse(page.error());
  return PageResponse(*page, "/" + CollectionName(schema), FirstTags(call.args.query));
}

Response InsertEntity(Call& call, const Schema& schema) {
  if (const Status ready = PrepareBody(call, schema); !ready) return ErrorResponse(ready.error());
  return Shown(201, InsertRow(call.context.dao, schema, std::move(call.args.body)));
}

Response ReplaceEntity(Call& call, const Schema& schema, const std::string& segment) {
  const auto key = KeyFor(schema, segment);
  if (!key) return ErrorResponse(key.error());
  if (const Status ready = PrepareBody(call, schema); !ready) return ErrorResponse(ready.error());
  return Shown(200, UpsertRow(call.context.dao, schema, *key, std::move(call.args.body)));
}

Response UpdateEntity(Call& call, const Schema& schema, const std::string& segment) {
  const auto key = KeyFor(schema, segment);
  if (!key) return ErrorResponse(key.error());
  if (schema.name() == "plugins") {
    if (auto missing = CompletePluginPatch(call, schema, *key)) return *std::move(missing);
  }
  if (const Status ready = PrepareBody(call, schema); !ready) return ErrorResponse(ready.error());
  return Shown(200, UpdateRow(call.context.dao, schema, *key, std::move(call.args.body)));
}

Response DeleteEntity(Call& call, const Schema& schema, const std::string& segment) {
  const auto key = KeyFor(schema, segment);
  if (!key) return ErrorResponse(key.error());
  const auto deleted = DeleteRow(call.context.dao, schema, *key);
  return deleted ? NoContent() : ErrorResponse(deleted.error());
}

void AddCrudEndpoints(const Context& context, EndpointTable& table) {
  for (const Schema* schema : context.catalog.entities()) {
    if (!IsShown(*schema)) continue;
    AddItemEndpoints(*schema, table);
    for (const schema::Field& field : schema->fields()) {
      if (field.type != schema::FieldType::kForeign) continue;
      const Schema* target = context.catalog.Entity(field.reference);
      if (target == nullptr) continue;
      AddReferenceEndpoint({*schema, *target, field.name}, table);
      AddNestedEndpoints({*target, *schema, field.name}, table);
    }
  }
}

}  // namespace silverback::admin

// The endpoints that every entity gets from its schema: its collection, its items, the entities
// that its foreign fields refer to, and those that refer to it.
#pragma once

#include "admin/endpoint.h"
#include "schema/schema.h"

namespace silverback::admin {

// For every entity of the catalog that the Admin API shows.
void AddCrudEndpoints(const Context& context, EndpointTable& table);

// What they are made of, for endpoints that differ in a detail. `params` of the call are used from
// the left.
Response ListCollection(Call& call, const schema::Schema& schema);
Response InsertEntity(Call& call, const schema::Schema& schema);
Response ReplaceEntity(Call& call, const schema::Schema& schema, const std::string& segment);
Response UpdateEntity(Call& call, const schema::Schema& schema, const std::string& segment);
Response DeleteEntity(Call& call, const schema::Schema& schema, const std::string& segment);

// An entity below another one: /services/{services}/routes/{routes}.
struct Nesting {
  const schema::Schema& parent;
  const schema::Schema& child;
  std::string foreign_field;  // of the child
};
void AddNestedEndpoints(const Nesting& nesting, EndpointTable& table);

}  // namespace silverback::admin

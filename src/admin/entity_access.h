// The steps that endpoints on entities share: keys from path segments, list options from query
// arguments, pages. Any thread; every call that takes a Context blocks on the store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/endpoint.h"
#include "schema/schema.h"
#include "store/dao.h"

namespace silverback::admin {

// The path names of a collection: "key-auths", and below another entity "key-auth".
std::string CollectionName(const schema::Schema& schema);
std::string NestedName(const schema::Schema& schema);

// A path segment as a key: a UUID is the primary key, anything else the endpoint key. Error:
// kInvalidPrimaryKey when the entity has no endpoint key, kInvalidUnique for a text that none can
// have.
Result<store::Key> KeyFor(const schema::Schema& schema, const std::string& segment);
Result<std::optional<Json>> Select(const Context& context, const schema::Schema& schema,
                                   const std::string& segment);

std::string PrimaryKeyOf(const schema::Schema& schema, const Json& row);
// {"id": ...}: how other entities refer to the row.
Json ReferenceTo(const schema::Schema& schema, const Json& row);
// Whether the foreign field of `row` refers to `id`.
bool RefersTo(const Json& row, const std::string& foreign_field, const std::string& id);

// Every plugin of that name.
Result<std::vector<Json>> PluginsNamed(const Context& context, std::string_view name);

// From `size`, `offset` and, for entities with tags, `tags`.
Result<store::ListOptions> ReadListOptions(const Json& query, const schema::Schema& schema);
// `size` as Kong reads it: a number, not yet checked against the limits.
Result<std::optional<double>> ReadSize(const Json& query);

// {"data": [...], "next": ..., "offset": ...}; `path` is the collection's.
Response PageResponse(const store::Page& page, const std::string& path,
                      const std::string& tags = "");

}  // namespace silverback::admin

// An OpenAPI 3.0 description of the Admin API, made from the endpoints and the schemas. Pure
// functions; any thread.
#pragma once

#include "admin/endpoint.h"
#include "schema/schema.h"

namespace silverback::admin {

// The JSON Schema of one field.
Json OpenApiType(const schema::Field& field);
// `table` is read when the description is asked for: endpoints may be added until then.
Json OpenApiDocument(const entity::Catalog& catalog, const EndpointTable& table);

}  // namespace silverback::admin

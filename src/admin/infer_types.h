// Types for the texts of forms and query strings: the schema tells which are numbers, booleans or
// lists. Pure; any thread; nothing fails, what does not fit its field is left for the schema to
// refuse.
#pragma once

#include "entity/catalog.h"
#include "schema/schema.h"
#include "util/json.h"

namespace silverback::admin {

// Turns the texts of `args` into the types of the schema's fields. "" is null. A plugin's "config"
// follows the configuration of the plugin that "name" says.
void InferTypes(Json& args, const schema::Schema& schema, const entity::Catalog& catalog);

}  // namespace silverback::admin

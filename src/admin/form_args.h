// Arguments of forms and query strings as documents: "a.b=1", "a[]=1", "a[2]=x" build objects and
// lists, and the schema tells which texts are numbers, booleans or lists. Pure functions; any
// thread; nothing fails, what does not fit its field is left for the schema to refuse.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entity/catalog.h"
#include "http/query.h"
#include "schema/schema.h"
#include "util/json.h"

namespace silverback::admin {

// Builds an object. A bare name is `true`; a name given several times is a list.
Json DecodeArguments(const std::vector<http::Argument>& arguments);

// Turns the texts of `args` into the types of the schema's fields. "" is null. A plugin's or
// vault's "config" follows the configuration that "name" says (or `name`, when args has none).
void InferTypes(Json& args, const schema::Schema& schema, const entity::Catalog& catalog,
                const std::string& name = "");

// Numbers as Lua reads them: blanks around, hexadecimal, exponents.
std::optional<double> LuaNumber(std::string_view text);
// The same as a document: an integer where the number is one.
std::optional<Json> FormNumber(std::string_view text);

}  // namespace silverback::admin

// What a request to the Admin API says: its query arguments and its body, as documents. Pure
// functions; any thread.
#pragma once

#include <string>

#include "admin/api.h"
#include "entity/catalog.h"
#include "schema/schema.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::admin {

enum class BodyKind { kNone, kJson, kForm, kMultipart, kYaml, kOther };

struct Arguments {
  Json query = Json::object();
  Json body = Json::object();  // of a form still as texts, until InferBody
  BodyKind kind = BodyKind::kNone;
};

// By Content-Type, as Kong compares it: case counts, and what follows the known name does not.
BodyKind BodyKindOf(const Request& request);

// Error: kInvalidInput with the message to answer. Bodies count on POST, PUT and PATCH only.
Result<Arguments> ReadArguments(const Request& request, std::string_view query);

// Gives form texts the types of the schema's fields; bodies in JSON have theirs already.
void InferBody(Arguments& args, const schema::Schema& schema, const entity::Catalog& catalog);

// Texts that no store can keep: kSchemaViolation naming every member that is not UTF-8 or holds a
// NUL character.
Status CheckTexts(const Json& body);

}  // namespace silverback::admin

// Answers of the Admin API, in the forms that Kong's clients know. Pure functions; any thread.
#pragma once

#include <string_view>

#include "admin/api.h"
#include "util/error.h"
#include "util/json.h"

namespace silverback::admin {

Response JsonResponse(int status, const Json& body);
Response JsonTextResponse(int status, std::string body);
Response MessageResponse(int status, std::string_view message);  // {"message": ...}
Response NoContent();                                            // 204
Response NotFound();                                             // 404 {"message": "Not found"}
Response MethodNotAllowed();
// nginx's own page for that status: what a client gets that is refused before the API looks at it.
Response HtmlPage(int status);
// The status and body that stand for an error of the store or the schema.
Response ErrorResponse(const Error& error);

}  // namespace silverback::admin

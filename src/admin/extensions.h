// What this Admin API has beyond Kong's, all off by default: protection by a token, the
// configuration generation on writes, and ETags on entities for safe concurrent editing. Described
// in doc/admin_api.md. Any thread.
#pragma once

#include <optional>
#include <string>

#include "admin/endpoint.h"

namespace silverback::admin {

// Whether admin_extensions is on: headers and endpoints that Kong does not have.
bool ExtensionsEnabled(const config::GatewayConf& conf);

// The answer to a request without the token that admin_token demands; nullopt: it may pass.
std::optional<Response> Unauthorized(const config::GatewayConf& conf, const Request& request);

// Adds ETag to answers that are an entity, and the generation to answers of writes. REQUIRES:
// ExtensionsEnabled().
void AddExtensionHeaders(Node& node, const Request& request, Response& response);

// The If-Match condition of a write, or nullptr when there is none or extensions are off.
const std::string* RequiredETag(const Call& call);
// Runs `handler` when the entity that `endpoint` shows has an ETag that `condition` names, as one
// transaction; answers 412 otherwise.
Response RunIfMatch(const Endpoint& endpoint, const Handler& handler, const Call& call,
                    const std::string& condition);

}  // namespace silverback::admin

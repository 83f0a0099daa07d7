#include "admin/extensions.h"

#include "admin/dispatcher.h"
#include "http/header.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr std::string_view kBearer = "Bearer ";

bool IsWrite(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

// The entity's content names its version. The time left to live changes by itself and is no part
// of it.
std::string ETagOf(Json row) {
  row.erase("ttl");
  return '"' + ToHex(Sha256(DumpJson(row))).substr(0, 32) + '"';
}

// The row that a successful answer shows, if it shows one.
std::optional<Json> ShownRow(const Response& response) {
  if (response.status != 200 && response.status != 201) return std::nullopt;
  Result<Json> body = ParseJson(response.body);
  if (!body || !body->is_object() || !body->contains("id")) return std::nullopt;
  return *std::move(body);
}

}  // namespace

bool ExtensionsEnabled(const config::GatewayConf& conf) { return conf.Bool("admin_extensions"); }

std::optional<Response> Unauthorized(const config::GatewayConf& conf, const Request& request) {
  const std::string token = conf.String("admin_token");
  if (token.empty() || request.status_listener || request.method == "OPTIONS") return std::nullopt;
  std::string_view given;
  if (const std::string* value = http::FindHeader(request.headers, "Kong-Admin-Token")) {
    given = *value;
  } else if (value = http::FindHeader(request.headers, "Authorization"); value != nullptr) {
    const std::string_view credentials = *value;
    const bool bearer = EqualsIgnoreCase(credentials.substr(0, kBearer.size()), kBearer);
    if (bearer) given = Trim(credentials.substr(kBearer.size()));
  }
  if (SecretEquals(given, token)) return std::nullopt;
  Response response = MessageResponse(401, "Unauthorized");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"admin\"");
  return response;
}

void AddExtensionHeaders(Node& node, const Request& request, Response& response) {
  if (IsWrite(request.method) && response.status < 300) {
    response.headers.emplace_back("X-Silverback-Generation", std::to_string(node.Generation()));
  }
  if (auto row = ShownRow(response)) {
    response.headers.emplace_back("ETag", ETagOf(*std::move(row)));
  }
}

const std::string* RequiredETag(const Call& call) {
  if (!IsWrite(call.request.method) || call.params.empty()) return nullptr;
  const std::string* condition = http::FindHeader(call.request.headers, "If-Match");
  return condition && ExtensionsEnabled(call.context.conf) ? condition : nullptr;
}

Response RunIfMatch(const Endpoint& endpoint, const Handler& handler, const Call& call,
                    const std::string& condition) {
  const auto get = endpoint.methods.find("GET");
  if (get == endpoint.methods.end()) return MessageResponse(412, "If-Match needs an entity");
  return InTransaction(call.context, [&](const Context& context) {
    Call read{context, call.request, call.params, call.args};
    const auto row = ShownRow(get->second(read));
    bool matches = false;
    if (row) {
      const std::string etag = ETagOf(*row);
      for (std::string_view wanted : http::HeaderListMembers(condition)) {
        matches = matches || wanted == "*" || wanted == etag;
      }
    }
    if (!matches) return MessageResponse(412, "the entity has changed, or is not there");
    Call write{context, call.request, call.params, call.args};
    return handler(write);
  });
}

}  // namespace silverback::admin

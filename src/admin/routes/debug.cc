#include <string>

#include "admin/extensions.h"
#include "admin/json_body.h"
#include "admin/routes/routes.h"
#include "http/query.h"
#include "http/uri.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr std::string_view kHeader = "header.";

// ?method=&host=&path=&scheme=&sni=&header.NAME=: which route would win, and why others lose.
Response ExplainRoute(Call& call) {
  Json request = {
      {"method", "GET"}, {"path", "/"}, {"scheme", "http"}, {"headers", Json::object()}};
  const http::Target target = http::SplitTarget(call.request.target);
  for (const http::Argument& argument : http::ParseQuery(target.query)) {
    const std::string value = argument.value.value_or("");
    if (InvalidUtf8At(argument.name) != 0 || InvalidUtf8At(value) != 0) {
      return MessageResponse(400, "arguments must be UTF-8");
    }
    if (argument.name.starts_with(kHeader)) {
      request["headers"][ToLower(argument.name.substr(kHeader.size()))].push_back(value);
    } else {
      request[argument.name] = value;
    }
  }
  const Json answer = call.context.node.ExplainRoute(request);
  return answer.is_null() ? MessageResponse(503, "the router is not loaded yet")
                          : JsonResponse(200, answer);
}

}  // namespace

void AddDebugEndpoints(const Context& context, EndpointTable& table) {
  if (!ExtensionsEnabled(context.conf)) return;
  table.At("/debug/route").methods["GET"] = ExplainRoute;
  table.At("/debug/dns").methods["GET"] = [](Call& call) {
    return JsonResponse(200, {{"data", call.context.node.Dns()}});
  };
}

}  // namespace silverback::admin

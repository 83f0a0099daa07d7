#include "nginx/routing_checks.h"

#include "nginx/headers.h"
#include "nginx/local_response.h"
#include "nginx/request_context.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using entity::Bit;
using entity::Protocol;
using plugin::LocalResponse;

LocalResponse UpgradeRequired(std::string_view message, std::string_view to) {
  LocalResponse response = JsonMessage(426, message);
  response.headers.emplace_back("Connection", "Upgrade");
  response.headers.emplace_back("Upgrade", to);
  return response;
}

std::optional<LocalResponse> CheckHttps(RequestContext& context, const entity::Route& route) {
  const bool plain = route.protocols & Bit(Protocol::kHttp);
  const bool secure = route.protocols & Bit(Protocol::kHttps);
  if (plain || !secure || context.ForwardedScheme() == "https") return std::nullopt;
  if (route.https_redirect_status_code == 426)
    return UpgradeRequired("Please use HTTPS protocol", "TLS/1.2, HTTP/1.1");
  LocalResponse redirect;
  redirect.status = route.https_redirect_status_code;
  redirect.raw_body = true;
  redirect.headers.emplace_back("Location", "https://" + std::string(context.ForwardedHost()) +
                                                std::string(context.RawTarget()));
  return redirect;
}

std::optional<LocalResponse> CheckGrpc(RequestContext& context, const entity::Route& route) {
  if (!(route.protocols & (Bit(Protocol::kGrpc) | Bit(Protocol::kGrpcs)))) return std::nullopt;
  if (!context.IsGrpcContent()) return JsonMessage(415, "Non-gRPC request matched gRPC route");
  if (context.request()->http_version != NGX_HTTP_VERSION_20)
    return UpgradeRequired("Please use HTTP2 protocol", "HTTP/2");
  if ((route.protocols & Bit(Protocol::kGrpc)) || context.ForwardedScheme() == "https")
    return std::nullopt;
  LocalResponse canceled;
  canceled.raw_body = true;
  canceled.headers = {{"Content-Type", "application/grpc"},
                      {"grpc-status", "1"},
                      {"grpc-message", "gRPC request matched gRPCs route"}};
  return canceled;
}

// Which route and service answer, for a client that asks for it.
void ShowMatch(RequestContext& context) {
  context.wants_debug = request_headers::Find(context.request(), "kong-debug") != nullptr;
  if (!context.wants_debug) return;
  const auto show = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) context.SetResponseHeader(name, value);
  };
  show("Kong-Route-Id", context.route()->id);
  show("Kong-Route-Name", context.route()->name);
  if (context.service() == nullptr) return;
  show("Kong-Service-Id", context.service()->id);
  show("Kong-Service-Name", context.service()->name);
}

}  // namespace

std::optional<LocalResponse> FindRoute(RequestContext& context) {
  // A path that cannot be normalised is no path at all.
  auto match = context.runner().snapshot().router->Find(context.RouterRequest());
  if (!match) return JsonMessage(404, "no Route matched with those values");
  context.SetMatch(std::move(*match));
  context.ComputeForwarded();
  ShowMatch(context);
  const entity::Route& route = *context.route();
  if (auto refused = CheckHttps(context, route)) return refused;
  return CheckGrpc(context, route);
}

}  // namespace silverback::nginx

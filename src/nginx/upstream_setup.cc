#include "nginx/upstream_setup.h"

#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/local_response.h"
#include "nginx/phases.h"
#include "nginx/request_context.h"
#include "nginx/resolver.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using plugin::LocalResponse;
using runtime::Outcome;

bool IsTls(std::string_view scheme) { return scheme == "https" || scheme == "grpcs"; }

std::string WithPort(std::string_view host, std::string_view scheme, int port) {
  std::string text(host);
  if (host.find(':') != host.npos && !host.starts_with('[')) text = "[" + text + "]";
  if (port != (IsTls(scheme) ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

void Describe(RequestContext& context) {
  auto& upstream = context.upstream;
  const entity::Service& service = *context.service();
  upstream.scheme = entity::ProtocolName(service.protocol);
  const bool overridden = !upstream.overridden_host.empty();
  upstream.hostname = overridden ? upstream.overridden_host : service.host;
  upstream.port = overridden ? upstream.overridden_port : service.port;
  upstream.tls.client_certificate = service.client_certificate;
  upstream.tls.verify = service.tls_verify.value_or(context.gateway().verifies_upstreams());
  upstream.tls.verify_depth = service.tls_verify_depth.value_or(-1);
  if (service.ca_certificates) upstream.tls.ca_certificates = *service.ca_certificates;
  if (!context.host_override().empty()) {
    upstream.host_header = context.host_override();
  } else if (!context.match().upstream_host.empty()) {
    upstream.host_header = context.match().upstream_host;
  } else {
    upstream.host_header = WithPort(upstream.hostname, upstream.scheme, upstream.port);
  }
}

// Takes what the look-up gave; false: the name leads nowhere.
bool TakeAddresses(RequestContext& context, const Resolver::Answer& answer) {
  context.upstream.addresses.clear();
  for (const std::string& ip : answer) {
    if (auto address = MakeAddress(ip, context.upstream.port))
      context.upstream.addresses.push_back(std::move(*address));
  }
  return !context.upstream.addresses.empty();
}

LocalResponse ResolutionFailed() { return JsonMessage(503, "name resolution failed"); }

std::optional<LocalResponse> Resolve(RequestContext& context) {
  if (auto literal = MakeAddress(context.upstream.hostname, context.upstream.port)) {
    context.upstream.addresses.assign(1, std::move(*literal));
    context.stage = Stage::kReady;
    return std::nullopt;
  }
  context.stage = Stage::kResolving;
  std::optional<LocalResponse> refused;
  auto returned = std::make_shared<bool>(false);
  context.gateway().resolver().Lookup(
      context.upstream.hostname,
      [token = context.Token(), returned, &refused](const Resolver::Answer& answer) {
        const auto alive = token.lock();
        if (!alive) return;
        RequestContext& waiting = **alive;
        const bool found = TakeAddresses(waiting, answer);
        waiting.stage = Stage::kReady;
        if (!*returned) {
          if (!found) refused = ResolutionFailed();
          return;
        }
        if (!found) waiting.Respond(ResolutionFailed());
        ContinuePhases(waiting, found ? Outcome::kContinue : Outcome::kRespond);
      });
  *returned = true;
  return refused;
}

// A plugin has given another body: the client's must be out of the way first.
void SwapBody(RequestContext& context) {
  auto returned = std::make_shared<bool>(false);
  context.stage = Stage::kResolving;
  context.ReadClientBody([token = context.Token(), returned](auto) {
    const auto alive = token.lock();
    if (!alive) return;
    (*alive)->ReplaceBody();
    (*alive)->stage = Stage::kPlugged;
    if (*returned) ContinuePhases(**alive, Outcome::kContinue);
  });
  *returned = true;
}

void RemoveHopByHopHeaders(RequestContext& context, bool websocket) {
  const auto connection = context.RequestHeader("connection");
  if (connection && !EqualsIgnoreCase(*connection, "keep-alive") &&
      !EqualsIgnoreCase(*connection, "close") && !EqualsIgnoreCase(*connection, "upgrade")) {
    const std::string names = ToLower(*connection);
    for (const std::string_view part : Split(names, ',')) {
      const std::string_view name = Trim(part);
      if (name.empty() || name == "close" || name == "keep-alive") continue;
      // nginx needs to know a body's length and whose the request is, whatever the client says.
      if (name == "host" || name == "content-length" || name == "transfer-encoding") continue;
      if (name == "upgrade" && websocket) continue;
      if (name == "connection" || name == "te" || name == "upgrade") continue;
      context.ClearRequestHeader(name);
    }
  }
  context.ClearRequestHeader("proxy");
  context.ClearRequestHeader("proxy-connection");
}

}  // namespace

std::optional<LocalResponse> PrepareUpstream(RequestContext& context) {
  if (context.service() == nullptr) return JsonMessage(503, "no Service found with those values");
  if (context.body_replaced()) {
    SwapBody(context);
    if (context.stage == Stage::kResolving || context.failed_body_read() != 0) return std::nullopt;
  }
  Describe(context);
  return Resolve(context);
}

ngx_int_t HandOver(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  const bool grpc = context.upstream.scheme.starts_with("grpc");
  if (!context.proxied) {
    context.proxied = true;
    context.access_ended_ms = RequestContext::NowMs();
    RemoveHopByHopHeaders(context, r->headers_in.upgrade != nullptr);
    context.SetProxyVariables();
    if (grpc) {
      ngx_str_t location = Borrow(std::string_view("@grpc"));
      const ngx_int_t rc = ngx_http_named_location(r, &location);
      if (rc != NGX_DONE) return rc;
      // The redirect runs the phases with a reference of its own.
      ngx_http_finalize_request(r, NGX_DONE);
      return NGX_DONE;
    }
  }
  if (!context.route()->request_buffering && r->request_body == nullptr)
    r->request_body_no_buffering = 1;
  return NGX_DECLINED;
}

}  // namespace silverback::nginx

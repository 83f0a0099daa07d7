#include "nginx/upstream_setup.h"

#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/local_response.h"
#include "nginx/phases.h"
#include "nginx/proxy_pass.h"
#include "nginx/request_context.h"
#include "nginx/upstream_hash.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using plugin::LocalResponse;
using runtime::Outcome;

void Describe(RequestContext& context) {
  auto& upstream = context.upstream;
  const entity::Service& service = *context.service();
  upstream.scheme = upstream.overridden_scheme.empty()
                        ? entity::ProtocolName(service.protocol)
                        : std::string_view(upstream.overridden_scheme);
  const bool overridden = !upstream.overridden_host.empty();
  upstream.hostname = overridden ? std::string_view(upstream.overridden_host) : service.host;
  upstream.port = overridden ? upstream.overridden_port : service.port;
  upstream.tls.client_certificate = service.client_certificate;
  upstream.tls.verify = service.tls_verify.value_or(false);
  upstream.tls.verify_depth = service.tls_verify_depth.value_or(-1);
  if (service.ca_certificates) upstream.tls.ca_certificates = *service.ca_certificates;
  upstream.host_given = true;
  if (!context.host_override().empty()) {
    upstream.host_header = context.host_override();
  } else if (!context.match().upstream_host.empty()) {
    upstream.host_header = context.match().upstream_host;
  } else {
    upstream.host_given = false;
  }
}

// What follows from the choice of a target.
void TakeChoice(RequestContext& context) {
  auto& upstream = context.upstream;
  context.stage = Stage::kReady;
  context.MakeHostHeader();
  const balancer::Upstream* settings = upstream.choice.upstream();
  if (settings != nullptr && upstream.tls.client_certificate.empty())
    upstream.tls.client_certificate = settings->client_certificate;
}

// Goes on with a request that waited for its address.
void Continue(RequestContext& context, Choice choice, const Refusal& refusal) {
  if (choice == Choice::kChosen) {
    TakeChoice(context);
    return ContinuePhases(context, Outcome::kContinue);
  }
  context.stage = Stage::kReady;
  context.Respond(JsonMessage(refusal.status, refusal.message));
  ContinuePhases(context, Outcome::kRespond);
}

std::optional<LocalResponse> WaitForAddress(RequestContext& context) {
  context.stage = Stage::kResolving;
  std::optional<LocalResponse> refused;
  auto returned = std::make_shared<bool>(false);
  auto hold = std::make_shared<EventLoop::Hold>(context.gateway().loop());
  context.upstream.choice.Later(
      context.gateway(), context.Token(),
      [&context, returned, &refused, hold = std::move(hold)](Choice choice, const Refusal& why) {
        if (*returned) return Continue(context, choice, why);
        if (choice == Choice::kChosen) return TakeChoice(context);
        context.stage = Stage::kReady;
        refused = JsonMessage(why.status, why.message);
      });
  *returned = true;
  return refused;
}

std::optional<LocalResponse> ChooseAddress(RequestContext& context) {
  auto& upstream = context.upstream;
  if (upstream.has_no_balancer) {
    // To clients and plugins this is an upstream that failed.
    context.gateway().log().Log(plugin::LogLevel::kError,
                                "an upstream cannot take the place of the address of a service");
    upstream.refused_status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    upstream.host_header = upstream.hostname;
    context.stage = Stage::kReady;
    return std::nullopt;
  }
  Refusal refusal;
  const Choice choice = upstream.choice.First(
      context.gateway(), upstream.hostname, upstream.port,
      [&context](const balancer::Upstream& settings) { return HashValue(context, settings); },
      refusal);
  if (choice == Choice::kMustWait) return WaitForAddress(context);
  if (choice == Choice::kRefused) return JsonMessage(refusal.status, refusal.message);
  TakeChoice(context);
  return std::nullopt;
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
  const ngx_table_elt_t* header = request_headers::Find(context.request(), "connection");
  const std::string_view connection = header != nullptr ? View(header->value) : "";
  if (!connection.empty() && !EqualsIgnoreCase(connection, "keep-alive") &&
      !EqualsIgnoreCase(connection, "close") && !EqualsIgnoreCase(connection, "upgrade")) {
    const std::string names = ToLower(connection);
    for (const std::string_view part : Split(names, ',')) {
      const std::string_view name = Trim(part);
      if (name.empty()) continue;
      // nginx needs to know a body's length and whose the request is, whatever the client says.
      if (name == "host" || name == "content-length" || name == "transfer-encoding") continue;
      if (name == "upgrade" && websocket) continue;
      if (name == "connection" || name == "te" || name == "upgrade") continue;
      context.ClearRequestHeader(name);
    }
  }
  // Rarely there: their lengths tell at once.
  bool proxy = false, proxy_connection = false;
  EachElement(context.request()->headers_in.headers, [&](const ngx_table_elt_t& element) {
    proxy = proxy || element.key.len == 5;
    proxy_connection = proxy_connection || element.key.len == 16;
    return true;
  });
  if (proxy) context.ClearRequestHeader("proxy");
  if (proxy_connection) context.ClearRequestHeader("proxy-connection");
}

}  // namespace

std::optional<LocalResponse> PrepareUpstream(RequestContext& context) {
  if (context.service() == nullptr) return JsonMessage(503, "no Service found with those values");
  if (context.body_replaced()) {
    SwapBody(context);
    if (context.stage == Stage::kResolving || context.failed_body_read() != 0) return std::nullopt;
  }
  Describe(context);
  return ChooseAddress(context);
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
      if (context.path_changed()) {
        r->uri = CopyTo(r->pool, context.UpstreamPath());
        r->valid_unparsed_uri = 0;
      }
      ngx_str_t location = Borrow(std::string_view("@grpc"));
      const ngx_int_t rc = ngx_http_named_location(r, &location);
      if (rc != NGX_DONE) return rc;
      // The redirect runs the phases with a reference of its own.
      ngx_http_finalize_request(r, NGX_DONE);
      return NGX_DONE;
    }
  }
  if (!grpc) UseProxyContent(context);
  // Bodies of HTTP/2 are always read first, as Kong does.
  if (!context.route()->request_buffering && r->request_body == nullptr &&
      r->http_version != NGX_HTTP_VERSION_20)
    r->request_body_no_buffering = 1;
  return NGX_DECLINED;
}

}  // namespace silverback::nginx

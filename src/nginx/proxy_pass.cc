#include "nginx/proxy_pass.h"

#include "nginx/conf.h"
#include "nginx/request_context.h"

namespace silverback::nginx {
namespace {

// nginx sends what the client asked for, when its configuration names no path: until the request
// is written, that is the path for the upstream.
void PutTarget(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  auto& module = context.proxy_module;
  module.client_target = r->unparsed_uri;
  module.client_target_valid = r->valid_unparsed_uri;
  module.swapped = true;
  r->unparsed_uri = Borrow(context.UpstreamUri());
  r->valid_unparsed_uri = 1;
}

ngx_int_t CreateRequest(ngx_http_request_t* r) {
  RequestContext& context = *RequestContext::Find(r);
  PutTarget(context);
  const ngx_int_t rc = context.proxy_module.create_request(r);
  RestoreTarget(context);
  return rc;
}

#if (NGX_HTTP_CACHE)
ngx_int_t CreateKey(ngx_http_request_t* r) {
  RequestContext& context = *RequestContext::Find(r);
  PutTarget(context);
  const ngx_int_t rc = context.proxy_module.create_key(r);
  RestoreTarget(context);
  return rc;
}
#endif

// A request whose body is not there yet is written later, and once more for another target.
void WrapCallbacks(ngx_http_upstream_t& u, RequestContext& context) {
  context.proxy_module.create_request = u.create_request;
  u.create_request = &CreateRequest;
#if (NGX_HTTP_CACHE)
  context.proxy_module.create_key = u.create_key;
  u.create_key = &CreateKey;
#endif
}

ngx_int_t ProxyContent(ngx_http_request_t* r) {
  const auto* location =
      static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  RequestContext& context = *RequestContext::Find(r);
  // Directives beside the proxy's may name the client's target: it is kept from now on.
  ngx_http_get_indexed_variable(r, static_cast<ngx_uint_t>(MainConfOf(r)->request_uri));
  PutTarget(context);
  const ngx_int_t rc = location->handler(r);
  RestoreTarget(context);
  if (r->upstream != nullptr && r->upstream->create_request != nullptr)
    WrapCallbacks(*r->upstream, context);
  return rc;
}

}  // namespace

void UseProxyContent(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  if (r->content_handler != nullptr) r->content_handler = &ProxyContent;
}

void RestoreTarget(RequestContext& context) {
  auto& module = context.proxy_module;
  if (!module.swapped) return;
  module.swapped = false;
  context.request()->unparsed_uri = module.client_target;
  context.request()->valid_unparsed_uri = module.client_target_valid;
}

void CompleteUpstream(RequestContext& context) {
  RestoreTarget(context);
  ngx_http_upstream_t* u = context.request()->upstream;
  const bool grpc = context.upstream.scheme.starts_with("grpc");
  if (u->resolved != nullptr || grpc) return;
  // A template's "http://" has nothing that TLS could be spoken with.
  u->ssl = context.upstream.scheme == "https" && u->conf->ssl != nullptr ? 1 : 0;
  if (!u->ssl) u->schema = ngx_string("http://");
}

}  // namespace silverback::nginx

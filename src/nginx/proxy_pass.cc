#include "nginx/proxy_pass.h"

#include "nginx/conf.h"
#include "nginx/request_context.h"

namespace silverback::nginx {
namespace {

// nginx sends what the client asked for, when its configuration names no path: as long as this
// lives, that is the path for the upstream.
class TargetSwap {
 public:
  TargetSwap(ngx_http_request_t* r, const RequestContext& context)
      : r_(r), target_(r->unparsed_uri), valid_(r->valid_unparsed_uri) {
    r->unparsed_uri = Borrow(context.UpstreamUri());
    r->valid_unparsed_uri = 1;
  }
  ~TargetSwap() {
    r_->unparsed_uri = target_;
    r_->valid_unparsed_uri = valid_;
  }
  TargetSwap(const TargetSwap&) = delete;
  TargetSwap& operator=(const TargetSwap&) = delete;

 private:
  ngx_http_request_t* r_;
  ngx_str_t target_;
  unsigned valid_ : 1;
};

ngx_int_t CreateRequest(ngx_http_request_t* r) {
  const RequestContext& context = *RequestContext::Find(r);
  const TargetSwap swap(r, context);
  return context.proxy_module.create_request(r);
}

#if (NGX_HTTP_CACHE)
ngx_int_t CreateKey(ngx_http_request_t* r) {
  const RequestContext& context = *RequestContext::Find(r);
  const TargetSwap swap(r, context);
  return context.proxy_module.create_key(r);
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
  ngx_int_t rc;
  {
    const TargetSwap swap(r, context);
    rc = location->handler(r);
  }
  if (r->upstream != nullptr && r->upstream->create_request != nullptr)
    WrapCallbacks(*r->upstream, context);
  return rc;
}

}  // namespace

void UseProxyContent(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  if (r->content_handler != nullptr) r->content_handler = &ProxyContent;
}

void CompleteUpstream(RequestContext& context) {
  ngx_http_upstream_t* u = context.request()->upstream;
  const bool grpc = context.upstream.scheme.starts_with("grpc");
  if (u->resolved != nullptr || grpc) return;
  // A template's "http://" has nothing that TLS could be spoken with.
  u->ssl = context.upstream.scheme == "https" && u->conf->ssl != nullptr ? 1 : 0;
  if (!u->ssl) u->schema = ngx_string("http://");
}

}  // namespace silverback::nginx

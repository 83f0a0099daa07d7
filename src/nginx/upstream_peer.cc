#include "nginx/upstream_peer.h"

#include "nginx/certificates.h"
#include "nginx/guard.h"
#include "nginx/keepalive_pool.h"
#include "nginx/pool.h"
#include "nginx/request_context.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

// One request's tries.
struct Peer {
  Peer(RequestContext& its_context, ngx_http_request_t* request)
      : context(its_context), r(request) {}
  RequestContext& context;
  ngx_http_request_t* r;
  size_t next = 0;  // index of the address of the next try
  const Address* current = nullptr;
  ngx_str_t name{};
  std::string key;  // of the pool: what makes a connection fit for this try
  bool tls = false;
};

std::string PoolKey(const Peer& peer) {
  std::string key(reinterpret_cast<const char*>(&peer.current->socket), peer.current->length);
  if (!peer.tls) return key;
  const auto& upstream = peer.context.upstream;
  key += upstream.host_header + '|' + upstream.tls.client_certificate + '|' +
         (upstream.tls.verify ? 'v' : '-') + std::to_string(upstream.tls.verify_depth) + '|' +
         Join(upstream.tls.ca_certificates, ",") + '|' +
         peer.context.gateway().certificates().Fingerprint(upstream.tls);
  return key;
}

void NoteTry(Peer& peer) {
  Try attempt;
  attempt.ip = peer.current->ip;
  attempt.port = peer.current->port;
  attempt.started_at = static_cast<double>(RequestContext::NowMs()) / 1000;
  peer.context.upstream.tries.push_back(std::move(attempt));
  peer.context.balancer_ended_ms = RequestContext::NowMs();
}

ngx_int_t GetPeer(ngx_peer_connection_t* pc, void* data) {
  return Guard(pc->log, "balancer", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    Peer& peer = *static_cast<Peer*>(data);
    const auto& addresses = peer.context.upstream.addresses;
    if (addresses.empty()) return NGX_BUSY;
    peer.current = &addresses[peer.next++ % addresses.size()];
    NoteTry(peer);
    pc->sockaddr =
        reinterpret_cast<sockaddr*>(const_cast<sockaddr_storage*>(&peer.current->socket));
    pc->socklen = peer.current->length;
    peer.name = Borrow(std::string_view(peer.current->text));
    pc->name = &peer.name;
    pc->cached = 0;
    pc->connection = nullptr;
    peer.tls = peer.r->upstream->ssl;
    peer.key = PoolKey(peer);
    ngx_connection_t* idle = peer.context.gateway().keepalive().Take(peer.key);
    if (idle == nullptr) return NGX_OK;
    idle->log = pc->log;
    idle->read->log = pc->log;
    idle->write->log = pc->log;
    if (idle->pool != nullptr) idle->pool->log = pc->log;
    pc->connection = idle;
    pc->cached = 1;
    return NGX_DONE;
  });
}

bool MayBeKept(const ngx_peer_connection_t* pc, const ngx_http_upstream_t* u, ngx_uint_t state) {
  const ngx_connection_t* c = pc->connection;
  if ((state & NGX_PEER_FAILED) || c == nullptr || c->read->eof || c->read->error ||
      c->read->timedout || c->write->error || c->write->timedout)
    return false;
  if (!u->keepalive || !u->request_body_sent || ngx_terminate || ngx_exiting) return false;
  return ngx_handle_read_event(c->read, 0) == NGX_OK;
}

void FreePeer(ngx_peer_connection_t* pc, void* data, ngx_uint_t state) {
  GuardVoid(pc->log, "balancer", [&] {
    Peer& peer = *static_cast<Peer*>(data);
    ngx_http_upstream_t* u = peer.r->upstream;
    if (!peer.context.upstream.tries.empty() && (state & NGX_PEER_FAILED)) {
      Try& last = peer.context.upstream.tries.back();
      last.state = "failed";
      last.code = u->state != nullptr ? static_cast<int>(u->state->status) : 0;
    }
    if (MayBeKept(pc, u, state) && peer.context.gateway().keepalive().Put(peer.key, pc->connection))
      pc->connection = nullptr;
    if (pc->tries > 0) --pc->tries;
  });
}

// Called between the making of the TLS connection and its handshake.
ngx_int_t SetSession(ngx_peer_connection_t* pc, void* data) {
  return Guard(pc->log, "upstream TLS", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    Peer& peer = *static_cast<Peer*>(data);
    SSL* ssl = pc->connection->ssl->connection;
    CertificateStore& certificates = peer.context.gateway().certificates();
    if (!certificates.Apply(peer.context.upstream.tls, ssl)) return NGX_ERROR;
    certificates.SetSession(peer.key, ssl);
    return NGX_OK;
  });
}

void SaveSession(ngx_peer_connection_t* pc, void* data) {
  GuardVoid(pc->log, "upstream TLS", [&] {
    Peer& peer = *static_cast<Peer*>(data);
    peer.context.gateway().certificates().SaveSession(peer.key, pc->connection->ssl->connection);
  });
}

// The service's timeouts and the route's buffering go into a copy of the location's configuration
// that is this request's alone.
void ApplyServiceSettings(RequestContext& context, ngx_http_upstream_t* u) {
  auto* conf = static_cast<ngx_http_upstream_conf_t*>(
      ngx_pnalloc(context.request()->pool, sizeof(ngx_http_upstream_conf_t)));
  if (conf == nullptr) throw std::bad_alloc();
  *conf = *u->conf;
  const entity::Service& service = *context.service();
  conf->connect_timeout = static_cast<ngx_msec_t>(service.connect_timeout_ms);
  conf->send_timeout = static_cast<ngx_msec_t>(service.write_timeout_ms);
  conf->read_timeout = static_cast<ngx_msec_t>(service.read_timeout_ms);
  conf->ssl_verify = context.upstream.tls.verify ? 1 : 0;
  conf->ssl_session_reuse = 1;
  u->conf = conf;
  if (!context.route()->response_buffering) u->buffering = 0;
}

ngx_int_t InitPeer(ngx_http_request_t* r, ngx_http_upstream_srv_conf_t*) {
  return Guard(r->connection->log, "balancer", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    RequestContext* context = RequestContext::Find(r);
    if (context == nullptr || context->service() == nullptr) return NGX_ERROR;
    ngx_http_upstream_t* u = r->upstream;
    ApplyServiceSettings(*context, u);
    u->peer.data = PoolNew<Peer>(r->pool, *context, r);
    u->peer.get = &GetPeer;
    u->peer.free = &FreePeer;
    u->peer.tries = static_cast<ngx_uint_t>(context->service()->retries) + 1;
    u->peer.set_session = &SetSession;
    u->peer.save_session = &SaveSession;
    return NGX_OK;
  });
}

}  // namespace

ngx_int_t InitUpstream(ngx_conf_t*, ngx_http_upstream_srv_conf_t* upstream) {
  upstream->peer.init = &InitPeer;
  return NGX_OK;
}

}  // namespace silverback::nginx

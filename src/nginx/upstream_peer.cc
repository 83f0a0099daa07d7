#include "nginx/upstream_peer.h"

#include "nginx/certificates.h"
#include "nginx/guard.h"
#include "nginx/keepalive_pool.h"
#include "nginx/pool.h"
#include "nginx/proxy_pass.h"
#include "nginx/request_context.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

// One request's tries. Goes without a destructor: what has one is in the context.
struct Peer {
  Peer(RequestContext& its_context, ngx_http_request_t* request)
      : context(its_context), r(request) {}
  RequestContext& context;
  ngx_http_request_t* r;
  ngx_str_t name{};
  KeepalivePool::Kind* kind = nullptr;  // of the connection of this try
  bool tls = false;
  bool was_kept = false;  // the last try began on a connection of the pool
};

// What tells connections apart: the address and the protocol; with TLS also how the other side was
// made sure of.
void FindKind(Peer& peer) {
  auto& upstream = peer.context.upstream;
  const balancer::Address& address = *upstream.choice.address();
  const std::string_view bare(reinterpret_cast<const char*>(&address.socket), address.length);
  KeepalivePool& pool = peer.context.gateway().keepalive();
  const bool http2 = upstream.scheme.starts_with("grpc");
  if (!peer.tls && !http2) {
    // By far the most common kind: found once for each target, which the choice holds.
    if (!address.attachment) address.attachment = pool.Find(bare);
    peer.kind = static_cast<KeepalivePool::Kind*>(address.attachment.get());
    return;
  }
  if (!peer.tls) {
    upstream.kind = pool.Find(std::string(bare) + "|http2");
  } else {
    upstream.tls_key = TlsSessionKey(peer.context.gateway().certificates(), address,
                                     upstream.host_header, upstream.tls);
    if (http2) upstream.tls_key += "|http2";
    upstream.kind = pool.Find(upstream.tls_key);
  }
  peer.kind = upstream.kind.get();
}

void NoteTry(Peer& peer) {
  RequestContext& context = peer.context;
  Try& attempt = context.upstream.tries.emplace_back();
  attempt.ip = context.upstream.choice.address()->ip;
  attempt.port = context.upstream.choice.address()->port;
  const int64_t now = RequestContext::NowMs();
  attempt.started_at = static_cast<double>(now) / 1000;
  context.balancer_ended_ms = now;
}

// The status that nginx gave the last try, or the one `before` it.
int StatusOfTry(const ngx_http_request_t* r, ngx_uint_t before) {
  const ngx_array_t* states = r->upstream_states;
  if (states == nullptr || states->nelts <= before) return 0;
  const auto* state = static_cast<const ngx_http_upstream_state_t*>(states->elts);
  return static_cast<int>(state[states->nelts - 1 - before].status);
}

void NoteFailure(RequestContext::Upstream& upstream, int status) {
  if (upstream.tries.empty()) return;
  upstream.tries.back().state = upstream.last_passed_on ? "next" : "failed";
  upstream.tries.back().code = status;
}

// The request's headers are written anew when the next target wants another Host.
ngx_int_t RewriteRequest(Peer& peer) {
  const std::string_view old_host = peer.context.upstream.host_header;
  peer.context.MakeHostHeader();
  if (peer.context.upstream.host_header == old_host) return NGX_OK;
  peer.context.ForgetVariables();
  ngx_http_upstream_t* u = peer.r->upstream;
  if (peer.r->request_body != nullptr) u->request_bufs = peer.r->request_body->bufs;
  return u->create_request(peer.r);
}

// After a try that failed: where to go next.
ngx_int_t ChooseAgain(ngx_peer_connection_t* pc, Peer& peer) {
  auto& upstream = peer.context.upstream;
  const int status = StatusOfTry(peer.r, 1);
  const bool passed_on = upstream.last_passed_on;
  NoteFailure(upstream, status);
  upstream.last_failed = upstream.last_passed_on = false;
  // That the other side closed a connection which nobody used says nothing about it: it gets a new
  // one. nginx does not count that as a try either.
  if (peer.was_kept && status == NGX_HTTP_BAD_GATEWAY) return NGX_OK;
  if (passed_on) {
    upstream.choice.ReportStatus(status);
  } else {
    upstream.choice.ReportFailure(status == NGX_HTTP_GATEWAY_TIME_OUT);
  }
  Refusal refusal;
  if (upstream.choice.Next(peer.context.gateway(), refusal) == Choice::kChosen)
    return RewriteRequest(peer);
  upstream.refused_status = refusal.status;
  ngx_log_error(NGX_LOG_ERR, pc->log, 0,
                "failed to retry the dns/balancer resolver for %s with: %s",
                std::string(upstream.hostname).c_str(), refusal.message.c_str());
  return NGX_BUSY;
}

ngx_int_t UseKept(ngx_peer_connection_t* pc, Peer& peer) {
  ngx_connection_t* idle = peer.context.gateway().keepalive().Take(*peer.kind);
  if (idle == nullptr) return NGX_OK;
  idle->log = pc->log;
  idle->read->log = pc->log;
  idle->write->log = pc->log;
  if (idle->pool != nullptr) idle->pool->log = pc->log;
  pc->connection = idle;
  pc->cached = 1;
  peer.was_kept = true;
  return NGX_DONE;
}

ngx_int_t GetPeer(ngx_peer_connection_t* pc, void* data) {
  return Guard(pc->log, "balancer", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    Peer& peer = *static_cast<Peer*>(data);
    auto& upstream = peer.context.upstream;
    if (upstream.choice.address() == nullptr) return NGX_BUSY;
    const bool stale = peer.was_kept;
    if (upstream.last_failed || upstream.last_passed_on) {
      const ngx_int_t rc = ChooseAgain(pc, peer);
      if (rc != NGX_OK) return rc;
    }
    NoteTry(peer);
    const balancer::Address& address = *upstream.choice.address();
    pc->sockaddr = const_cast<sockaddr*>(&address.socket.generic);
    pc->socklen = address.length;
    peer.name = Borrow(std::string_view(address.text));
    pc->name = &peer.name;
    pc->cached = 0;
    pc->connection = nullptr;
    peer.tls = peer.r->upstream->ssl;
    peer.was_kept = false;
    FindKind(peer);
    // Where one kept connection was dead the others may be too.
    return stale ? NGX_OK : UseKept(pc, peer);
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
    const ngx_http_upstream_t* u = peer.r->upstream;
    peer.context.upstream.last_failed = (state & NGX_PEER_FAILED) != 0;
    // Only for a 403 or 404 that proxy_next_upstream names.
    peer.context.upstream.last_passed_on = (state & NGX_PEER_NEXT) != 0;
    if (MayBeKept(pc, u, state) &&
        peer.context.gateway().keepalive().Put(*peer.kind, pc->connection))
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
    certificates.SetSession(peer.context.upstream.tls_key, ssl);
    return NGX_OK;
  });
}

void SaveSession(ngx_peer_connection_t* pc, void* data) {
  GuardVoid(pc->log, "upstream TLS", [&] {
    Peer& peer = *static_cast<Peer*>(data);
    peer.context.gateway().certificates().SaveSession(peer.context.upstream.tls_key,
                                                      pc->connection->ssl->connection);
  });
}

// Where the service says nothing, proxy_ssl_verify of the configuration counts.
ngx_flag_t VerifyFlag(const entity::Service& service, const ngx_http_upstream_conf_t& conf) {
  if (!service.tls_verify) return conf.ssl_verify;
  return *service.tls_verify ? 1 : 0;
}

bool SuitsService(const ngx_http_upstream_conf_t& conf, const entity::Service& service) {
  return conf.connect_timeout == static_cast<ngx_msec_t>(service.connect_timeout_ms) &&
         conf.send_timeout == static_cast<ngx_msec_t>(service.write_timeout_ms) &&
         conf.read_timeout == static_cast<ngx_msec_t>(service.read_timeout_ms) &&
         conf.ssl_verify == VerifyFlag(service, conf) && conf.ssl_session_reuse == 1;
}

// The service's timeouts go into a copy of the location's configuration that is this request's
// alone, where they differ from it.
void ApplyServiceSettings(RequestContext& context, ngx_http_upstream_t* u) {
  if (!context.route()->response_buffering) u->buffering = 0;
  const entity::Service& service = *context.service();
  if (SuitsService(*u->conf, service)) return;
  auto* conf = static_cast<ngx_http_upstream_conf_t*>(
      ngx_pnalloc(context.request()->pool, sizeof(ngx_http_upstream_conf_t)));
  if (conf == nullptr) throw std::bad_alloc();
  *conf = *u->conf;
  conf->connect_timeout = static_cast<ngx_msec_t>(service.connect_timeout_ms);
  conf->send_timeout = static_cast<ngx_msec_t>(service.write_timeout_ms);
  conf->read_timeout = static_cast<ngx_msec_t>(service.read_timeout_ms);
  conf->ssl_verify = VerifyFlag(service, *conf);
  conf->ssl_session_reuse = 1;
  u->conf = conf;
}

ngx_int_t InitPeer(ngx_http_request_t* r, ngx_http_upstream_srv_conf_t*) {
  return Guard(r->connection->log, "balancer", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    RequestContext* context = RequestContext::Find(r);
    if (context == nullptr || context->service() == nullptr) return NGX_ERROR;
    ngx_http_upstream_t* u = r->upstream;
    CompleteUpstream(*context);
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

void ReportOutcome(RequestContext& context) {
  auto& upstream = context.upstream;
  if (upstream.tries.empty()) return;
  const int status = context.ResponseStatus();
  if (upstream.last_failed) NoteFailure(upstream, StatusOfTry(context.request(), 0));
  if (upstream.last_failed && status == NGX_HTTP_BAD_GATEWAY) upstream.choice.ReportFailure(false);
  upstream.choice.ReportStatus(status);
}

ngx_int_t InitUpstream(ngx_conf_t* cf, ngx_http_upstream_srv_conf_t* upstream) {
  // For directives like `zone`, which look at nginx' own list of servers.
  if (ngx_http_upstream_init_round_robin(cf, upstream) != NGX_OK) return NGX_ERROR;
  upstream->peer.init = &InitPeer;
  return NGX_OK;
}

}  // namespace silverback::nginx

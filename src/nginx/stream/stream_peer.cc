#include "nginx/stream/stream_peer.h"

#include <algorithm>

#include "nginx/certificates.h"
#include "nginx/guard.h"
#include "nginx/pool.h"
#include "nginx/stream/proxy_conf.h"
#include "nginx/stream/session.h"
#include "nginx/stream/stream_module.h"

namespace silverback::nginx {
namespace {

using entity::Protocol;

// One session's tries.
struct Peer {
  explicit Peer(StreamSession& its_session) : session(its_session) {}
  StreamSession& session;
  ngx_str_t name{};
  std::string tls_key;  // what makes a TLS session fit for this try
};

bool SpeaksTls(const StreamSession& session) {
  const Protocol protocol = session.service()->protocol;
  const bool tls =
      protocol == Protocol::kTls || protocol == Protocol::kHttps || protocol == Protocol::kGrpcs;
  return tls && !session.passthrough && session.session()->connection->type == SOCK_STREAM;
}

void Describe(StreamSession& session) {
  auto& upstream = session.upstream;
  const entity::Service& service = *session.service();
  const bool overridden = !upstream.overridden_host.empty();
  upstream.hostname = overridden ? upstream.overridden_host : service.host;
  upstream.port = overridden ? upstream.overridden_port : service.port;
  upstream.tls = SpeaksTls(session);
  upstream.verification.client_certificate = service.client_certificate;
  upstream.verification.verify = service.tls_verify.value_or(false);
  upstream.verification.verify_depth = service.tls_verify_depth.value_or(-1);
  if (service.ca_certificates) upstream.verification.ca_certificates = *service.ca_certificates;
}

// After a try that failed: where to go next.
ngx_int_t ChooseAgain(StreamSession& session) {
  auto& upstream = session.upstream;
  if (!upstream.tries.empty()) upstream.tries.back().state = "failed";
  upstream.last_failed = false;
  upstream.choice.ReportFailure(upstream.timed_out);
  Refusal refusal;
  return upstream.choice.Next(session.gateway(), refusal) == Choice::kChosen ? NGX_OK : NGX_BUSY;
}

// What the target is called may be another one at each try.
void NameTarget(Peer& peer, const balancer::Address& address) {
  auto& upstream = peer.session.upstream;
  std::string buffer;
  upstream.tls_name = upstream.choice.HostName(buffer);
  peer.session.session()->upstream->ssl_name = Borrow(std::string_view(upstream.tls_name));
  peer.tls_key = TlsSessionKey(peer.session.gateway().certificates(), address, upstream.tls_name,
                               upstream.verification);
}

ngx_int_t GetPeer(ngx_peer_connection_t* pc, void* data) {
  return Guard(pc->log, "balancer", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    Peer& peer = *static_cast<Peer*>(data);
    auto& upstream = peer.session.upstream;
    if (upstream.choice.address() == nullptr) return NGX_BUSY;
    if (upstream.last_failed && ChooseAgain(peer.session) != NGX_OK) return NGX_BUSY;
    const balancer::Address& address = *upstream.choice.address();
    Try& attempt = upstream.tries.emplace_back();
    attempt.ip = address.ip;
    attempt.port = address.port;
    attempt.started_at = static_cast<double>(StreamSession::NowMs()) / 1000;
    peer.session.balancer_ended_ms = StreamSession::NowMs();
    pc->sockaddr = const_cast<sockaddr*>(&address.socket.generic);
    pc->socklen = address.length;
    peer.name = Borrow(std::string_view(address.text));
    pc->name = &peer.name;
    pc->cached = 0;
    pc->connection = nullptr;
    if (upstream.tls) NameTarget(peer, address);
    return NGX_OK;
  });
}

void FreePeer(ngx_peer_connection_t* pc, void* data, ngx_uint_t state) {
  GuardVoid(pc->log, "balancer", [&] {
    Peer& peer = *static_cast<Peer*>(data);
    auto& upstream = peer.session.upstream;
    upstream.last_failed = (state & NGX_PEER_FAILED) != 0;
    upstream.timed_out = pc->connection != nullptr && pc->connection->write->timedout;
    if (pc->tries > 0) --pc->tries;
  });
}

// Called between the making of the TLS connection and its handshake.
ngx_int_t SetSession(ngx_peer_connection_t* pc, void* data) {
  return Guard(pc->log, "upstream TLS", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    Peer& peer = *static_cast<Peer*>(data);
    SSL* ssl = pc->connection->ssl->connection;
    CertificateStore& certificates = peer.session.gateway().certificates();
    if (!certificates.Apply(peer.session.upstream.verification, ssl)) return NGX_ERROR;
    certificates.SetSession(peer.tls_key, ssl);
    return NGX_OK;
  });
}

void SaveSession(ngx_peer_connection_t* pc, void* data) {
  GuardVoid(pc->log, "upstream TLS", [&] {
    Peer& peer = *static_cast<Peer*>(data);
    peer.session.gateway().certificates().SaveSession(peer.tls_key,
                                                      pc->connection->ssl->connection);
  });
}

ngx_int_t InitPeer(ngx_stream_session_t* s, ngx_stream_upstream_srv_conf_t*) {
  return Guard(s->connection->log, "balancer", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    StreamSession* session = StreamSession::Find(s);
    if (session == nullptr || session->service() == nullptr) return NGX_ERROR;
    ngx_stream_upstream_t* u = s->upstream;
    u->peer.data = PoolNew<Peer>(s->connection->pool, *session);
    u->peer.get = &GetPeer;
    u->peer.free = &FreePeer;
    u->peer.notify = nullptr;
    u->peer.tries = static_cast<ngx_uint_t>(session->service()->retries) + 1;
    u->peer.set_session = &SetSession;
    u->peer.save_session = &SaveSession;
    return NGX_OK;
  });
}

}  // namespace

void PrepareSession(StreamSession& session, std::function<void(std::string_view)> done) {
  Describe(session);
  auto& upstream = session.upstream;
  const auto take = [&session, done = std::move(done)](Choice choice, const Refusal& refusal) {
    if (choice == Choice::kRefused) return done(refusal.message);
    auto& chosen = session.upstream;
    const balancer::Upstream* settings = chosen.choice.upstream();
    if (settings != nullptr && chosen.verification.client_certificate.empty())
      chosen.verification.client_certificate = settings->client_certificate;
    done("");
  };
  Refusal refusal;
  const auto hash = [&session](const balancer::Upstream& settings) {
    return settings.hash_on == balancer::HashOn::kIp ||
                   settings.hash_fallback == balancer::HashOn::kIp
               ? std::string(session.ClientIp())
               : std::string();
  };
  const Choice choice =
      upstream.choice.First(session.gateway(), upstream.hostname, upstream.port, hash, refusal);
  if (choice != Choice::kMustWait) return take(choice, refusal);
  upstream.choice.Later(session.gateway(), session.Token(), take);
}

void ConfigureProxy(StreamSession& session) {
  const entity::Service& service = *session.service();
  ProxyConf& conf = OwnProxyConf(session.session());
  conf.connect_timeout = static_cast<ngx_msec_t>(service.connect_timeout_ms);
  conf.timeout =
      static_cast<ngx_msec_t>(std::max(service.read_timeout_ms, service.write_timeout_ms));
  if (!session.upstream.tls) {
    conf.ssl_enable = 0;
    conf.ssl = nullptr;  // nginx goes by this one
  }
  conf.ssl_session_reuse = 1;  // also calls SetSession, which applies what the service says
  // Where the service says nothing, proxy_ssl_verify of the configuration counts.
  if (service.tls_verify) conf.ssl_verify = *service.tls_verify ? 1 : 0;
}

void FinishSession(StreamSession& session) {
  auto& upstream = session.upstream;
  if (upstream.tries.empty()) return;
  if (upstream.last_failed) return upstream.choice.ReportFailure(upstream.timed_out);
  upstream.choice.ReportStatus(session.ResponseStatus());
}

ngx_int_t InitStreamUpstream(ngx_conf_t* cf, ngx_stream_upstream_srv_conf_t* upstream) {
  if (ngx_stream_upstream_init_round_robin(cf, upstream) != NGX_OK) return NGX_ERROR;
  upstream->peer.init = &InitPeer;
  return NGX_OK;
}

}  // namespace silverback::nginx

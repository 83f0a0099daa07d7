#include "nginx/stream/session.h"

#include "nginx/guard.h"
#include "nginx/handshake.h"
#include "nginx/pool.h"
#include "nginx/stream/stream_module.h"
#include "nginx/stream/stream_phases.h"

namespace silverback::nginx {

// Refers to its session weakly: it may die while a plugin waits.
class SessionResumer final : public plugin::Exchange::Resumer {
 public:
  explicit SessionResumer(std::weak_ptr<StreamSession*> session) : session_(std::move(session)) {}

  bool Alive() const override { return !session_.expired(); }
  void Resume(bool respond) override {
    const auto session = session_.lock();
    if (!session) return;
    session_.reset();
    (*session)->Continue(respond);
  }

 private:
  std::weak_ptr<StreamSession*> session_;
};

StreamSession::StreamSession(ngx_stream_session_t* s, Gateway& gateway)
    : upstream(s->connection->pool),
      s_(s),
      gateway_(gateway),
      runner_(gateway.snapshot(), gateway.log(), true) {}

StreamSession::~StreamSession() = default;

StreamSession* StreamSession::Find(ngx_stream_session_t* s) {
  return static_cast<StreamSession*>(ngx_stream_get_module_ctx(s, ngx_stream_silverback_module));
}

StreamSession& StreamSession::FindOrCreate(ngx_stream_session_t* s) {
  if (StreamSession* found = Find(s)) return *found;
  auto* session = PoolNew<StreamSession>(s->connection->pool, s, ThisGateway());
  ngx_stream_set_ctx(s, session, ngx_stream_silverback_module);
  return *session;
}

int64_t StreamSession::NowMs() {
  const ngx_time_t* now = ngx_timeofday();
  return static_cast<int64_t>(now->sec) * 1000 + static_cast<int64_t>(now->msec);
}

std::string_view StreamSession::Scheme() const {
  if (s_->connection->type == SOCK_DGRAM) return "udp";
  if (passthrough) return "tls_passthrough";
  return s_->ssl ? "tls" : "tcp";
}

int StreamSession::Port() const {
  return static_cast<int>(ngx_inet_get_port(s_->connection->local_sockaddr));
}

double StreamSession::StartedAt() const {
  return static_cast<double>(s_->start_sec) + static_cast<double>(s_->start_msec) / 1000;
}

void StreamSession::SetUpstreamTarget(std::string_view host, int port) {
  upstream.overridden_host = host;
  upstream.overridden_port = port;
}

plugin::ResponseSource StreamSession::Source() const {
  if (answered) return plugin::ResponseSource::kExit;
  return proxied ? plugin::ResponseSource::kService : plugin::ResponseSource::kError;
}

void StreamSession::SetClient(plugin::EntityRef consumer, plugin::EntityRef credential) {
  consumer_ = std::move(consumer);
  credential_ = std::move(credential);
}

plugin::ConnectionInfo StreamSession::Connection() const {
  ngx_connection_t* c = s_->connection;
  plugin::ConnectionInfo info;
  u_char text[NGX_SOCKADDR_STRLEN];
  ngx_str_t address{sizeof(text), text};
  if (ngx_connection_local_sockaddr(c, &address, 0) == NGX_OK) info.server_address = View(address);
  info.server_port = Port();
  info.number = c->number;
  info.requests = 1;
  return info;
}

std::string StreamSession::ClientCertificateChain() const {
  return s_->connection->ssl != nullptr ? ClientChain(s_->connection->ssl->connection) : "";
}

const entity::Route* StreamSession::FindRoute(std::string_view server_name) {
  ngx_connection_t* c = s_->connection;
  u_char text[NGX_SOCKADDR_STRLEN];
  ngx_str_t destination{sizeof(text), text};
  router::Request request;
  request.scheme = Scheme();
  request.sni = server_name;
  request.src_ip = ClientIp();
  request.src_port = static_cast<int>(ngx_inet_get_port(c->sockaddr));
  if (ngx_connection_local_sockaddr(c, &destination, 0) == NGX_OK)
    request.dst_ip = View(destination);
  request.dst_port = gateway_.MappedPort(Port());
  const auto match = runner_.snapshot().router->Find(request);
  route_ = match ? match->route : nullptr;
  return route_;
}

std::shared_ptr<void>& StreamSession::RawSlot(const void* plugin) {
  for (auto& [key, slot] : slots_) {
    if (key == plugin) return slot;
  }
  return slots_.emplace_back(plugin, nullptr).second;
}

Json& StreamSession::Shared() {
  if (shared_.is_null()) shared_ = Json::object();
  return shared_;
}

std::weak_ptr<StreamSession*> StreamSession::Token() {
  if (!self_) self_ = std::make_shared<StreamSession*>(this);
  return self_;
}

std::shared_ptr<plugin::Exchange::Resumer> StreamSession::Suspend() {
  suspended_ = true;
  hold_ = std::make_unique<EventLoop::Hold>(gateway_.loop());
  return std::make_shared<SessionResumer>(Token());
}

void StreamSession::Continue(bool respond) {
  if (!suspended_) return;
  suspended_ = false;
  hold_.reset();
  if (running_) {
    resumed_early_ = respond;
    return;
  }
  GuardVoid(s_->connection->log, "resume",
            [&] { ContinueSession(*this, Run([&] { return runner_.Resume(*this, respond); })); });
}

}  // namespace silverback::nginx

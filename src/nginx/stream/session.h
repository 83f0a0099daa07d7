// StreamSession: one proxied TCP or UDP session: the Exchange that plugins see, and where it stands
// on its way to the proxy module. Lives in the session's pool and dies with it. Event loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nginx/gateway.h"
#include "nginx/stream/session_exchange.h"
#include "nginx/stream/stream_ngx.h"
#include "nginx/upstream_choice.h"
#include "nginx/upstream_target.h"
#include "runtime/phase_runner.h"

namespace silverback::nginx {

class StreamSession final : public SessionExchange {
 public:
  StreamSession(ngx_stream_session_t* s, Gateway& gateway);
  ~StreamSession() override;

  // The session's, or nullptr.
  static StreamSession* Find(ngx_stream_session_t* s);
  static StreamSession& FindOrCreate(ngx_stream_session_t* s);

  // -- Exchange
  std::string_view Scheme() const override;
  std::string_view ForwardedScheme() const override { return Scheme(); }
  int Port() const override;
  int ForwardedPort() const override { return gateway_.MappedPort(Port()); }
  std::string_view ClientIp() const override { return View(s_->connection->addr_text); }
  std::string_view ForwardedIp() const override { return ClientIp(); }
  int64_t RequestSize() const override { return s_->received; }
  double StartedAt() const override;
  void SetUpstreamTarget(std::string_view host, int port) override;
  int ResponseStatus() const override { return static_cast<int>(s_->status); }
  plugin::ResponseSource Source() const override;
  void Respond(plugin::LocalResponse response) override { response_ = std::move(response); }
  const entity::Route* route() const override { return route_; }
  const entity::Service* service() const override {
    return route_ ? route_->service.get() : nullptr;
  }
  const plugin::EntityRef& consumer() const override { return consumer_; }
  const plugin::EntityRef& credential() const override { return credential_; }
  void Authenticate(plugin::EntityRef consumer, plugin::EntityRef credential, bool) override {
    SetClient(std::move(consumer), std::move(credential));
  }
  void SetClient(plugin::EntityRef consumer, plugin::EntityRef credential) override;
  plugin::ConnectionInfo Connection() const override;
  std::string ClientCertificateChain() const override;
  void SetClientVerify(std::string_view verdict) override { client_verify_ = verdict; }
  Json& Shared() override;
  std::shared_ptr<Resumer> Suspend() override;
  void EditLog(plugin::LogEdit edit) override { log_edits_.push_back(std::move(edit)); }
  Json Serialize() const override;
  plugin::Figures Measure() const override;
  plugin::Progress Reached() const override;

  // -- the way to the proxy module (stream_phases.cc)
  // Finds the route of the session; nullptr when none matches. `server_name`: that of a client
  // whose TLS is not terminated (yet).
  const entity::Route* FindRoute(std::string_view server_name);
  bool passthrough = false;  // TLS that is not terminated here
  bool proxied = false;      // was handed to the proxy module
  bool answered = false;     // a plugin has ended it
  // Runs a step of the phase runner, plugins that resume at once included.
  template <class Step>
  runtime::Outcome Run(Step&& step);
  std::optional<plugin::LocalResponse> TakeResponse() { return std::exchange(response_, {}); }
  // Expires when the session dies.
  std::weak_ptr<StreamSession*> Token();

  // -- the upstream's side (stream_peer.cc)
  struct Upstream {
    explicit Upstream(ngx_pool_t* pool) : tries(PoolAllocator<Try>(pool)) {}
    std::string hostname, tls_name;
    int port = 0;
    bool tls = false;
    UpstreamChoice choice;
    bool last_failed = false, timed_out = false;  // the last try
    UpstreamTls verification;
    Tries tries;
    std::string overridden_host;  // by a plugin; "" when not
    int overridden_port = 0;
  } upstream;
  // Since the epoch; 0: not reached.
  int64_t preread_started_ms = 0, preread_ended_ms = 0, balancer_ended_ms = 0;

  Gateway& gateway() const { return gateway_; }
  runtime::PhaseRunner& runner() { return runner_; }
  ngx_stream_session_t* session() const { return s_; }
  static int64_t NowMs();  // as of the event loop's last turn

 private:
  friend class SessionResumer;
  std::shared_ptr<void>& RawSlot(const void* plugin) override;
  void Continue(bool respond);

  ngx_stream_session_t* s_;
  Gateway& gateway_;
  runtime::PhaseRunner runner_;
  const entity::Route* route_ = nullptr;  // of the runner's snapshot
  plugin::EntityRef consumer_, credential_;
  std::vector<plugin::LogEdit> log_edits_;
  std::string client_verify_;
  Json shared_;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> slots_;
  std::optional<plugin::LocalResponse> response_;
  std::shared_ptr<StreamSession*> self_;
  std::unique_ptr<EventLoop::Hold> hold_;
  bool suspended_ = false, running_ = false;
  std::optional<bool> resumed_early_;
};

template <class Step>
runtime::Outcome StreamSession::Run(Step&& step) {
  running_ = true;
  resumed_early_.reset();
  runtime::Outcome outcome = step();
  while (outcome == runtime::Outcome::kSuspended && resumed_early_) {
    const bool respond = *std::exchange(resumed_early_, std::nullopt);
    suspended_ = false;
    outcome = runner_.Resume(*this, respond);
  }
  running_ = false;
  return outcome;
}

}  // namespace silverback::nginx

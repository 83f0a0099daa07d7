// RequestContext: one proxied request: the Exchange that plugins see, and where it stands on its
// way through the phases. Lives in a cleanup of the request's pool, so that internal redirects do
// not lose it, and dies with the request. Event loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nginx/conf.h"
#include "nginx/gateway.h"
#include "nginx/keepalive_pool.h"
#include "nginx/ngx.h"
#include "nginx/upstream_choice.h"
#include "nginx/upstream_target.h"
#include "plugin/exchange.h"
#include "router/router.h"
#include "runtime/phase_runner.h"
#include "util/string_util.h"

namespace silverback::nginx {

enum class Stage : uint8_t {
  kNew,
  kRewriting,  // its plugins run or wait
  kRewritten,
  kAccessing,  // the access plugins run or wait
  kPlugged,    // all of them let it pass
  kResolving,  // the upstream's name is being looked up
  kReady,      // for the proxy module
  kAnswered,   // a local answer was begun
};

class RequestContext final : public plugin::Exchange {
 public:
  RequestContext(ngx_http_request_t* r, Gateway& gateway);
  ~RequestContext() override;

  // The context of a request, or nullptr.
  static RequestContext* Find(ngx_http_request_t* r);
  static RequestContext& FindOrCreate(ngx_http_request_t* r);

  // -- Exchange
  std::string_view Method() const override;
  std::string_view Scheme() const override;
  std::string_view ForwardedScheme() const override;
  std::string_view Host() const override;
  int Port() const override;
  int ForwardedPort() const override;
  std::string_view Path() const override;
  plugin::Headers UriCaptures() const override {
    return match_ ? match_->captures : plugin::Headers();
  }
  std::string_view RawTarget() const override;
  std::string_view RawQuery() const override;
  double HttpVersion() const override;
  std::string_view ClientIp() const override;
  std::string_view ForwardedIp() const override;
  std::optional<std::string_view> RequestHeader(std::string_view name) const override;
  std::vector<std::string_view> RequestHeaderValues(std::string_view name) const override;
  plugin::Headers RequestHeaders() const override;
  using BodyReader = std::function<void(std::optional<std::string_view>)>;
  void ReadBody(BodyReader done) override;
  // The client's own, also when a plugin has given another one.
  void ReadClientBody(BodyReader done);
  BodyLoader SpilledBody() const override;
  int64_t BodySize() const override;
  int64_t RequestSize() const override;
  double StartedAt() const override;

  void SetRequestHeader(std::string_view name, std::string_view value) override;
  void AddRequestHeader(std::string_view name, std::string_view value) override;
  void ClearRequestHeader(std::string_view name) override;
  void SetMethod(std::string_view method) override;
  std::string_view UpstreamPath() const override { return upstream_path_; }
  void SetUpstreamPath(std::string_view path) override {
    upstream_path_ = path;
    path_changed_ = true;
  }
  void SetRawQuery(std::string_view query) override;
  void SetRequestBody(std::string body) override;
  void SetUpstreamTarget(std::string_view host, int port) override;
  void SetUpstream(std::string_view name) override;
  void SetUpstreamScheme(std::string_view scheme) override { upstream.overridden_scheme = scheme; }
  void BufferResponse() override { buffered.emplace(); }
  std::optional<std::string_view> BufferedBody() const override {
    return buffered ? std::optional<std::string_view>(*buffered) : std::nullopt;
  }

  int ResponseStatus() const override;
  void SetResponseStatus(int status) override;
  std::optional<std::string_view> ResponseHeader(std::string_view name) const override;
  std::vector<std::string_view> ResponseHeaderValues(std::string_view name) const override;
  plugin::Headers ResponseHeaders() const override;
  void SetResponseHeader(std::string_view name, std::string_view value) override;
  void AddResponseHeader(std::string_view name, std::string_view value) override;
  void ClearResponseHeader(std::string_view name) override;
  plugin::ResponseSource Source() const override;
  std::optional<int> UpstreamStatus() const override;
  void ReplaceResponseBody(std::string body) override { replaced_body_ = std::move(body); }
  void Abort() override { aborted = true; }
  void Respond(plugin::LocalResponse response) override;

  const entity::Route* route() const override { return match_ ? match_->route : nullptr; }
  const entity::Service* service() const override {
    return route() ? route()->service.get() : nullptr;
  }
  const plugin::EntityRef& consumer() const override { return consumer_; }
  const plugin::EntityRef& credential() const override { return credential_; }
  void Authenticate(plugin::EntityRef consumer, plugin::EntityRef credential,
                    bool anonymous) override;
  void SetClient(plugin::EntityRef consumer, plugin::EntityRef credential) override;
  plugin::ConnectionInfo Connection() const override;
  std::string ClientCertificateChain() const override;
  void SetClientVerify(std::string_view verdict) override { client_verify_ = verdict; }
  Json& Shared() override;
  std::shared_ptr<Resumer> Suspend() override;
  std::string_view ForwardedHost() const override { return forwarded_host_; }
  std::string_view ForwardedPath() const override { return forwarded_path_; }
  std::string_view ForwardedPrefix() const override { return forwarded_prefix_; }
  std::optional<std::string> Variable(std::string_view name) const override;
  void EditLog(plugin::LogEdit edit) override { log_edits_.push_back(std::move(edit)); }
  Json Serialize() const override;
  plugin::Figures Measure() const override;
  plugin::Progress Reached() const override;

  // -- the way through the phases (phases.cc)
  Stage stage = Stage::kNew;
  Gateway& gateway() const { return gateway_; }
  runtime::PhaseRunner& runner() { return runner_; }
  // Runs a step of the phase runner, plugins that resume at once included.
  template <class Step>
  runtime::Outcome Run(Step&& step);
  std::optional<plugin::LocalResponse> TakeResponse() { return std::exchange(response_, {}); }
  ngx_int_t failed_body_read() const { return body_error_; }
  // -- routing (routing.cc)
  router::Request RouterRequest() const;
  void SetMatch(router::Match match);
  bool has_match() const { return match_.has_value(); }
  const router::Match& match() const { return *match_; }
  bool FromTrustedIp() const;
  // X-Forwarded-* as the upstream will get them. REQUIRES: has_match().
  void ComputeForwarded();
  bool IsGrpcContent() const;
  // Fixes what the upstream is told. REQUIRES: upstream has an address.
  void SetProxyVariables();
  // Whether the upstream was asked to go on in `protocol`.
  bool AskedFor(std::string_view protocol) const {
    return websocket_ && EqualsIgnoreCase(protocol, "websocket");
  }
  // Of a variable that the proxy module's directives use. REQUIRES: proxied.
  std::string_view VariableValue(nginx::Variable which) const;
  // Makes nginx ask for the variables again, when what they say has changed.
  void ForgetVariables();
  std::string_view UpstreamUri() const { return upstream_uri_; }  // path and query

  // -- the upstream's side (upstream_choice.cc, upstream_peer.cc)
  struct Upstream {
    explicit Upstream(ngx_pool_t* pool) : tries(PoolAllocator<Try>(pool)) {}
    std::string_view scheme;
    std::string_view host_header;  // into what lives as long as the request
    std::string_view hostname;     // the service's or overridden_host
    int port = 0;
    UpstreamTls tls;
    std::string tls_key;          // what makes a TLS session fit for this try
    KeepalivePool::KindRef kind;  // of this try's connection; null where its address has it
    Tries tries;
    std::string overridden_host;  // by a plugin; "" when not
    int overridden_port = 0;
    bool has_no_balancer = false;  // a plugin has put an upstream in an address' place
    std::string overridden_scheme;
    bool host_given = false;  // host_header does not depend on the target
    UpstreamChoice choice;
    std::string new_cookie;       // "NAME=VALUE" that the client is to keep; "" when there is none
    bool last_failed = false;     // the last try ended without an answer that counts
    bool last_passed_on = false;  // it ended with a status that sends the request on
    int refused_status = 0;       // a try, most often a retry, found nowhere to go
  } upstream;
  // Makes upstream.host_header for the chosen target.
  void MakeHostHeader();
  // The proxy module's own callbacks (proxy_pass.cc stands in for them).
  struct {
    ngx_int_t (*create_request)(ngx_http_request_t*) = nullptr;
    ngx_int_t (*create_key)(ngx_http_request_t*) = nullptr;
    ngx_str_t client_target{};
    bool client_target_valid = false, swapped = false;
  } proxy_module;
  // Expires when the request dies.
  std::weak_ptr<RequestContext*> Token();
  // gRPC calls go to the path that the client names, unless a plugin names another.
  bool path_changed() const { return path_changed_; }
  bool body_replaced() const { return new_body_.has_value(); }
  std::optional<std::string>& replaced_response_body() { return replaced_body_; }
  const std::string& host_override() const { return host_override_; }
  // Puts what SetRequestBody gave in place of the client's body. REQUIRES: that was read.
  void ReplaceBody();

  // -- clocks, in milliseconds since the epoch; 0: not reached
  int64_t access_started_ms = 0, access_ended_ms = 0, balancer_ended_ms = 0, header_filter_ms = 0,
          body_filter_started_ms = 0, body_filter_ended_ms = 0;
  int64_t StartedMs() const;
  static int64_t NowMs();  // as of the event loop's last turn

  bool proxied = false;                 // was handed to the proxy module
  bool unexpected = false;              // the error handler answers
  bool answered = false;                // a local answer of a plugin or of routing
  bool replayed = false;                // an answer that the service has given before
  bool headers_done = false;            // our header filter has seen the response
  std::optional<std::string> buffered;  // a plugin wants the whole body before header_filter
  bool aborted = false;                 // a plugin wants no answer, or no more of it, to be sent
  bool from_head = false;               // the client's method was HEAD, whatever the upstream's is
  bool wants_trailers = false;
  bool wants_debug = false;  // the client asks what its request was matched with

  ngx_http_request_t* request() const { return r_; }

 private:
  friend class RequestResumer;
  std::shared_ptr<void>& RawSlot(const void* plugin) override;
  Json SerializeRequest() const;
  std::string_view UpstreamHead() const;
  std::string_view ConnectionHeader() const;  // what the upstream gets
  std::string_view ForwardedFor() const;
  void Continue(bool respond);

  ngx_http_request_t* r_;
  Gateway& gateway_;
  runtime::PhaseRunner runner_;
  std::optional<router::Match> match_;
  mutable std::string path_;
  std::string upstream_path_, upstream_uri_;
  std::string host_override_;
  bool query_changed_ = false;
  bool path_changed_ = false;
  bool websocket_ = false;
  BodyReader body_done_;
  std::string_view forwarded_proto_, forwarded_host_, forwarded_port_, forwarded_path_,
      forwarded_prefix_;  // into the request's memory or match_
  std::string forwarded_for_;
  mutable std::string client_ip_;
  plugin::EntityRef consumer_, credential_;
  std::string client_verify_;
  Json shared_;
  std::vector<plugin::LogEdit> log_edits_;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> slots_;
  std::optional<plugin::LocalResponse> response_;
  std::optional<std::string> new_body_, replaced_body_;
  ngx_int_t body_error_ = 0;
  // Set while a resume may come: shared with the resumers, emptied when the request dies.
  std::shared_ptr<RequestContext*> self_;
  std::unique_ptr<EventLoop::Hold> hold_;
  bool suspended_ = false, running_ = false;
  std::optional<bool> resumed_early_;
};

// VariableValue of a request; "" as long as it is not proxied.
std::string_view ProxyVariable(ngx_http_request_t* r, Variable which);

template <class Step>
runtime::Outcome RequestContext::Run(Step&& step) {
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

#include "nginx/request_context.h"

#include "nginx/conf.h"
#include "nginx/guard.h"
#include "nginx/handshake.h"
#include "nginx/phases.h"
#include "nginx/pool.h"

namespace silverback::nginx {

// Refers to its request weakly: a request may die while a plugin waits.
class RequestResumer final : public plugin::Exchange::Resumer {
 public:
  explicit RequestResumer(std::weak_ptr<RequestContext*> context) : context_(std::move(context)) {}

  bool Alive() const override { return !context_.expired(); }
  void Resume(bool respond) override {
    const auto context = context_.lock();
    if (!context) return;
    context_.reset();
    (*context)->Continue(respond);
  }

 private:
  std::weak_ptr<RequestContext*> context_;
};

RequestContext::RequestContext(ngx_http_request_t* r, Gateway& gateway)
    : upstream(r->pool), r_(r), gateway_(gateway), runner_(gateway.snapshot(), gateway.log()) {}

RequestContext::~RequestContext() = default;

RequestContext* RequestContext::Find(ngx_http_request_t* r) {
  auto* context =
      static_cast<RequestContext*>(ngx_http_get_module_ctx(r, ngx_http_silverback_module));
  if (context != nullptr || !(r->internal || r->error_page)) return context;
  context = PoolFind<RequestContext>(r->pool);
  ngx_http_set_ctx(r, context, ngx_http_silverback_module);
  return context;
}

RequestContext& RequestContext::FindOrCreate(ngx_http_request_t* r) {
  if (RequestContext* found = Find(r)) return *found;
  auto* context = PoolNew<RequestContext>(r->pool, r, ThisGateway());
  ngx_http_set_ctx(r, context, ngx_http_silverback_module);
  return *context;
}

std::shared_ptr<void>& RequestContext::RawSlot(const void* plugin) {
  for (auto& [key, slot] : slots_) {
    if (key == plugin) return slot;
  }
  return slots_.emplace_back(plugin, nullptr).second;
}

std::string RequestContext::ClientCertificateChain() const {
  return r_->connection->ssl != nullptr ? ClientChain(r_->connection->ssl->connection) : "";
}

Json& RequestContext::Shared() {
  if (shared_.is_null()) shared_ = Json::object();
  return shared_;
}

std::weak_ptr<RequestContext*> RequestContext::Token() {
  if (!self_) self_ = std::make_shared<RequestContext*>(this);
  return self_;
}

void RequestContext::Respond(plugin::LocalResponse response) { response_ = std::move(response); }

std::shared_ptr<plugin::Exchange::Resumer> RequestContext::Suspend() {
  suspended_ = true;
  hold_ = std::make_unique<EventLoop::Hold>(gateway_.loop());
  return std::make_shared<RequestResumer>(Token());
}

void RequestContext::Continue(bool respond) {
  if (!suspended_) return;
  suspended_ = false;
  hold_.reset();
  if (running_) {
    resumed_early_ = respond;
    return;
  }
  GuardVoid(r_->connection->log, "resume", [&] {
    const auto outcome = Run([&] { return runner_.Resume(*this, respond); });
    ContinuePhases(*this, outcome);
  });
}

}  // namespace silverback::nginx

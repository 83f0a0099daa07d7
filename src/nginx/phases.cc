#include "nginx/phases.h"

#include "nginx/conf.h"
#include "nginx/guard.h"
#include "nginx/local_response.h"
#include "nginx/request_context.h"
#include "nginx/routing_checks.h"
#include "nginx/upstream_peer.h"
#include "nginx/upstream_setup.h"

namespace silverback::nginx {
namespace {

using plugin::LocalResponse;
using runtime::Outcome;

// While a request waits, only a client that goes away ends it.
ngx_int_t Wait(ngx_http_request_t* r) {
  if (r->request_body == nullptr || r->request_body->rest == 0) {
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
  }
  return NGX_DONE;
}

ngx_int_t Answer(RequestContext& context, LocalResponse response) {
  ngx_http_request_t* r = context.request();
  context.stage = Stage::kAnswered;
  context.answered = true;
  context.replayed = response.replayed;
  context.access_ended_ms = RequestContext::NowMs();
  const ngx_int_t rc = SendLocalResponse(context, std::move(response));
  // The checker of the phase would take NGX_OK as leave to go on.
  ngx_http_finalize_request(r, rc);
  return NGX_DONE;
}

// What a phase handler returns after its plugins ran; `passed` is the stage when all let it
// through.
ngx_int_t AfterPlugins(RequestContext& context, Outcome outcome, Stage passed) {
  if (context.failed_body_read() != 0) return context.failed_body_read();
  switch (outcome) {
    case Outcome::kSuspended:
      return Wait(context.request());
    case Outcome::kRespond: {
      auto response = context.TakeResponse();
      return Answer(context, response ? std::move(*response)
                                      : JsonMessage(500, "An unexpected error occurred"));
    }
    case Outcome::kContinue:
      context.stage = passed;
      return NGX_DECLINED;
  }
  return NGX_ERROR;
}

ngx_int_t Rewrite(RequestContext& context) {
  if (context.stage != Stage::kNew) return NGX_DECLINED;
  context.stage = Stage::kRewriting;
  const Outcome outcome = context.Run([&] { return context.runner().Rewrite(context); });
  return AfterPlugins(context, outcome, Stage::kRewritten);
}

ngx_int_t StartAccess(RequestContext& context) {
  context.access_started_ms = RequestContext::NowMs();
  if (auto refused = FindRoute(context)) {
    // Plugins that apply everywhere still see the answer and log it.
    return Answer(context, std::move(*refused));
  }
  context.stage = Stage::kAccessing;
  const Outcome outcome = context.Run([&] { return context.runner().Access(context); });
  return AfterPlugins(context, outcome, Stage::kPlugged);
}

ngx_int_t Access(RequestContext& context) {
  if (context.stage == Stage::kRewritten) {
    const ngx_int_t rc = StartAccess(context);
    if (rc != NGX_DECLINED) return rc;
  }
  if (context.stage == Stage::kPlugged) {
    auto refused = PrepareUpstream(context);
    if (refused) return Answer(context, std::move(*refused));
    if (context.failed_body_read() != 0) return context.failed_body_read();
    if (context.stage == Stage::kResolving) return Wait(context.request());
  }
  if (context.stage == Stage::kReady) return HandOver(context);
  return NGX_DECLINED;
}

}  // namespace

ngx_int_t RewritePhase(ngx_http_request_t* r) {
  if (!LocationConfOf(r)->proxy || r != r->main) return NGX_DECLINED;
  return Guard(r->connection->log, "rewrite", ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR},
               [&] { return Rewrite(RequestContext::FindOrCreate(r)); });
}

ngx_int_t AccessPhase(ngx_http_request_t* r) {
  if (!LocationConfOf(r)->proxy || r != r->main) return NGX_DECLINED;
  return Guard(r->connection->log, "access", ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR},
               [&] { return Access(RequestContext::FindOrCreate(r)); });
}

ngx_int_t LogPhase(ngx_http_request_t* r) {
  GuardVoid(r->connection->log, "log", [&] {
    RequestContext* context = RequestContext::Find(r);
    if (context == nullptr) return;
    ReportOutcome(*context);
    context->runner().Log(*context);
  });
  return NGX_OK;
}

void ContinuePhases(RequestContext& context, Outcome outcome) {
  ngx_http_request_t* r = context.request();
  ngx_connection_t* c = r->connection;
  const Stage passed = context.stage == Stage::kRewriting   ? Stage::kRewritten
                       : context.stage == Stage::kAccessing ? Stage::kPlugged
                                                            : context.stage;
  const ngx_int_t rc = AfterPlugins(context, outcome, passed);
  if (rc == NGX_DECLINED) {
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
  } else if (rc != NGX_DONE) {
    ngx_http_finalize_request(r, rc);
  }
  ngx_http_run_posted_requests(c);
}

}  // namespace silverback::nginx

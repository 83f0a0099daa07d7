// The entry that log plugins write for a session, in the form of Kong's kong.log.serialize.
#include "nginx/serialize.h"
#include "nginx/stream/session.h"

namespace silverback::nginx {
namespace {

// The sum over all tries, as nginx' own variables would list them.
Json UpstreamBytes(const ngx_stream_session_t* s) {
  Json bytes = Json::object();
  if (s->upstream_states == nullptr || s->upstream_states->nelts == 0) return bytes;
  const auto* states = static_cast<ngx_stream_upstream_state_t*>(s->upstream_states->elts);
  int64_t received = 0, sent = 0;
  for (ngx_uint_t i = 0; i < s->upstream_states->nelts; ++i) {
    received += states[i].bytes_received;
    sent += states[i].bytes_sent;
  }
  bytes["received"] = received;
  bytes["sent"] = sent;
  return bytes;
}

}  // namespace

plugin::Figures StreamSession::Measure() const {
  const int64_t started = Reached().started;
  plugin::Figures figures;
  figures.received = s_->received;
  figures.sent = s_->connection->sent;
  figures.total_ms = NowMs() - started;
  figures.kong_ms = balancer_ended_ms != 0 ? balancer_ended_ms - started : 0;
  return figures;
}

plugin::Progress StreamSession::Reached() const {
  plugin::Progress progress;
  progress.started =
      static_cast<int64_t>(s_->start_sec) * 1000 + static_cast<int64_t>(s_->start_msec);
  progress.access_started = preread_started_ms;
  progress.access_ended = preread_ended_ms;
  if (!upstream.tries.empty()) progress.service_host = upstream.hostname;
  return progress;
}

Json StreamSession::Serialize() const {
  const plugin::Figures figures = Measure();
  Json session = {{"received", figures.received},
                  {"sent", figures.sent},
                  {"status", ResponseStatus()},
                  {"server_port", ForwardedPort()}};
  if (s_->connection->ssl != nullptr)
    session["tls"] = TlsToJson(s_->connection->ssl->connection, client_verify_);
  Json entry = {{"session", std::move(session)},
                {"upstream", UpstreamBytes(s_)},
                {"latencies", {{"kong", figures.kong_ms}, {"session", figures.total_ms}}},
                {"tries", TriesToJson(upstream.tries)},
                {"client_ip", ClientIp()},
                {"started_at", Reached().started}};
  PutEntities(*this, entry);
  plugin::ApplyEdits(log_edits_, entry);
  return entry;
}

}  // namespace silverback::nginx

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

Json StreamSession::Serialize() const {
  const int64_t started =
      static_cast<int64_t>(s_->start_sec) * 1000 + static_cast<int64_t>(s_->start_msec);
  Json session = {{"received", static_cast<int64_t>(s_->received)},
                  {"sent", static_cast<int64_t>(s_->connection->sent)},
                  {"status", ResponseStatus()},
                  {"server_port", ForwardedPort()}};
  if (s_->connection->ssl != nullptr)
    session["tls"] = TlsToJson(s_->connection->ssl->connection, client_verify_);
  Json entry = {{"session", std::move(session)},
                {"upstream", UpstreamBytes(s_)},
                {"latencies",
                 {{"kong", balancer_ended_ms != 0 ? balancer_ended_ms - started : 0},
                  {"session", NowMs() - started}}},
                {"tries", TriesToJson(upstream.tries)},
                {"client_ip", ClientIp()},
                {"started_at", started}};
  PutEntities(*this, entry);
  plugin::ApplyEdits(log_edits_, entry);
  return entry;
}

}  // namespace silverback::nginx

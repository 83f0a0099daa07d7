#include "nginx/stream/stream_phases.h"

#include <sys/socket.h>

#include "nginx/guard.h"
#include "nginx/stream/client_hello.h"
#include "nginx/stream/session.h"
#include "nginx/stream/stream_module.h"
#include "nginx/stream/stream_peer.h"

namespace silverback::nginx {
namespace {

using entity::Bit;
using entity::Protocol;
using plugin::LocalResponse;
using runtime::Outcome;

void LogError(const ngx_stream_session_t* s, std::string_view what) {
  ngx_str_t text = Borrow(what);
  ngx_log_error(NGX_LOG_ERR, s->connection->log, 0, "[kong] %V", &text);
}

std::string_view ServerNameOf(const ngx_connection_t* c) {
  if (c->ssl == nullptr) return {};
  const char* name = SSL_get_servername(c->ssl->connection, TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? std::string_view(name) : std::string_view();
}

// -- a TLS listener: terminate or pass on?

ngx_int_t WaitForHello(ngx_stream_session_t* s) {
  ngx_event_t* read = s->connection->read;
  read->ready = 0;
  if (!read->timer_set) {
    const auto* core = static_cast<ngx_stream_core_srv_conf_t*>(
        ngx_stream_get_module_srv_conf(s, ngx_stream_core_module));
    ngx_add_timer(read, core->preread_timeout);
  }
  return ngx_handle_read_event(read, 0) == NGX_OK ? NGX_AGAIN : NGX_ERROR;
}

ngx_int_t ChooseTermination(StreamSession& session, std::string_view server_name) {
  ngx_stream_session_t* s = session.session();
  const entity::Route* route = session.FindRoute(server_name);
  if (route == nullptr) {
    LogError(s, "no Route found with those values");
    return NGX_STREAM_INTERNAL_SERVER_ERROR;
  }
  if (route->protocols & Bit(Protocol::kTls)) return NGX_DECLINED;
  if (route->protocols & Bit(Protocol::kTlsPassthrough)) {
    session.passthrough = true;
    s->ssl = 0;
    return NGX_DECLINED;
  }
  LogError(s, "unexpected protocols in matched Route");
  return NGX_STREAM_INTERNAL_SERVER_ERROR;
}

// The hello stays in the socket: whoever comes next, the handshake or the upstream, gets it.
ngx_int_t ReadHello(ngx_stream_session_t* s) {
  static u_char buffer[ClientHelloReader::kMostBytes];
  static ClientHelloReader reader;
  ngx_connection_t* c = s->connection;
  if (c->close || c->read->timedout) return NGX_STREAM_OK;
  const ssize_t n = recv(c->fd, buffer, sizeof(buffer), MSG_PEEK);
  if (n < 0 && ngx_socket_errno == NGX_EAGAIN) return WaitForHello(s);
  if (n <= 0) return NGX_STREAM_OK;
  std::string server_name;
  const std::string_view bytes(reinterpret_cast<char*>(buffer), static_cast<size_t>(n));
  if (reader.Read(bytes, server_name) == ClientHelloReader::Outcome::kIncomplete)
    return WaitForHello(s);
  if (c->read->timer_set) ngx_del_timer(c->read);
  c->read->ready = 1;
  return ChooseTermination(StreamSession::FindOrCreate(s), server_name);
}

// -- from the route to the proxy module

// While a session waits, only a client that goes away ends it.
void WhileWaiting(ngx_event_t* event) {
  auto* c = static_cast<ngx_connection_t*>(event->data);
  auto* s = static_cast<ngx_stream_session_t*>(c->data);
  if (event->write) return;
  char byte;
  const bool gone = c->type == SOCK_STREAM && recv(c->fd, &byte, 1, MSG_PEEK) == 0;
  if (c->close || gone) ngx_stream_finalize_session(s, NGX_STREAM_OK);
}

void Wait(ngx_stream_session_t* s) {
  ngx_connection_t* c = s->connection;
  c->read->handler = &WhileWaiting;
  c->write->handler = &WhileWaiting;
  if (ngx_handle_read_event(c->read, 0) != NGX_OK)
    ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
}

// A body goes to the client only with a status of success; otherwise it says why in the log.
void Answer(StreamSession& session, const LocalResponse& response) {
  ngx_stream_session_t* s = session.session();
  ngx_connection_t* c = s->connection;
  const std::string& body =
      response.raw_body || response.message.empty() ? response.body : response.message;
  if (!body.empty() && response.status < 400) {
    ngx_str_t text = CopyTo(c->pool, body);
    if (text.data != nullptr) c->send(c, text.data, text.len);
  } else if (!body.empty()) {
    LogError(s, "unable to proxy stream connection, status: " + std::to_string(response.status) +
                    ", err: " + body);
  }
  session.answered = true;
  ngx_stream_finalize_session(s, static_cast<ngx_uint_t>(response.status));
}

void HandOver(StreamSession& session) {
  ngx_stream_session_t* s = session.session();
  const auto pass = ServerConfOf(s)->pass;
  ConfigureProxy(session);
  session.proxied = true;
  pass(s);
}

void Connect(StreamSession& session) {
  ngx_stream_session_t* s = session.session();
  if (session.service() == nullptr) {
    ngx_log_error(NGX_LOG_WARN, s->connection->log, 0, "[kong] no Service found with those values");
    return ngx_stream_finalize_session(s, NGX_STREAM_SERVICE_UNAVAILABLE);
  }
  auto returned = std::make_shared<bool>(false);
  auto hold = std::make_shared<EventLoop::Hold>(session.gateway().loop());
  PrepareSession(session, [token = session.Token(), returned,
                           hold = std::move(hold)](std::string_view problem) {
    const auto alive = token.lock();
    if (!alive) return;
    StreamSession& waiting = **alive;
    GuardVoid(waiting.session()->connection->log, "balancer", [&] {
      if (problem.empty()) return HandOver(waiting);
      LocalResponse refused;
      refused.status = 503;
      refused.message = problem;
      Answer(waiting, refused);
    });
    *returned = true;
  });
  if (!*returned) Wait(s);
}

void Begin(StreamSession& session) {
  ngx_stream_session_t* s = session.session();
  if (session.route() == nullptr && session.FindRoute(ServerNameOf(s->connection)) == nullptr) {
    LogError(s, "no Route found with those values");
    return ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
  }
  session.preread_started_ms = StreamSession::NowMs();
  const Outcome outcome = session.Run([&] { return session.runner().Preread(session); });
  ContinueSession(session, outcome);
}

}  // namespace

ngx_int_t StreamAccessPhase(ngx_stream_session_t* s) {
  if (ServerConfOf(s)->pass == nullptr || !s->ssl) return NGX_DECLINED;
  return Guard(s->connection->log, "client hello", ngx_int_t{NGX_ERROR},
               [&] { return ReadHello(s); });
}

void StreamContent(ngx_stream_session_t* s) {
  const bool ok = Guard(s->connection->log, "session", false, [&] {
    Begin(StreamSession::FindOrCreate(s));
    return true;
  });
  if (!ok) ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
}

ngx_int_t StreamLogPhase(ngx_stream_session_t* s) {
  GuardVoid(s->connection->log, "log", [&] {
    StreamSession* session = StreamSession::Find(s);
    if (session == nullptr) return;
    FinishSession(*session);
    session->runner().Log(*session);
  });
  return NGX_OK;
}

void ContinueSession(StreamSession& session, Outcome outcome) {
  if (outcome != Outcome::kSuspended) session.preread_ended_ms = StreamSession::NowMs();
  switch (outcome) {
    case Outcome::kSuspended:
      return Wait(session.session());
    case Outcome::kRespond: {
      auto response = session.TakeResponse();
      LocalResponse unexpected;
      unexpected.status = 500;
      unexpected.message = "An unexpected error occurred";
      return Answer(session, response ? *response : unexpected);
    }
    case Outcome::kContinue:
      return Connect(session);
  }
}

}  // namespace silverback::nginx

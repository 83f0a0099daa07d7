// Exchange: one HTTP request and its response, or one TCP or UDP session, as plugins see and change
// them. A session has no header, path or body: these are empty, and changing them does nothing. The
// nginx adapter implements it; tests use test/support/fake_exchange.h. It belongs to one worker's
// event loop: never touch it from another thread. Header names may be given in any case. Views stay
// valid until the named thing is changed or the request ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "entity/model.h"
#include "plugin/log_edit.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::plugin {

using EntityRef =
    std::shared_ptr<const Json>;  // a row, shared by the worker's entity cache; null: not found
using Headers = std::vector<std::pair<std::string, std::string>>;

// An answer that the gateway gives itself.
struct LocalResponse {
  int status = 200;
  Headers headers;
  std::string body;  // sent as it is when `raw_body`
  bool raw_body =
      false;  // false: `message` is put into the error template that fits the client's Accept
  std::string message;  // e.g. "No API key found in request"
  bool replayed =
      false;  // the service has given it before: it goes out as an answer of the service
};

// The client's connection, as nginx counts it.
struct ConnectionInfo {
  std::string server_address;
  int server_port = 0;
  uint64_t number = 0;    // serial number in the worker
  uint64_t requests = 0;  // received on it so far, this one included
};

// What metrics count of a request or a session, at its end.
struct Figures {
  int64_t received = 0, sent = 0;  // bytes, headers included
  // Milliseconds: of the whole, in the gateway, waiting for the service (-1: it was not asked).
  int64_t total_ms = 0, kong_ms = 0, service_ms = -1;
};

// How far a request or a session has come, in milliseconds since the epoch; 0: not reached.
struct Progress {
  int64_t started = 0;
  int64_t rewrite_ended = 0;
  int64_t access_started = 0, access_ended = 0;  // of a session: preread
  int64_t header_filter_started = 0;
  int64_t body_filter_started = 0, body_filter_ended = 0;
  std::string_view service_host;  // that it went to; "" when it did not
};

// Who made the response ("service": the upstream, "exit": a plugin, "error": the gateway or nginx).
enum class ResponseSource { kService, kExit, kError };

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual bool IsStream() const { return false; }  // a TCP or UDP session

  // -- the client's request
  // ------------------------------------------------------------------------------------------
  virtual std::string_view Method() const = 0;
  // Of the connection: "http" or "https"; of a session: "tcp", "tls", "tls_passthrough" or "udp".
  virtual std::string_view Scheme() const = 0;
  virtual std::string_view ForwardedScheme()
      const = 0;  // X-Forwarded-Proto of a trusted client, else Scheme()
  virtual std::string_view Host() const = 0;  // without port
  virtual int Port() const = 0;               // of the listener
  virtual int ForwardedPort() const = 0;
  // X-Forwarded-Host, -Path and -Prefix as the upstream gets them; "" before routing.
  virtual std::string_view ForwardedHost() const { return {}; }
  virtual std::string_view ForwardedPath() const { return {}; }
  virtual std::string_view ForwardedPrefix() const { return {}; }
  virtual std::string_view Path() const = 0;  // normalised, without query
  // What the groups of the route's regular expression captured: named ones, then "0" (all of the
  // match) to "n".
  virtual Headers UriCaptures() const { return {}; }
  virtual std::string_view RawTarget() const = 0;    // request target as received, with query
  virtual std::string_view RawQuery() const = 0;     // without "?"
  virtual double HttpVersion() const = 0;            // 1.0, 1.1, 2.0
  virtual std::string_view ClientIp() const = 0;     // of the connection
  virtual std::string_view ForwardedIp() const = 0;  // after real_ip of trusted proxies
  virtual std::optional<std::string_view> RequestHeader(
      std::string_view name) const = 0;  // first one
  virtual std::vector<std::string_view> RequestHeaderValues(std::string_view name) const = 0;
  virtual Headers RequestHeaders() const = 0;
  // The whole body once it was read. `done` may run before ReadBody returns; nullopt: it was
  // spilled to disk (too large).
  virtual void ReadBody(std::function<void(std::optional<std::string_view> body)> done) = 0;
  // What reads a body that was spilled to disk, after ReadBody has said so: it blocks, and is for a
  // background thread. The file is kept open for it, also when the request is gone. Null: it was
  // not spilled.
  using BodyLoader = std::function<Result<std::string>()>;
  virtual BodyLoader SpilledBody() const { return nullptr; }
  // Bytes of the whole body, in memory or not, once ReadBody is done.
  virtual int64_t BodySize() const { return 0; }
  virtual int64_t RequestSize() const = 0;  // bytes received, with headers
  virtual double StartedAt() const = 0;     // seconds since the epoch, with milliseconds

  // -- what the upstream will receive
  // ----------------------------------------------------------------------------------
  virtual void SetRequestHeader(std::string_view name,
                                std::string_view value) = 0;  // replaces all of that name
  virtual void AddRequestHeader(std::string_view name, std::string_view value) = 0;
  virtual void ClearRequestHeader(std::string_view name) = 0;
  virtual void SetMethod(std::string_view method) = 0;
  virtual std::string_view UpstreamPath() const = 0;
  virtual void SetUpstreamPath(std::string_view path) = 0;
  virtual void SetRawQuery(std::string_view query) = 0;
  virtual void SetRequestBody(std::string body) = 0;                    // sets Content-Length
  virtual void SetUpstreamTarget(std::string_view host, int port) = 0;  // overrides the service's
  // An upstream entity takes the place of the host's name. An address has nobody who would choose
  // among targets: a request that goes to one then ends in 500.
  virtual void SetUpstream(std::string_view) {}
  virtual void SetUpstreamScheme(std::string_view) {}  // "http" or "https"
  // The whole response is awaited before header_filter, which then sees its body.
  virtual void BufferResponse() {}
  virtual std::optional<std::string_view> BufferedBody() const { return std::nullopt; }

  // -- the response (header_filter and later)
  // --------------------------------------------------------------------------
  virtual int ResponseStatus() const = 0;
  virtual void SetResponseStatus(int status) = 0;
  virtual std::optional<std::string_view> ResponseHeader(std::string_view name) const = 0;
  virtual std::vector<std::string_view> ResponseHeaderValues(std::string_view name) const = 0;
  virtual Headers ResponseHeaders() const = 0;
  // May be called in any phase: before the response exists, the header is kept for it (of an
  // upstream or a local answer).
  virtual void SetResponseHeader(std::string_view name, std::string_view value) = 0;
  virtual void AddResponseHeader(std::string_view name, std::string_view value) = 0;
  virtual void ClearResponseHeader(std::string_view name) = 0;
  virtual ResponseSource Source() const = 0;
  virtual std::optional<int> UpstreamStatus() const = 0;

  // In header_filter: what the client gets instead of the response's body.
  virtual void ReplaceResponseBody(std::string) {}
  // Ends the connection without an answer, or in the middle of it, as a response that cannot be
  // made right must not be taken for one. In header_filter and body_filter.
  virtual void Abort() {}

  // Ends the request with this answer; return Next::kRespond afterwards. Only before the response
  // has begun.
  virtual void Respond(LocalResponse response) = 0;

  // -- what the gateway knows of it
  // --------------------------------------------------------------------------------------
  virtual const entity::Route* route() const = 0;      // null before routing and when none matched
  virtual const entity::Service* service() const = 0;  // null when the route has none
  virtual const EntityRef& consumer() const = 0;       // null when not authenticated
  virtual const EntityRef& credential() const = 0;
  // Sets consumer and credential and the X-Consumer-* / X-Credential-* / X-Anonymous-Consumer
  // request headers as Kong does; consumer null: only a credential; both null: clears the headers.
  virtual void Authenticate(EntityRef consumer, EntityRef credential, bool anonymous = false) = 0;
  // The same for the gateway alone: the upstream is told nothing.
  virtual void SetClient(EntityRef consumer, EntityRef credential) = 0;

  virtual ConnectionInfo Connection() const { return {}; }
  // What the client has shown in its handshake, as PEM, its own certificate first; "" for none.
  virtual std::string ClientCertificateChain() const { return ""; }
  // How its certificate was judged ("SUCCESS", "NONE", "FAILED:why"), for the upstream and logs.
  virtual void SetClientVerify(std::string_view) {}

  // Free-form state shared by the plugins of one request (authenticated groups, rate-limit
  // figures): key -> value.
  virtual Json& Shared() = 0;
  // This plugin instance's own state for this request; created empty. T must be
  // default-constructible.
  template <class T>
  T& Slot(const void* plugin) {
    auto& slot = RawSlot(plugin);
    if (!slot) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }

  // For Next::kSuspend: call the result exactly once, on the event loop, when the phase may go on
  // (kContinue) or after Respond (kRespond). It is safe, and does nothing, when the request has
  // died meanwhile; then Alive() of the handle is false.
  class Resumer {
   public:
    virtual ~Resumer() = default;
    virtual bool Alive() const = 0;  // false: the Exchange is gone, do not touch it
    virtual void Resume(bool respond) = 0;
  };
  virtual std::shared_ptr<Resumer> Suspend() = 0;

  // The value of one of nginx' variables, by its name without "$".
  virtual std::optional<std::string> Variable(std::string_view) const { return std::nullopt; }

  virtual Figures Measure() const { return {}; }
  virtual Progress Reached() const { return {}; }

  // Changes what Serialize gives from now on, for all plugins of this request.
  virtual void EditLog(LogEdit) {}
  // The log entry of Kong's log plugins (kong.log.serialize): request, response, latencies, tries,
  // route, service, consumer.
  virtual Json Serialize() const = 0;

 protected:
  virtual std::shared_ptr<void>& RawSlot(const void* plugin) = 0;
};

}  // namespace silverback::plugin

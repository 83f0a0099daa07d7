// How a connection comes about.
#include <fmt/format.h>

#include <cerrno>

#include "store/postgres/connection.h"
#include "store/postgres/wait.h"
#include "util/string_util.h"

namespace silverback::store::postgres {
namespace {

// The server gives up on a statement first, which leaves the session in order.
constexpr int kServerFirstMs = 250;
constexpr const char* kSystemCertificates = "/etc/ssl/certs/ca-certificates.crt";

// libpq's words for a connection that did not come about, as short as Kong's: "connection refused",
// "FATAL: password authentication failed for user ...".
std::string ConnectProblem(std::string_view message) {
  for (const std::string_view severity : {"FATAL:", "ERROR:"}) {
    const size_t at = message.find(severity);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = Trim(message.substr(at + severity.size()));
    return fmt::format("{} {}", severity, rest.substr(0, rest.find('\n')));
  }
  if (message.find("Connection refused") != std::string_view::npos) return "connection refused";
  if (message.find("timeout expired") != std::string_view::npos) return "timeout";
  return std::string(Trim(message));
}

// Names and values of PQconnectStartParams.
struct Keywords {
  std::vector<const char*> names, values;
  void Add(const char* name, const std::string& value) {
    names.push_back(name);
    values.push_back(value.c_str());
  }
};

std::string TlsMode(const Options& options) {
  if (options.ssl && options.ssl_verify) return "verify-ca";
  return options.ssl ? "prefer" : "disable";
}

PGconn* StartConnecting(const Options& options) {
  const std::string mode = TlsMode(options);
  const std::string certificates =
      options.trusted_certificates.empty() ? kSystemCertificates : options.trusted_certificates;
  const std::string timeout = std::to_string(options.timeout_ms);
  const bool several = options.host.find(',') != std::string::npos;
  const std::string takes = several ? "read-write" : "any";
  const std::string name = std::string(kApplication) + std::string(kVersion);
  const std::string encoding = "UTF8", no = "disable", on = "1";
  Keywords keywords;
  keywords.Add("host", options.host);
  keywords.Add("port", options.port);
  keywords.Add("user", options.user);
  keywords.Add("password", options.password);
  keywords.Add("dbname", options.database);
  keywords.Add("application_name", name);
  keywords.Add("client_encoding", encoding);
  keywords.Add("sslmode", mode);
  if (options.ssl_verify) keywords.Add("sslrootcert", certificates);
  keywords.Add("gssencmode", no);
  keywords.Add("target_session_attrs", takes);
  keywords.Add("keepalives", on);
  keywords.Add("tcp_user_timeout", timeout);
  keywords.names.push_back(nullptr);
  keywords.values.push_back(nullptr);
  return PQconnectStartParams(keywords.names.data(), keywords.values.data(), 0);
}

}  // namespace

bool Poll(pollfd* sockets, nfds_t count, WaitClock::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - WaitClock::now()).count();
    const int ready = poll(sockets, count, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    return false;
  }
}

WaitClock::time_point EndAfter(int timeout_ms) {
  constexpr std::chrono::hours kForEver{24 * 365};
  return WaitClock::now() +
         (timeout_ms > 0 ? std::chrono::milliseconds(timeout_ms) : WaitClock::duration(kForEver));
}

Result<std::unique_ptr<Connection>> Connection::Open(const Options& options) {
  PGconn* raw = StartConnecting(options);
  if (!raw) return Error(ErrorCode::kUnavailable, "out of memory");
  std::unique_ptr<Connection> connection(new Connection(raw, options.timeout_ms));
  if (Status done = connection->FinishConnecting(EndAfter(options.timeout_ms)); !done) {
    return done.error();
  }
  if (Status done = connection->SetUp(options); !done) return done.error();
  return connection;
}

Status Connection::FinishConnecting(WaitClock::time_point end) {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  if (PQstatus(connection_) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) {
      return Error(ErrorCode::kUnavailable, ConnectProblem(PQerrorMessage(connection_)));
    }
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    pollfd socket{PQsocket(connection_), events, 0};
    if (!Poll(&socket, 1, end)) return Error(ErrorCode::kUnavailable, "timeout");
    state = PQconnectPoll(connection_);
  }
  PQsetnonblocking(connection_, 1);
  // Notices ("relation exists, skipping") would go to standard error.
  PQsetNoticeProcessor(
      connection_, [](void*, const char*) {}, nullptr);
  return Ok();
}

Status Connection::SetUp(const Options& options) {
  std::string script = "SET TIME ZONE 'UTC'";
  if (!options.schema.empty()) script += "; SET SCHEMA " + QuoteText(options.schema);
  if (options.timeout_ms > 0) {
    script += fmt::format("; SET statement_timeout = {}", options.timeout_ms);
    timeout_ms_ += kServerFirstMs;
  }
  return Script(script);
}

}  // namespace silverback::store::postgres

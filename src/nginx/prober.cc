#include "nginx/prober.h"

#include <cmath>

namespace silverback::nginx {
namespace {

using health::Probe;
using health::ProbeResult;
using Kind = ProbeResult::Kind;

// Kong's sockets wait that long where a timeout is 0.
constexpr double kNoTimeout = 60;

// gRPC servers speak no HTTP/1: that a connection, with TLS where it is asked for, comes about is
// what can be said of them.
bool ConnectsOnly(const std::string& type) { return type == "tcp" || type.starts_with("grpc"); }
bool HasTls(const std::string& type) { return type == "https" || type == "grpcs"; }

std::string Bracketed(const std::string& host) {
  return host.find(':') != host.npos && !host.starts_with('[') ? "[" + host + "]" : host;
}

// The status is all that counts: what follows the headers is not read.
size_t StopAtBody(char*, size_t, size_t, void*) { return 0; }

ProbeResult ResultOf(CURL* easy, CURLcode code, bool connects_only) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (!connects_only && status != 0) return {Kind::kStatus, static_cast<int>(status)};
  switch (code) {
    case CURLE_OK:
      return {Kind::kConnected, 0};
    case CURLE_OPERATION_TIMEDOUT:
      return {Kind::kTimeout, 0};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {Kind::kStatus, 0};
    default:
      return {Kind::kTcpFailure, 0};
  }
}

struct Transfer {
  std::function<void(ProbeResult)> done;
  CurlList headers, connect_to;
  bool connects_only = false;
};

}  // namespace

void CurlProber::SetTls(CURL* easy, const Probe& probe) {
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, probe.verify_certificate ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, probe.verify_certificate ? 2L : 0L);
  if (!setup_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, setup_.ca_file.c_str());
  const auto pair = setup_.certificate(probe.client_certificate);
  if (!pair) return;
  const auto set = [&](CURLoption blob_option, CURLoption type_option, const std::string& pem) {
    curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(easy, blob_option, &blob);
    curl_easy_setopt(easy, type_option, "PEM");
  };
  set(CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERTTYPE, pair->first);
  set(CURLOPT_SSLKEY_BLOB, CURLOPT_SSLKEYTYPE, pair->second);
}

void CurlProber::Start(const Probe& probe, Done done) {
  if (const auto known = setup_.dns.KnownEndpoint(probe.ip, probe.port))
    return Send(probe, known->ip, std::move(done));
  setup_.dns.ToEndpoint(probe.ip, probe.port,
                        [this, probe, done = std::move(done)](const Result<dns::Endpoint>& at) {
                          if (at) return Send(probe, at->ip, done);
                          done({Kind::kTcpFailure, 0});
                        });
}

void CurlProber::Send(const Probe& probe, const std::string& ip, Done done) {
  CurlEasy easy(curl_easy_init());
  auto transfer = std::make_shared<Transfer>();
  transfer->done = std::move(done);
  transfer->connects_only = ConnectsOnly(probe.type);
  const bool tls = HasTls(probe.type);
  const std::string name = tls && !probe.sni.empty() ? probe.sni : probe.host;
  const std::string url =
      (tls ? "https://" : "http://") + Bracketed(name) + ":" + std::to_string(probe.port) + "/";
  const std::string to = "::" + Bracketed(ip) + ":" + std::to_string(probe.port);
  const std::string host = "Host: " + probe.host;
  transfer->connect_to.reset(curl_slist_append(nullptr, to.c_str()));
  transfer->headers.reset(curl_slist_append(nullptr, host.c_str()));
  curl_slist_append(transfer->headers.get(), "Accept:");

  CURL* e = easy.get();
  curl_easy_setopt(e, CURLOPT_URL, url.c_str());
  curl_easy_setopt(e, CURLOPT_CONNECT_TO, transfer->connect_to.get());
  curl_easy_setopt(e, CURLOPT_REQUEST_TARGET, probe.path.c_str());
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, transfer->headers.get());
  curl_easy_setopt(
      e, CURLOPT_HTTP_VERSION,
      static_cast<long>(probe.type == "grpcs" ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_0));
  curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, transfer->connects_only ? 1L : 0L);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_PROXY, "");
  curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, &StopAtBody);
  // The timeout is for each step: to connect, and to get an answer.
  const double seconds = probe.timeout > 0 ? probe.timeout : kNoTimeout;
  const long ms = std::max(1L, std::lround(seconds * 1000));
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ms);
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, ms * 2);
  if (tls) SetTls(e, probe);
  multi_->Start(std::move(easy), [transfer](CURL* handle, CURLcode code) {
    transfer->done(ResultOf(handle, code, transfer->connects_only));
  });
}

}  // namespace silverback::nginx

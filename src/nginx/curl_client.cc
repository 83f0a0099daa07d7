#include "nginx/curl_client.h"

#include <cstdlib>
#include <optional>

#include "dns/client.h"
#include "nginx/curl_multi.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using plugin::HttpReply;
using plugin::HttpRequest;

struct Transfer {
  Transfer(HttpRequest its_request, std::function<void(HttpReply)> its_done, EventLoop& loop)
      : request(std::move(its_request)), done(std::move(its_done)), hold(loop) {}
  HttpRequest request;
  std::function<void(HttpReply)> done;
  EventLoop::Hold hold;
  HttpReply reply;
  CurlList headers, connect_to;
  char error[CURL_ERROR_SIZE] = "";
};

size_t OnBody(char* data, size_t size, size_t count, void* transfer) {
  static_cast<Transfer*>(transfer)->reply.body.append(data, size * count);
  return size * count;
}

size_t OnHeader(char* data, size_t size, size_t count, void* transfer) {
  auto& headers = static_cast<Transfer*>(transfer)->reply.headers;
  const std::string_view line = Trim({data, size * count});
  // The headers of a redirect or of "100 Continue" give way to those that follow.
  if (line.starts_with("HTTP/")) headers.clear();
  const size_t colon = line.find(':');
  if (colon != line.npos)
    headers.emplace_back(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  return size * count;
}

// The host and port that a URL leads to; none when libcurl cannot read it, and will say so.
std::optional<std::pair<std::string, int>> PlaceOf(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  char *host = nullptr, *port = nullptr;
  const bool read =
      curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(parsed.get(), CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
  std::optional<std::pair<std::string, int>> place;
  if (read) place.emplace(host, std::atoi(port));
  curl_free(host);
  curl_free(port);
  return place;
}

class CurlClient final : public plugin::HttpClient {
 public:
  CurlClient(EventLoop& loop, dns::Client& dns, std::unique_ptr<CurlMulti> multi,
             std::string ca_bundle)
      : loop_(loop), dns_(dns), ca_bundle_(std::move(ca_bundle)), multi_(std::move(multi)) {}
  ~CurlClient() override { *alive_ = false; }

  void Send(HttpRequest request, std::function<void(HttpReply)> done) override {
    auto transfer = std::make_shared<Transfer>(std::move(request), std::move(done), loop_);
    // A proxy looks for the host itself.
    const auto place =
        transfer->request.proxy_url.empty() ? PlaceOf(transfer->request.url) : std::nullopt;
    if (!place) return Start(transfer);
    const std::string& other = transfer->request.connect_host;
    dns_.ToEndpoint(other.empty() ? place->first : other, place->second,
                    [this, alive = std::weak_ptr(alive_), transfer](const auto& endpoint) {
                      if (alive.expired()) return;
                      if (endpoint) {
                        ConnectTo(*transfer, *endpoint);
                        return Start(transfer);
                      }
                      HttpReply reply;
                      reply.error = endpoint.error().message();
                      transfer->done(std::move(reply));
                    });
  }

 private:
  void Start(const std::shared_ptr<Transfer>& transfer) {
    CurlEasy easy(curl_easy_init());
    Configure(*transfer, easy.get());
    multi_->Start(std::move(easy), [transfer](CURL* handle, CURLcode result) {
      HttpReply reply = std::move(transfer->reply);
      if (result != CURLE_OK) {
        reply = {};
        reply.error = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(result);
      } else {
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        reply.status = static_cast<int>(status);
      }
      transfer->done(std::move(reply));
    });
  }

  // Whatever host and port the URL has, the connection goes to `endpoint`.
  static void ConnectTo(Transfer& transfer, const dns::Endpoint& endpoint) {
    const bool v6 = endpoint.ip.find(':') != std::string::npos;
    const std::string to =
        "::" + (v6 ? "[" + endpoint.ip + "]" : endpoint.ip) + ":" + std::to_string(endpoint.port);
    transfer.connect_to.reset(curl_slist_append(nullptr, to.c_str()));
  }

  void Configure(Transfer& t, CURL* easy) {
    bool content_type = false, accept = false;
    const auto add = [&](const std::string& line) {
      curl_slist* list = curl_slist_append(t.headers.release(), line.c_str());
      t.headers.reset(list);
    };
    for (const auto& [name, value] : t.request.headers) {
      content_type = content_type || EqualsIgnoreCase(name, "content-type");
      accept = accept || EqualsIgnoreCase(name, "accept");
      // An empty value is written with a semicolon.
      add(value.empty() ? name + ";" : name + ": " + value);
    }
    // Nothing that the caller did not ask for.
    add("Expect:");
    if (!content_type) add("Content-Type:");
    if (!accept) add("Accept:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t.headers.get());
    curl_easy_setopt(easy, CURLOPT_URL, t.request.url.c_str());
    if (t.connect_to) curl_easy_setopt(easy, CURLOPT_CONNECT_TO, t.connect_to.get());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    // As Kong. An answer before the whole body has gone would not end an upload over HTTP/2.
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t.error);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(t.request.timeout_ms));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(t.request.timeout_ms));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                     static_cast<long>((t.request.keepalive_ms + 999) / 1000));
    if (t.request.keepalive_ms <= 0) curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, t.request.verify_tls ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, t.request.verify_tls ? 2L : 0L);
    if (!ca_bundle_.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_bundle_.c_str());
    curl_easy_setopt(easy, CURLOPT_PROXY, t.request.proxy_url.c_str());
    if (t.request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (!t.request.body.empty() || t.request.method == "POST" || t.request.method == "PUT" ||
        t.request.method == "PATCH") {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(t.request.body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t.request.body.data());
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, t.request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
  }

  EventLoop& loop_;
  dns::Client& dns_;
  const std::string ca_bundle_;
  std::unique_ptr<CurlMulti> multi_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<plugin::HttpClient> MakeCurlClient(EventLoop& loop, IoLoop& io, dns::Client& dns,
                                                   ngx_log_t* log, std::string ca_bundle) {
  auto multi = CurlMulti::Create(io, log);
  if (!multi) return nullptr;
  return std::make_unique<CurlClient>(loop, dns, std::move(multi), std::move(ca_bundle));
}

}  // namespace silverback::nginx

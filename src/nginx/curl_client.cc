#include "nginx/curl_client.h"

#include <curl/curl.h>

#include <unordered_map>

#include "nginx/guard.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using plugin::HttpReply;
using plugin::HttpRequest;

struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct EasyFreer {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

struct Transfer {
  Transfer(HttpRequest its_request, std::function<void(HttpReply)> its_done, EventLoop& loop)
      : request(std::move(its_request)), done(std::move(its_done)), hold(loop) {}
  HttpRequest request;
  std::function<void(HttpReply)> done;
  EventLoop::Hold hold;
  HttpReply reply;
  std::unique_ptr<curl_slist, ListFreer> headers;
  std::unique_ptr<CURL, EasyFreer> easy{curl_easy_init()};
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

class CurlClient final : public plugin::HttpClient {
 public:
  CurlClient(EventLoop& loop, ngx_log_t* log, std::string ca_bundle)
      : loop_(loop), log_(log), ca_bundle_(std::move(ca_bundle)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &OnSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &OnTimerChange);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    no_connection_.fd = static_cast<ngx_socket_t>(-1);
    timer_.data = &no_connection_;
    timer_.log = log;
    timer_.handler = &OnTimer;
  }

  ~CurlClient() override {
    closing_ = true;
    for (auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
    auto left = std::move(transfers_);
    transfers_.clear();
    left.clear();
    curl_multi_cleanup(multi_);
    if (timer_.timer_set) ngx_del_timer(&timer_);
  }

  void Send(HttpRequest request, std::function<void(HttpReply)> done) override {
    auto transfer = std::make_unique<Transfer>(std::move(request), std::move(done), loop_);
    CURL* easy = transfer->easy.get();
    Configure(*transfer);
    transfers_.emplace(easy, std::move(transfer));
    const CURLMcode added = curl_multi_add_handle(multi_, easy);
    if (added != CURLM_OK) Finish(easy, curl_multi_strerror(added));
  }

 private:
  // As the base, so that the event that nginx hands back leads to the client.
  struct Timer : ngx_event_t {
    CurlClient* client = nullptr;
  };

  void Configure(Transfer& t) {
    CURL* easy = t.easy.get();
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
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
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
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
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

  void Finish(CURL* easy, const char* error) {
    const auto found = transfers_.find(easy);
    if (found == transfers_.end()) return;
    auto transfer = std::move(found->second);
    transfers_.erase(found);
    curl_multi_remove_handle(multi_, easy);
    HttpReply reply = std::move(transfer->reply);
    if (error != nullptr) {
      reply = {};
      reply.error = transfer->error[0] != '\0' ? transfer->error : error;
    } else {
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      reply.status = static_cast<int>(status);
    }
    GuardVoid(log_, "HTTP client", [&] { transfer->done(std::move(reply)); });
  }

  void FinishAll() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode result = message->data.result;
      Finish(easy, result == CURLE_OK ? nullptr : curl_easy_strerror(result));
    }
  }

  void Act(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    FinishAll();
  }

  static int OnSocket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    static_cast<CurlClient*>(self)->Watch(socket, what);
    return 0;
  }

  void Watch(curl_socket_t socket, int what) {
    auto found = sockets_.find(socket);
    if (what == CURL_POLL_REMOVE) {
      if (found == sockets_.end()) return;
      ngx_connection_t* connection = found->second;
      sockets_.erase(found);
      SetEvents(connection, false, false);
      // The descriptor is libcurl's.
      ngx_free_connection(connection);
      connection->fd = static_cast<ngx_socket_t>(-1);
      return;
    }
    if (found == sockets_.end()) {
      ngx_connection_t* connection = ngx_get_connection(socket, log_);
      if (connection == nullptr) return;
      connection->data = this;
      connection->read->log = connection->write->log = log_;
      connection->read->handler = [](ngx_event_t* event) { OnReady(event, CURL_CSELECT_IN); };
      connection->write->handler = [](ngx_event_t* event) { OnReady(event, CURL_CSELECT_OUT); };
      found = sockets_.emplace(socket, connection).first;
    }
    SetEvents(found->second, what & CURL_POLL_IN, what & CURL_POLL_OUT);
  }

  static void SetEvents(ngx_connection_t* connection, bool in, bool out) {
    const auto set = [](ngx_event_t* event, ngx_int_t kind, bool on) {
      if (on && !event->active) {
        ngx_add_event(event, kind, NGX_LEVEL_EVENT);
      } else if (!on && event->active) {
        ngx_del_event(event, kind, 0);
      }
    };
    set(connection->read, NGX_READ_EVENT, in);
    set(connection->write, NGX_WRITE_EVENT, out);
  }

  static void OnReady(ngx_event_t* event, int what) {
    auto* connection = static_cast<ngx_connection_t*>(event->data);
    static_cast<CurlClient*>(connection->data)->Act(connection->fd, what);
  }

  static int OnTimerChange(CURLM*, long timeout_ms, void* self) {
    auto* client = static_cast<CurlClient*>(self);
    if (client->closing_) return 0;
    if (client->timer_.timer_set) ngx_del_timer(&client->timer_);
    client->timer_.client = client;
    if (timeout_ms >= 0) ngx_add_timer(&client->timer_, static_cast<ngx_msec_t>(timeout_ms));
    // Idle connections that are to be dropped later must not delay a shutdown; transfers hold it.
    client->timer_.cancelable = 1;
    return 0;
  }

  static void OnTimer(ngx_event_t* event) {
    static_cast<Timer*>(event)->client->Act(CURL_SOCKET_TIMEOUT, 0);
  }

  EventLoop& loop_;
  ngx_log_t* log_;
  const std::string ca_bundle_;
  CURLM* multi_;
  ngx_connection_t no_connection_{};
  Timer timer_{};
  bool closing_ = false;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
  std::unordered_map<curl_socket_t, ngx_connection_t*> sockets_;
};

}  // namespace

std::unique_ptr<plugin::HttpClient> MakeCurlClient(EventLoop& loop, ngx_log_t* log,
                                                   std::string ca_bundle) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return nullptr;
  return std::make_unique<CurlClient>(loop, log, std::move(ca_bundle));
}

}  // namespace silverback::nginx

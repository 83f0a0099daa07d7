// CurlMulti: libcurl's multi interface on nginx' event loop. One for each user, since connections
// are pooled by it. Event loop only.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <unordered_map>

#include "nginx/event_loop.h"
#include "nginx/io_loop.h"

namespace silverback::nginx {

struct CurlFreer {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlEasy = std::unique_ptr<CURL, CurlFreer>;
using CurlList = std::unique_ptr<curl_slist, CurlFreer>;

class CurlMulti {
 public:
  using Done = std::function<void(CURL* easy, CURLcode result)>;

  // nullptr when libcurl cannot be used. `io` outlives it.
  static std::unique_ptr<CurlMulti> Create(IoLoop& io, ngx_log_t* log);
  // Transfers that are under way end without a word.
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  // Takes a prepared transfer over. `done` runs once, later; the handle is freed after it.
  void Start(CurlEasy easy, Done done);

 private:
  struct Transfer {
    Done done;      // owns what the handle refers to,
    CurlEasy easy;  // and is therefore destroyed after it
  };
  CurlMulti(IoLoop& io, ngx_log_t* log, CURLM* multi);
  static int OnSocket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int OnTimer(CURLM*, long timeout_ms, void* self);
  void Act(curl_socket_t socket, int events);
  void Finish(CURL* easy, CURLcode result);

  IoLoop& io_;
  ngx_log_t* log_;
  CURLM* multi_;
  std::shared_ptr<void> timer_, refusal_;
  std::unordered_map<CURL*, Transfer> transfers_;
  bool closing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace silverback::nginx

#include "nginx/curl_multi.h"

#include "nginx/guard.h"

namespace silverback::nginx {

std::unique_ptr<CurlMulti> CurlMulti::Create(IoLoop& io, ngx_log_t* log) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return nullptr;
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) return nullptr;
  return std::unique_ptr<CurlMulti>(new CurlMulti(io, log, multi));
}

CurlMulti::CurlMulti(IoLoop& io, ngx_log_t* log, CURLM* multi) : io_(io), log_(log), multi_(multi) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlMulti::~CurlMulti() {
  closing_ = true;
  *alive_ = false;
  for (auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

void CurlMulti::Start(CurlEasy easy, Done done) {
  CURL* raw = easy.get();
  transfers_.emplace(raw, Transfer{std::move(done), std::move(easy)});
  const CURLMcode added = curl_multi_add_handle(multi_, raw);
  if (added == CURLM_OK) return;
  refusal_ = io_.After(0, [this, raw] { Finish(raw, CURLE_FAILED_INIT); });
}

void CurlMulti::Finish(CURL* easy, CURLcode result) {
  const auto found = transfers_.find(easy);
  if (found == transfers_.end()) return;
  const Transfer transfer = std::move(found->second);
  transfers_.erase(found);
  curl_multi_remove_handle(multi_, easy);
  GuardVoid(log_, "HTTP client", [&] { transfer.done(easy, result); });
}

void CurlMulti::Act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  int left = 0;
  // Whoever is told may destroy all this.
  const auto alive = alive_;
  while (*alive) {
    CURLMsg* message = curl_multi_info_read(multi_, &left);
    if (message == nullptr) return;
    if (message->msg == CURLMSG_DONE) Finish(message->easy_handle, message->data.result);
  }
}

int CurlMulti::OnSocket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto* multi = static_cast<CurlMulti*>(self);
  const bool in = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
  const bool out = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
  multi->io_.Watch(socket, in, out, [multi, socket](bool readable, bool writable) {
    multi->Act(socket, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
  });
  return 0;
}

int CurlMulti::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto* multi = static_cast<CurlMulti*>(self);
  multi->timer_.reset();
  if (multi->closing_ || timeout_ms < 0) return 0;
  multi->timer_ = multi->io_.After(static_cast<double>(timeout_ms) / 1000,
                                   [multi] { multi->Act(CURL_SOCKET_TIMEOUT, 0); });
  return 0;
}

}  // namespace silverback::nginx

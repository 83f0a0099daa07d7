// IoLoop: sockets and timers of libraries (c-ares, libcurl) on nginx' event loop. One per worker;
// event loop only; destroyed after everything that uses it. Neither its timers nor its sockets
// delay a graceful shutdown: whoever must be waited for holds the EventLoop.
#pragma once

#include <unordered_map>

#include "dns/loop.h"
#include "nginx/ngx.h"

namespace silverback::nginx {

class IoLoop final : public dns::Loop {
 public:
  explicit IoLoop(ngx_log_t* log) : log_(log) {}
  ~IoLoop() override;

  double Now() override { return static_cast<double>(ngx_current_msec) / 1000; }
  std::shared_ptr<void> After(double seconds, std::function<void()> work) override;
  void Watch(int socket, bool readable, bool writable,
             std::function<void(bool, bool)> ready) override;

 private:
  struct Watched;
  static void OnReady(ngx_event_t* event);
  void Forget(int socket);

  ngx_log_t* log_;
  std::unordered_map<int, std::shared_ptr<Watched>> sockets_;
};

}  // namespace silverback::nginx

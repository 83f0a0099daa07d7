// EventLoop: the way from other threads onto a worker's event loop, and the news that the worker is
// about to shut down gracefully. One per worker, made when the worker starts and destroyed when it
// exits.
//
// Threads: Post may be called from any; all else belongs to the event loop.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "nginx/ngx.h"

namespace silverback::nginx {

class EventLoop {
 public:
  // nullptr when the system has no descriptor or nginx no connection left; it is logged.
  static std::unique_ptr<EventLoop> Create(ngx_cycle_t* cycle);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `work` on the event loop, soon. What is still queued when the loop is destroyed is
  // dropped.
  void Post(std::function<void()> work);

  // `work` runs once, when a graceful shutdown begins.
  void OnShutdown(std::function<void()> work) { on_shutdown_.push_back(std::move(work)); }

  // While a Hold exists, a graceful shutdown waits for it: nginx leaves as soon as no timer is
  // armed, even when requests wait for something else.
  class Hold {
   public:
    explicit Hold(EventLoop& loop);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    EventLoop& loop_;
  };

 private:
  EventLoop(ngx_cycle_t* cycle, int descriptor, ngx_connection_t* connection);
  static void OnReadable(ngx_event_t* event);
  void Drain();
  void BeginShutdown();

  ngx_cycle_t* cycle_;
  int descriptor_;
  ngx_connection_t* connection_;
  ngx_event_t hold_timer_{};
  size_t holds_ = 0;
  bool shutting_down_ = false;
  std::vector<std::function<void()>> on_shutdown_;
  std::mutex mutex_;
  std::vector<std::function<void()>> queue_;  // guarded by mutex_
};

}  // namespace silverback::nginx

#include "nginx/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "nginx/guard.h"

namespace silverback::nginx {
namespace {

// nginx prints the descriptor of event->data in its debug log.
ngx_connection_t no_connection = [] {
  ngx_connection_t connection{};
  connection.fd = static_cast<ngx_socket_t>(-1);
  return connection;
}();

constexpr ngx_msec_t kHoldMs = 60 * 60 * 1000;

void RearmHold(ngx_event_t* event) { ngx_add_timer(event, kHoldMs); }

}  // namespace

std::unique_ptr<EventLoop> EventLoop::Create(ngx_cycle_t* cycle) {
  int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor == -1) {
    ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno, "eventfd() failed");
    return nullptr;
  }
  ngx_connection_t* connection = ngx_get_connection(descriptor, cycle->log);
  if (connection == nullptr) {
    close(descriptor);
    return nullptr;
  }
  std::unique_ptr<EventLoop> loop(new EventLoop(cycle, descriptor, connection));
  if (ngx_add_event(connection->read, NGX_READ_EVENT, NGX_CLEAR_EVENT) == NGX_ERROR) return nullptr;
  return loop;
}

EventLoop::EventLoop(ngx_cycle_t* cycle, int descriptor, ngx_connection_t* connection)
    : cycle_(cycle), descriptor_(descriptor), connection_(connection) {
  connection_->data = this;
  connection_->read->handler = &OnReadable;
  connection_->read->log = cycle->log;
  // An "idle" connection is told when a graceful shutdown begins.
  connection_->idle = 1;
  hold_timer_.data = &no_connection;
  hold_timer_.log = cycle->log;
  hold_timer_.handler = &RearmHold;
}

EventLoop::~EventLoop() {
  if (hold_timer_.timer_set) ngx_del_timer(&hold_timer_);
  connection_->idle = 0;
  ngx_close_connection(connection_);  // closes the descriptor too
}

void EventLoop::Post(std::function<void()> work) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    first = queue_.empty();
    queue_.push_back(std::move(work));
  }
  if (!first) return;
  uint64_t one = 1;
  // A full counter means that a wake-up is pending anyway.
  [[maybe_unused]] ssize_t written = write(descriptor_, &one, sizeof(one));
}

void EventLoop::OnReadable(ngx_event_t* event) {
  auto* connection = static_cast<ngx_connection_t*>(event->data);
  auto* loop = static_cast<EventLoop*>(connection->data);
  if (connection->close) {
    connection->close = 0;
    loop->BeginShutdown();
  }
  loop->Drain();
}

void EventLoop::Drain() {
  uint64_t count = 0;
  [[maybe_unused]] ssize_t got = read(descriptor_, &count, sizeof(count));
  std::vector<std::function<void()>> ready;
  {
    std::lock_guard lock(mutex_);
    ready.swap(queue_);
  }
  for (auto& work : ready) {
    GuardVoid(cycle_->log, "event loop", work);
    work = nullptr;
  }
}

void EventLoop::BeginShutdown() {
  if (shutting_down_) return;
  shutting_down_ = true;
  for (auto& work : on_shutdown_) GuardVoid(cycle_->log, "shutdown", work);
}

EventLoop::Hold::Hold(EventLoop& loop) : loop_(loop) {
  if (loop_.holds_++ == 0) ngx_add_timer(&loop_.hold_timer_, kHoldMs);
}

EventLoop::Hold::~Hold() {
  if (--loop_.holds_ == 0 && loop_.hold_timer_.timer_set) ngx_del_timer(&loop_.hold_timer_);
}

}  // namespace silverback::nginx

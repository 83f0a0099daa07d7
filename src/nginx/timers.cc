#include "nginx/timers.h"

#include <unordered_set>

#include "nginx/guard.h"

namespace silverback::nginx {
namespace {

struct Timer;

}  // namespace

struct EventTimers::List {
  std::unordered_set<ngx_event_t*> armed;
  bool flushing = false;
};

namespace {

// As the base, so that the event that nginx hands back leads to it.
struct Timer : ngx_event_t {
  ngx_connection_t connection{};  // nginx prints its descriptor in the debug log
  std::function<void()> work;
  std::function<void(ngx_event_t*)> forget;
};

void Fire(ngx_event_t* event) {
  auto* timer = static_cast<Timer*>(event);
  timer->forget(event);
  // The work may drop the handle, and with it the timer.
  auto work = std::move(timer->work);
  ngx_log_t* log = event->log;
  if (work) GuardVoid(log, "timer", work);
}

}  // namespace

EventTimers::EventTimers(EventLoop& loop, ngx_log_t* log)
    : list_(std::make_shared<List>()), log_(log) {
  loop.OnShutdown([list = std::weak_ptr(list_)] {
    auto timers = list.lock();
    if (!timers) return;
    timers->flushing = true;
    // Work that is due may cancel or arm other timers.
    while (!timers->armed.empty()) {
      ngx_event_t* event = *timers->armed.begin();
      ngx_del_timer(event);
      Fire(event);
    }
  });
}

EventTimers::~EventTimers() {
  for (ngx_event_t* event : list_->armed) ngx_del_timer(event);
  list_->armed.clear();
}

std::shared_ptr<void> EventTimers::After(int delay_ms, std::function<void()> work) {
  auto cancel = [list = list_](Timer* timer) {
    list->armed.erase(timer);
    if (timer->timer_set) ngx_del_timer(timer);
    delete timer;
  };
  std::shared_ptr<Timer> timer(new Timer(), cancel);
  timer->connection.fd = static_cast<ngx_socket_t>(-1);
  timer->data = &timer->connection;
  timer->handler = &Fire;
  timer->log = log_;
  // A pending timer never delays a shutdown: it is run early instead.
  timer->cancelable = 1;
  timer->work = std::move(work);
  timer->forget = [list = list_.get()](ngx_event_t* event) { list->armed.erase(event); };
  if (list_->flushing) {
    // What the last work still wants to do later (a retry) happens in its time: running it at once
    // could spin, dropping it would lose a queue.
    timer->cancelable = 0;
  } else {
    list_->armed.insert(timer.get());
  }
  ngx_add_timer(timer.get(), static_cast<ngx_msec_t>(std::max(delay_ms, 0)));
  return timer;
}

}  // namespace silverback::nginx

// EventTimers: plugin::Timers on nginx's timer tree. Event loop only; destroyed after everything
// that holds a handle of it, or the handles just do nothing.
#pragma once

#include <functional>
#include <memory>

#include "nginx/event_loop.h"
#include "plugin/env.h"

namespace silverback::nginx {

class EventTimers : public plugin::Timers {
 public:
  EventTimers(EventLoop& loop, ngx_log_t* log);
  ~EventTimers() override;

  std::shared_ptr<void> After(int delay_ms, std::function<void()> work) override;

 private:
  struct List;
  std::shared_ptr<List> list_;
  ngx_log_t* log_;
};

}  // namespace silverback::nginx

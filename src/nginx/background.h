// ThreadPool: plugin::Background on threads of the worker's own. Run is called on the event loop;
// `blocking` runs on a thread, `done` back on the loop. Threads start with the first job. The
// destructor waits for the job that each thread has in hand and drops the others.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "nginx/event_loop.h"
#include "plugin/env.h"

namespace silverback::nginx {

class ThreadPool : public plugin::Background {
 public:
  ThreadPool(EventLoop& loop, ngx_log_t* log, size_t threads);
  ~ThreadPool() override;

  void Run(std::function<void()> blocking, std::function<void()> done) override;

 private:
  struct Job {
    std::function<void()> blocking, done;
    std::shared_ptr<EventLoop::Hold> hold;  // given up on the event loop only
  };
  void Work();

  EventLoop& loop_;
  ngx_log_t* log_;
  const size_t limit_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;  // these three guarded by mutex_
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace silverback::nginx

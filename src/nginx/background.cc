#include "nginx/background.h"

#include <csignal>

#include "nginx/guard.h"

namespace silverback::nginx {

ThreadPool::ThreadPool(EventLoop& loop, ngx_log_t* log, size_t threads)
    : loop_(loop), log_(log), limit_(threads) {}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ThreadPool::Run(std::function<void()> blocking, std::function<void()> done) {
  bool start = false;
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(
        {std::move(blocking), std::move(done), std::make_shared<EventLoop::Hold>(loop_)});
    start = idle_ < jobs_.size() && threads_.size() < limit_;
  }
  if (start) {
    // Signals are for the thread that runs nginx' cycle: threads inherit a mask that blocks them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    threads_.emplace_back([this] { Work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  wake_.notify_one();
}

void ThreadPool::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (stopping_) return;
    auto job = std::make_shared<Job>(std::move(jobs_.front()));
    jobs_.pop_front();
    lock.unlock();
    GuardVoid(log_, "background job", job->blocking);
    loop_.Post([this, job = std::move(job)] {
      job->hold.reset();
      if (job->done) GuardVoid(log_, "completion", job->done);
    });
    lock.lock();
  }
}

}  // namespace silverback::nginx

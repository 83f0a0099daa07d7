#include "plugin/batch_queue.h"

#include <algorithm>

namespace silverback::plugin {
namespace {

constexpr int kFirstRetryMs = 1000;
constexpr int kLongestRetryMs = 60000;

}  // namespace

BatchQueue::BatchQueue(PluginEnv& env, Options options, Send send)
    : env_(env), options_(std::move(options)), send_(std::move(send)) {}

std::shared_ptr<BatchQueue> BatchQueue::Create(PluginEnv& env, Options options, Send send) {
  return std::shared_ptr<BatchQueue>(new BatchQueue(env, std::move(options), std::move(send)));
}

void BatchQueue::Add(std::string entry) {
  current_.push_back(std::move(entry));
  if (current_.size() >= options_.batch_size) return Flush();
  if (flush_timer_) return;
  flush_timer_ =
      env_.timers.After(options_.flush_after_ms, [self = shared_from_this()] { self->Flush(); });
}

void BatchQueue::Flush() {
  flush_timer_.reset();
  if (current_.empty()) return;
  auto batch = std::make_shared<Batch>();
  batch->entries.swap(current_);
  waiting_.push_back(std::move(batch));
  if (waiting_.size() > options_.most_batches) {
    env_.log.Log(
        LogLevel::kError,
        options_.name + ": failed to process entries: the queue is full, the oldest are dropped");
    waiting_.erase(waiting_.begin() + (sending_ ? 1 : 0));
  }
  Process();
}

void BatchQueue::Process() {
  if (sending_ || waiting_.empty() || retry_timer_) return;
  sending_ = true;
  const std::shared_ptr<Batch> batch = waiting_.front();
  send_(batch->entries,
        [self = shared_from_this(), batch](const std::string& error) { self->Finished(error); });
}

void BatchQueue::Finished(const std::string& error) {
  sending_ = false;
  if (waiting_.empty()) return;
  const std::shared_ptr<Batch> batch = waiting_.front();
  if (error.empty()) {
    waiting_.erase(waiting_.begin());
    return Process();
  }
  env_.log.Log(LogLevel::kError, options_.name + ": failed to process entries: " + error);
  if (++batch->failures > options_.retries) {
    waiting_.erase(waiting_.begin());
    env_.log.Log(LogLevel::kError, options_.name + ": gave up after " +
                                       std::to_string(options_.retries) + " retries");
    return Process();
  }
  const int delay = std::min(kLongestRetryMs, kFirstRetryMs << std::min(batch->failures - 1, 6));
  retry_timer_ = env_.timers.After(delay, [self = shared_from_this()] {
    self->retry_timer_.reset();
    self->Process();
  });
}

}  // namespace silverback::plugin

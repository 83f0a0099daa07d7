// BatchQueue: what log plugins collect entries in: sent in batches, after a while or when enough
// have come, tried again when the receiver fails, bounded. Event loop only. It lives as long as
// something waits in it, also when its plugin is gone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugin/env.h"

namespace silverback::plugin {

class BatchQueue : public std::enable_shared_from_this<BatchQueue> {
 public:
  struct Options {
    std::string name;            // for log lines
    size_t batch_size = 1;       // entries a batch
    int flush_after_ms = 2000;   // a batch that is not full goes after this time
    int retries = 10;            // of a batch that failed
    size_t most_batches = 1000;  // waiting: beyond that the oldest is dropped, with a log line
  };
  // Sends a batch; calls `done` with "" or with what went wrong.
  using Send = std::function<void(const std::vector<std::string>& entries,
                                  std::function<void(std::string error)> done)>;

  static std::shared_ptr<BatchQueue> Create(PluginEnv& env, Options options, Send send);
  void Add(std::string entry);
  void Flush();  // the batch under way goes now

 private:
  struct Batch {
    std::vector<std::string> entries;
    int failures = 0;
  };
  BatchQueue(PluginEnv& env, Options options, Send send);
  void Process();
  void Finished(const std::string& error);

  PluginEnv& env_;
  const Options options_;
  const Send send_;
  std::vector<std::string> current_;
  std::vector<std::shared_ptr<Batch>> waiting_;  // the first is the one that is being sent
  bool sending_ = false;
  std::shared_ptr<void> flush_timer_, retry_timer_;
};

}  // namespace silverback::plugin

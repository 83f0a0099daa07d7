// UsageExchange: the thread of a worker that counts and asks for what the nodes of a store share
// (plugin::SharedUsage). What comes while it waits for the store goes with the next round, all
// together, so that the store sees few statements however many requests there are. While the store
// is away counts are kept, as long as they are of use and there are not too many.
//
// Threads: Ask, Count and Available on the event loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "plugin/env.h"
#include "plugin/shared_usage.h"
#include "store/store.h"

namespace silverback::runtime {

class UsageExchange final : public plugin::SharedUsage {
 public:
  struct Setup {
    store::Store& store;
    plugin::Timers& timers;
    plugin::Logger& log;
    std::function<double()> now;                      // any thread
    std::function<void(std::function<void()>)> post;  // onto the event loop; any thread
  };
  explicit UsageExchange(Setup setup);
  ~UsageExchange() override;

  void Start();

  bool Available() const override;
  void Ask(std::vector<plugin::UsageWindow> windows, Done done) override;
  void Count(std::vector<plugin::UsageWindow> windows, int64_t amount) override;

 private:
  // A request that waits; on the event loop only.
  struct Waiter {
    Done done;  // empty once it was called
    std::shared_ptr<void> timer;
  };
  struct Question {
    std::vector<plugin::UsageWindow> windows;
    std::shared_ptr<Waiter> waiter;
  };
  using Counts = std::map<plugin::UsageWindow, int64_t>;

  void Run();
  void RoundsByTable(Counts counts, std::vector<Question> questions);
  void Round(Counts counts, std::vector<Question> questions);
  void Answer(std::shared_ptr<Waiter> waiter, Result<std::vector<int64_t>> values);
  void Keep(Counts counts);

  const Setup setup_;
  std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;
  Counts counts_;
  std::vector<Question> questions_;
  std::atomic<double> away_until_{0};
  bool away_ = false;  // the thread's: it has been told in the log
  std::thread thread_;
};

}  // namespace silverback::runtime

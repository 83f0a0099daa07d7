// BackgroundWriter: hands entries to a function that blocks, on a thread of the pool, in the order
// in which they came and as many at a time as have come. A function that cannot keep up loses
// entries beyond a bound, with a line in error.log; memory does not grow.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugin/env.h"

namespace silverback::plugins {

class BackgroundWriter : public std::enable_shared_from_this<BackgroundWriter> {
 public:
  struct Entry {
    int severity = 0;  // for those who need one
    std::string text;
  };
  // Called by one thread at a time; gives what went wrong, or "".
  using Write = std::function<std::string(const std::vector<Entry>&)>;

  static std::shared_ptr<BackgroundWriter> Create(std::string name, plugin::PluginEnv& env,
                                                  Write write);
  void Add(Entry entry);  // event loop

 private:
  BackgroundWriter(std::string name, plugin::PluginEnv& env, Write write);
  void Start();

  static constexpr size_t kMostWaiting = 10000;
  const std::string name_;
  plugin::PluginEnv& env_;
  const Write write_;
  std::vector<Entry> waiting_;
  size_t lost_ = 0;
  bool running_ = false;
};

}  // namespace silverback::plugins

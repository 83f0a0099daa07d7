#include "plugins/log/background_writer.h"

namespace silverback::plugins {

std::shared_ptr<BackgroundWriter> BackgroundWriter::Create(std::string name, plugin::PluginEnv& env,
                                                           Write write) {
  return std::shared_ptr<BackgroundWriter>(
      new BackgroundWriter(std::move(name), env, std::move(write)));
}

BackgroundWriter::BackgroundWriter(std::string name, plugin::PluginEnv& env, Write write)
    : name_(std::move(name)), env_(env), write_(std::move(write)) {}

void BackgroundWriter::Add(Entry entry) {
  if (waiting_.size() >= kMostWaiting) {
    ++lost_;
    return;
  }
  waiting_.push_back(std::move(entry));
  if (!running_) Start();
}

void BackgroundWriter::Start() {
  running_ = true;
  struct Work {
    std::vector<Entry> entries;
    std::string error;
  };
  auto work = std::make_shared<Work>();
  work->entries.swap(waiting_);
  // The work keeps this alive: what was logged is written although its plugin has gone.
  env_.background.Run(
      [self = shared_from_this(), work] { work->error = self->write_(work->entries); },
      [self = shared_from_this(), work] {
        if (!work->error.empty())
          self->env_.log.Log(plugin::LogLevel::kError, self->name_ + ": " + work->error);
        if (const size_t lost = std::exchange(self->lost_, 0); lost > 0)
          self->env_.log.Log(plugin::LogLevel::kError,
                             self->name_ + ": " + std::to_string(lost) + " entries lost");
        self->running_ = false;
        if (!self->waiting_.empty()) self->Start();
      });
}

}  // namespace silverback::plugins

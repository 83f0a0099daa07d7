// PollLoop: dns::Loop on poll(), for tests that use real sockets.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "dns/loop.h"

namespace silverback::test {

class PollLoop final : public dns::Loop {
 public:
  double Now() override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  std::shared_ptr<void> After(double seconds, std::function<void()> work) override {
    auto timer = std::make_shared<std::pair<double, std::function<void()>>>(Now() + seconds,
                                                                            std::move(work));
    timers_.push_back(timer);
    return timer;
  }
  void Watch(int socket, bool readable, bool writable,
             std::function<void(bool, bool)> ready) override {
    if (!readable && !writable) {
      sockets_.erase(socket);
    } else {
      const int events = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);
      sockets_[socket] = {events, std::move(ready)};
    }
  }
  // Until `until` holds, for 5 seconds at most.
  void Run(const std::function<bool()>& until) {
    for (const double end = Now() + 5; !until() && Now() < end;) Turn();
  }

 private:
  void Turn() {
    std::vector<pollfd> polled;
    for (const auto& [socket, watched] : sockets_)
      polled.push_back({socket, static_cast<short>(watched.first), 0});
    poll(polled.data(), polled.size(), 5);
    for (const pollfd& each : polled) {
      const auto found = sockets_.find(each.fd);
      if (each.revents == 0 || found == sockets_.end()) continue;
      const auto ready = found->second.second;
      ready(each.revents & (POLLIN | POLLERR | POLLHUP), each.revents & POLLOUT);
    }
    for (auto it = timers_.begin(); it != timers_.end();) {
      const auto timer = it->lock();
      if (timer && timer->first > Now()) {
        ++it;
        continue;
      }
      it = timers_.erase(it);
      if (timer) std::exchange(timer->second, nullptr)();
    }
  }
  std::map<int, std::pair<int, std::function<void(bool, bool)>>> sockets_;
  std::list<std::weak_ptr<std::pair<double, std::function<void()>>>> timers_;
};

}  // namespace silverback::test

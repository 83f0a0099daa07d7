// What DNS needs of an event loop: a clock, timers, and news of sockets. nginx' is behind it in a
// worker; tests have a simulated one, and one on poll().
#pragma once

#include <functional>
#include <memory>

namespace silverback::dns {

class Loop {
 public:
  virtual ~Loop() = default;
  virtual double Now() = 0;  // seconds; never goes back
  // Runs `work` once, on the loop; the handle cancels it when it is reset.
  virtual std::shared_ptr<void> After(double seconds, std::function<void()> work) = 0;
  // Runs `ready(readable, writable)` whenever the socket is what was asked for; both false: forget
  // the socket. The socket stays the caller's.
  virtual void Watch(int socket, bool readable, bool writable,
                     std::function<void(bool, bool)> ready) = 0;
};

}  // namespace silverback::dns

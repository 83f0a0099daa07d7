// Transport: sends one query to the name servers and gives what came back. Event loop only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dns/loop.h"
#include "dns/record.h"
#include "dns/settings.h"
#include "util/result.h"

namespace silverback::dns {

class Transport {
 public:
  virtual ~Transport() = default;
  // `name` is complete: nothing is appended to it. `done` runs once, later or at once.
  virtual void Query(const std::string& name, Type type, std::function<void(Reply)> done) = 0;
};

// c-ares on `loop`, which outlives the transport. UDP, and TCP where an answer does not fit.
// Waiting queries end with a failure when the transport is destroyed.
Result<std::unique_ptr<Transport>> MakeAresTransport(const Settings& settings, Loop& loop);

}  // namespace silverback::dns

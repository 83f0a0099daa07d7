// What a plugin does once the request's body is there.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "plugin/exchange.h"
#include "plugin/plugin.h"

namespace silverback::plugins {

// Suspends the request until its body has been read; `work` gets it (nullopt: it is too large) and
// gives what is next, kContinue or kRespond. It does not run when the request dies before.
template <class Work>
plugin::Next WithBody(plugin::Exchange& exchange, Work work) {
  const auto resumer = exchange.Suspend();
  exchange.ReadBody([work = std::move(work), resumer](std::optional<std::string_view> body) {
    if (!resumer->Alive()) return;
    resumer->Resume(work(body) == plugin::Next::kRespond);
  });
  return plugin::Next::kSuspend;
}

}  // namespace silverback::plugins

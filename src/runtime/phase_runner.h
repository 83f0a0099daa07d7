// PhaseRunner: runs the plugins of one request or session, phase by phase, in priority order, as
// Kong 2.8's runloop does. One per request, owned by the request's context; event loop only.
// Exceptions of plugins end here: the request is answered 500, the error is logged.
#pragma once

#include <memory>
#include <vector>

#include "runtime/snapshot.h"

namespace silverback::runtime {

enum class Outcome {
  kContinue,   // the phase is through
  kRespond,    // a local answer was set: send it
  kSuspended,  // a plugin waits; call Resume when its Resumer is called
};

class PhaseRunner {
 public:
  // `stream`: for a TCP or UDP session, whose phases are Preread and Log.
  PhaseRunner(std::shared_ptr<const Snapshot> snapshot, plugin::Logger& log, bool stream = false)
      : snapshot_(std::move(snapshot)), log_(log), stream_(stream) {}

  const Snapshot& snapshot() const { return *snapshot_; }

  Outcome Rewrite(plugin::Exchange& exchange);
  Outcome Access(plugin::Exchange& exchange);   // REQUIRES: the route is known
  Outcome Preread(plugin::Exchange& exchange);  // REQUIRES: the route is known
  Outcome Resume(plugin::Exchange& exchange, bool respond);

  void HeaderFilter(plugin::Exchange& exchange);
  void BodyFilter(plugin::Exchange& exchange, plugin::BodyChunk& chunk);
  void Log(plugin::Exchange& exchange);

  // False: no plugin looks at the body, so chunks need not be copied. Known after HeaderFilter.
  bool NeedsBody() const { return !body_filters_.empty(); }
  // False: those who look at it leave it as it is.
  bool ChangesBody() const { return changes_body_; }
  bool NeedsHeaderFilter() const { return phases_ & plugin::kHeaderFilter; }

 private:
  const PluginTable& table() const {
    return stream_ ? *snapshot_->stream_plugins : *snapshot_->plugins;
  }
  Outcome Start(plugin::Exchange& exchange, plugin::Phase phase);
  Outcome Run(plugin::Exchange& exchange);
  void ConfigureGlobals();
  void Collect(const PluginSlot* slot);
  void RunHeaderFilters(plugin::Exchange& exchange);
  void ChooseBodyFilters(plugin::Exchange& exchange);
  plugin::Next Call(const PluginSlot& slot, plugin::Exchange& exchange);
  void Refuse(plugin::Exchange& exchange, const std::string& why);

  std::shared_ptr<const Snapshot> snapshot_;
  plugin::Logger& log_;
  const bool stream_;
  std::vector<const PluginSlot*>
      ran_;  // what applies to this request, by priority: later phases run these
  std::vector<const PluginSlot*> body_filters_;
  bool changes_body_ = false;         // one of them may
  const PluginPlan* plan_ = nullptr;  // of the phase that is under way
  size_t at_ = 0;
  plugin::Phase phase_ = plugin::kRewrite;
  bool responded_ = false;
  bool configured_ = false;
  uint8_t phases_ = 0;
};

}  // namespace silverback::runtime

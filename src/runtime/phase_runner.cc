#include "runtime/phase_runner.h"

namespace silverback::runtime {

using plugin::Exchange;
using plugin::Next;

namespace {

constexpr uint8_t kSeesBody = plugin::kBodyFilter | plugin::kBodyObserver;

}  // namespace

Outcome PhaseRunner::Rewrite(Exchange& exchange) {
  plan_ = &snapshot_->plugins->global();
  at_ = 0;
  phase_ = plugin::kRewrite;
  configured_ = true;
  return Run(exchange);
}

Outcome PhaseRunner::Access(Exchange& exchange) { return Start(exchange, plugin::kAccess); }

Outcome PhaseRunner::Preread(Exchange& exchange) { return Start(exchange, plugin::kPreread); }

Outcome PhaseRunner::Start(Exchange& exchange, plugin::Phase phase) {
  plan_ = &snapshot_->PlanFor(exchange.route(), stream_);
  at_ = 0;
  phase_ = phase;
  configured_ = true;
  // What the rewrite phase chose among the global plugins is chosen anew, now that the scope is
  // known.
  ran_.clear();
  ran_.reserve(plan_->items.size());
  phases_ = 0;
  return Run(exchange);
}

Outcome PhaseRunner::Resume(Exchange& exchange, bool respond) {
  responded_ = responded_ || respond;
  return Run(exchange);
}

Outcome PhaseRunner::Run(Exchange& exchange) {
  while (at_ < plan_->items.size()) {
    const PluginPlan::Item& item = plan_->items[at_++];
    const PluginSlot* slot = item.without_consumer;
    if (item.group->has_consumer_rows() && exchange.consumer()) {
      const entity::Route* route = exchange.route();
      slot = item.group->Resolve(route ? route->id : "", route ? route->service_id : "",
                                 StringViewMember(*exchange.consumer(), "id"));
    }
    if (!slot) continue;
    Collect(slot);
    // After an answer the others only take part in the later phases.
    if (responded_ || !(slot->phases() & phase_)) continue;
    const Next next = Call(*slot, exchange);
    if (next == Next::kRespond) responded_ = true;
    if (next == Next::kSuspend) return Outcome::kSuspended;
  }
  return responded_ ? Outcome::kRespond : Outcome::kContinue;
}

void PhaseRunner::Collect(const PluginSlot* slot) {
  ran_.push_back(slot);
  phases_ = static_cast<uint8_t>(phases_ | slot->phases());
}

Next PhaseRunner::Call(const PluginSlot& slot, Exchange& exchange) {
  try {
    if (!slot.plugin) {
      Refuse(exchange, slot.error);
      return Next::kRespond;
    }
    switch (phase_) {
      case plugin::kRewrite:
        return slot.plugin->OnRewrite(exchange);
      case plugin::kPreread:
        return slot.plugin->OnPreread(exchange);
      default:
        return slot.plugin->OnAccess(exchange);
    }
  } catch (const std::exception& e) {
    Refuse(exchange, "plugin '" + slot.name + "' failed: " + e.what());
    return Next::kRespond;
  }
}

void PhaseRunner::Refuse(Exchange& exchange, const std::string& why) {
  log_.Log(plugin::LogLevel::kError, why);
  plugin::LocalResponse answer;
  answer.status = 500;
  answer.message = "An unexpected error occurred";
  exchange.Respond(std::move(answer));
}

void PhaseRunner::ConfigureGlobals() {
  // nginx refused the request before any phase of ours ran: the global plugins still see the
  // answer.
  if (configured_) return;
  configured_ = true;
  for (const PluginPlan::Item& item : table().global().items) {
    if (item.without_consumer) Collect(item.without_consumer);
  }
}

void PhaseRunner::HeaderFilter(Exchange& exchange) {
  ConfigureGlobals();
  if (phases_ & plugin::kHeaderFilter) RunHeaderFilters(exchange);
  if (phases_ & kSeesBody) ChooseBodyFilters(exchange);
}

void PhaseRunner::RunHeaderFilters(Exchange& exchange) {
  for (const PluginSlot* slot : ran_) {
    if (!slot->plugin || !(slot->phases() & plugin::kHeaderFilter)) continue;
    try {
      slot->plugin->OnHeaderFilter(exchange);
    } catch (const std::exception& e) {
      log_.Log(plugin::LogLevel::kError, "plugin '" + slot->name + "' failed: " + e.what());
    }
  }
}

void PhaseRunner::ChooseBodyFilters(Exchange& exchange) {
  for (const PluginSlot* slot : ran_) {
    if (!slot->plugin || !(slot->phases() & kSeesBody)) continue;
    if (!slot->plugin->WantsBody(exchange)) continue;
    body_filters_.push_back(slot);
    changes_body_ = changes_body_ || slot->phases() & plugin::kBodyFilter;
  }
}

void PhaseRunner::BodyFilter(Exchange& exchange, plugin::BodyChunk& chunk) {
  for (const PluginSlot* slot : body_filters_) {
    try {
      slot->plugin->OnBodyFilter(exchange, chunk);
    } catch (const std::exception& e) {
      log_.Log(plugin::LogLevel::kError, "plugin '" + slot->name + "' failed: " + e.what());
    }
  }
}

void PhaseRunner::Log(Exchange& exchange) {
  ConfigureGlobals();
  for (const PluginSlot* slot : ran_) {
    if (!slot->plugin || !(slot->phases() & plugin::kLog)) continue;
    try {
      slot->plugin->OnLog(exchange);
    } catch (const std::exception& e) {
      log_.Log(plugin::LogLevel::kError, "plugin '" + slot->name + "' failed: " + e.what());
    }
  }
}

}  // namespace silverback::runtime

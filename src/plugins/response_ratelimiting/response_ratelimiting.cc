#include "plugins/response_ratelimiting/response_ratelimiting.h"

#include <algorithm>
#include <cmath>

#include "plugin/answers.h"
#include "plugins/limits/identifier.h"
#include "plugins/limits/redis_counters.h"
#include "plugins/limits/windows.h"
#include "plugins/response_ratelimiting/amounts.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

// Counters of this node are whole numbers, what services tell of may be none.
constexpr double kScale = 1000;

// One window of one named limit.
struct Limit {
  std::string name;  // "videos"
  const Window* window;
  double limit;
  std::string limit_header, remaining_header, limit_text;
};

// What a request was told of its limits.
struct Known {
  bool known = false;
  std::string identifier;
  int64_t second = 0;
  std::vector<double> used;  // of each limit
};

std::vector<Limit> LimitsOf(const Json& config) {
  std::vector<Limit> limits;
  const Json* names = FindMember(config, "limits");
  if (names == nullptr || !names->is_object()) return limits;
  for (const auto& [name, windows] : names->items()) {
    for (const Window& window : kWindows) {
      const Json* limit = FindMember(windows, window.name);
      if (limit == nullptr || !limit->is_number()) continue;
      const std::string suffix = "-" + name + "-" + std::string(window.name);
      limits.push_back({name, &window, limit->get<double>(), "X-RateLimit-Limit" + suffix,
                        "X-RateLimit-Remaining" + suffix, NumberText(limit->get<double>())});
    }
  }
  return limits;
}

class ResponseRatelimiting final : public plugin::Plugin {
 public:
  ResponseRatelimiting(const plugin::PluginInstance& instance, plugin::PluginEnv& env)
      : env_(env),
        limits_(LimitsOf(instance.config)),
        identifier_(instance.config),
        shared_(StringViewMember(instance.config, "policy") == "cluster" ? env.shared_usage
                                                                         : nullptr),
        fault_tolerant_(BoolMember(instance.config, "fault_tolerant", true)),
        hide_headers_(BoolMember(instance.config, "hide_client_headers")),
        blocks_first_(BoolMember(instance.config, "block_on_first_violation")),
        header_name_(StringMember(instance.config, "header_name", "x-kong-limit")),
        service_id_(ForeignId(instance.row, "service")),
        route_id_(ForeignId(instance.row, "route")) {
    if (StringViewMember(instance.config, "policy") == "redis")
      redis_ = std::make_unique<const RedisCounters>(instance.config, env);
  }

  Next OnAccess(Exchange& exchange) const override {
    if (limits_.empty()) return Next::kContinue;
    Known& known = exchange.Slot<Known>(this);
    known.identifier = identifier_.Of(exchange);
    known.second = static_cast<int64_t>(env_.now());
    if (redis_) return AskRedis(exchange, known);
    if (shared_)
      return shared_->Available() ? AskOthers(exchange, known)
                                  : WithoutOthers(exchange, "the datastore is away");
    return Judge(exchange, OwnUsage(known));
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    Known& known = exchange.Slot<Known>(this);
    if (!known.known) return;
    const auto header = exchange.ResponseHeader(header_name_);
    const auto amounts = ParseAmounts(header.value_or(""));
    bool exceeded = false;
    for (size_t i = 0; i < limits_.size(); ++i) {
      const auto found = amounts.find(limits_[i].name);
      const double amount = found == amounts.end() ? 0 : found->second;
      const double remaining = limits_[i].limit - known.used[i];
      if (!hide_headers_) {
        exchange.SetResponseHeader(limits_[i].limit_header, limits_[i].limit_text);
        exchange.SetResponseHeader(limits_[i].remaining_header,
                                   NumberText(std::max(0.0, remaining - amount)));
      }
      exceeded = exceeded || (amount > 0 && remaining <= 0);
    }
    exchange.ClearResponseHeader(header_name_);
    if (!exceeded) return Count(known, amounts);
    // The service has worked, but its answer is not for this client any more. It does not count.
    exchange.SetResponseStatus(429);
    exchange.ReplaceResponseBody("");
  }

 private:
  // -- what has been used

  std::string OwnKey(const Known& known, const Limit& limit) const {
    return RedisKey("response-ratelimit", route_id_, service_id_, known.identifier,
                    WindowStart(*limit.window, known.second),
                    limit.name + ":" + std::string(limit.window->name));
  }

  std::vector<double> OwnUsage(const Known& known) const {
    std::vector<double> used;
    for (const Limit& limit : limits_) {
      const int64_t count = env_.counters.Get(OwnKey(known, limit), env_.now());
      used.push_back(static_cast<double>(count) / kScale);
    }
    return used;
  }

  // This node's counters hold what all nodes have told of, and what is still on its way from here.
  std::vector<double> TakeOver(const Known& known, const std::vector<int64_t>& values) const {
    const double now = env_.now();
    std::vector<double> used;
    for (size_t i = 0; i < limits_.size(); ++i) {
      const auto least = static_cast<int64_t>(static_cast<double>(values[i]) * kScale);
      const auto seconds = static_cast<double>(limits_[i].window->seconds);
      const int64_t count =
          env_.counters.RaiseTo(OwnKey(known, limits_[i]), least, now + seconds, now);
      used.push_back(static_cast<double>(count) / kScale);
    }
    return used;
  }

  std::vector<RedisCounters::Counter> RedisCountersOf(const Known& known,
                                                      std::string_view name) const {
    std::vector<RedisCounters::Counter> counters;
    for (const Limit& limit : limits_) {
      if (name.empty() || limit.name == name)
        counters.push_back({OwnKey(known, limit), limit.window->seconds});
    }
    return counters;
  }

  std::vector<plugin::UsageWindow> WindowsOf(const Known& known, std::string_view name) const {
    std::vector<plugin::UsageWindow> windows;
    for (const Limit& limit : limits_) {
      if (!name.empty() && limit.name != name) continue;
      windows.push_back({known.identifier, limit.name + "_" + std::string(limit.window->name),
                         WindowStart(*limit.window, known.second), limit.window->seconds,
                         service_id_, route_id_, plugin::UsageKind::kResponses});
    }
    return windows;
  }

  Next AskRedis(Exchange& exchange, const Known& known) const {
    auto resumer = exchange.Suspend();
    redis_->Get(RedisCountersOf(known, ""), [this, &exchange, resumer](const auto& values) {
      if (!resumer->Alive()) return;
      const Next next =
          values ? Judge(exchange, *values) : WithoutCounters(exchange, values.error().message());
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

  Next AskOthers(Exchange& exchange, const Known& known) const {
    auto resumer = exchange.Suspend();
    shared_->Ask(WindowsOf(known, ""), [this, &exchange, resumer](const auto& values) {
      if (!resumer->Alive()) return;
      Next next = Next::kContinue;
      if (values) {
        next = Judge(exchange, TakeOver(exchange.Slot<Known>(this), *values));
      } else {
        next = WithoutOthers(exchange, values.error().message());
      }
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

  // This node has counted too.
  Next WithoutOthers(Exchange& exchange, const std::string& why) const {
    if (fault_tolerant_) return Judge(exchange, OwnUsage(exchange.Slot<Known>(this)));
    return WithoutCounters(exchange, why);
  }

  Next WithoutCounters(Exchange& exchange, const std::string& why) const {
    env_.log.Log(plugin::LogLevel::kError, "response-ratelimiting: failed to get usage: " + why);
    if (fault_tolerant_) return Next::kContinue;
    return plugin::Refuse(exchange, 500, "An unexpected error occurred");
  }

  // -- what follows from it

  // Tells the service what is left.
  Next Judge(Exchange& exchange, std::vector<double> used) const {
    Known& known = exchange.Slot<Known>(this);
    for (size_t i = 0; i < limits_.size();) {
      const std::string& name = limits_[i].name;
      double least = HUGE_VAL;
      for (; i < limits_.size() && limits_[i].name == name; ++i)
        least = std::min(least, limits_[i].limit - used[i]);
      if (blocks_first_ && least <= 0)
        return plugin::Refuse(exchange, 429, "API rate limit exceeded for '" + name + "'");
      exchange.SetRequestHeader("X-RateLimit-Remaining-" + name, NumberText(least));
    }
    known.used = std::move(used);
    known.known = true;
    return Next::kContinue;
  }

  void Count(const Known& known, const std::map<std::string, double, std::less<>>& amounts) const {
    for (const auto& [name, amount] : amounts) {
      if (amount == 0) continue;
      if (redis_) {
        const auto counters = RedisCountersOf(known, name);
        if (!counters.empty()) redis_->Add(counters, amount, LogFailure());
        continue;
      }
      CountHere(known, name, amount);
      const auto whole = static_cast<int64_t>(std::llround(amount));
      if (shared_ && whole != 0) shared_->Count(WindowsOf(known, name), whole);
    }
  }

  RedisCounters::Done LogFailure() const {
    return [&log = env_.log](const auto& values) {
      if (!values)
        log.Log(plugin::LogLevel::kError,
                "response-ratelimiting: failed to count: " + values.error().message());
    };
  }

  void CountHere(const Known& known, std::string_view name, double amount) const {
    const double now = env_.now();
    for (const Limit& limit : limits_) {
      if (limit.name != name) continue;
      env_.counters.Add(OwnKey(known, limit), std::llround(amount * kScale),
                        now + static_cast<double>(limit.window->seconds), now);
    }
  }

  plugin::PluginEnv& env_;
  const std::vector<Limit> limits_;  // those of one name in a row
  const Identifier identifier_;
  std::unique_ptr<const RedisCounters> redis_;  // null: the policy is another one
  plugin::SharedUsage* const shared_;           // nullptr: what this node counts is all
  const bool fault_tolerant_, hide_headers_, blocks_first_;
  const std::string header_name_, service_id_, route_id_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new ResponseRatelimiting(instance, env));
}

}  // namespace

const plugin::PluginType kResponseRatelimiting = {"response-ratelimiting", 900, "2.1.0",
                                                  plugin::kAccess | plugin::kHeaderFilter, Create};

}  // namespace silverback::plugins

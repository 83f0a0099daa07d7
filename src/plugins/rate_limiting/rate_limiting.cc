#include "plugins/rate_limiting/rate_limiting.h"

#include <algorithm>
#include <cmath>

#include "plugin/answers.h"
#include "plugins/limits/identifier.h"
#include "plugins/limits/redis_counters.h"
#include "plugins/limits/windows.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr size_t kWindowSize = 32;  // what names a window in a key: ":1700000000:minute"

struct Limit {
  const Window* window;
  double limit;
  std::string limit_text;
};

// What one request has used of one limit, before it is counted itself.
struct Usage {
  const Limit* limit;
  double used;
};

// The names outlive the request: they are those of the windows.
using Shown = std::vector<std::pair<std::string_view, std::string>>;

class RateLimiting final : public plugin::Plugin {
 public:
  RateLimiting(const plugin::PluginInstance& instance, plugin::PluginEnv& env)
      : env_(env),
        identifier_(instance.config),
        redis_(MakeRedis(instance.config, env)),
        shared_(StringMember(instance.config, "policy") == "cluster" ? env.shared_usage : nullptr),
        fault_tolerant_(BoolMember(instance.config, "fault_tolerant", true)),
        hide_headers_(BoolMember(instance.config, "hide_client_headers")),
        service_id_(ForeignId(instance.row, "service")),
        route_id_(ForeignId(instance.row, "route")),
        key_prefix_("ratelimit:" + ForeignId(instance.row, "route") + ":" +
                    ForeignId(instance.row, "service") + ":") {
    for (const Window& window : kWindows) {
      const Json* limit = FindMember(instance.config, window.name);
      if (limit && limit->is_number())
        limits_.push_back({&window, limit->get<double>(), DumpJson(*limit)});
    }
  }

  Next OnAccess(Exchange& exchange) const override {
    if (redis_) return AskRedis(exchange);
    if (!shared_) return Judge(exchange);
    if (shared_->Available()) return AskOthers(exchange);
    return WithoutOthers(exchange);
  }

 private:
  // By what this node has counted. Counts the request, unless it is refused.
  Next Judge(Exchange& exchange) const {
    const double now = env_.now();
    const auto second = static_cast<int64_t>(now);
    std::vector<Usage> usage;
    usage.reserve(limits_.size());
    const Limit* exceeded = nullptr;
    const std::string_view identifier = identifier_.Of(exchange);
    std::string key;
    key.reserve(key_prefix_.size() + identifier.size() + kWindowSize);
    key.append(key_prefix_).append(identifier);
    const size_t stem = key.size();
    for (const Limit& limit : limits_) {
      SetWindow(key, stem, *limit.window, second);
      // Counted before it is judged, in one step: concurrent requests can never share the last
      // place.
      const int64_t count =
          env_.counters.Add(key, 1, now + static_cast<double>(limit.window->seconds), now);
      usage.push_back({&limit, static_cast<double>(count - 1)});
      if (static_cast<double>(count) > limit.limit) exceeded = &limit;
    }
    if (exceeded) GiveBack(key, stem, second, now);
    if (!exceeded && shared_) shared_->Count(WindowsOf(identifier, second), 1);
    return Answer(exchange, usage, exceeded, second);
  }

  // Waits for what all nodes have counted.
  Next AskOthers(Exchange& exchange) const {
    const auto second = static_cast<int64_t>(env_.now());
    auto resumer = exchange.Suspend();
    const std::string identifier(identifier_.Of(exchange));
    shared_->Ask(WindowsOf(identifier, second), [this, &exchange, resumer, identifier, second](
                                                    const Result<std::vector<int64_t>>& values) {
      if (!resumer->Alive()) return;
      if (values) TakeOver(identifier, second, *values);
      const Next next = values ? Judge(exchange) : WithoutOthers(exchange);
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

  Next WithoutOthers(Exchange& exchange) const {
    if (fault_tolerant_) return Judge(exchange);
    env_.log.Log(plugin::LogLevel::kError,
                 "rate-limiting: failed to get usage: the datastore is not available");
    return plugin::RespondJson(exchange, 500, "An unexpected error occurred");
  }

  // This node's counters hold what all nodes have told of, and what is still on its way from here.
  void TakeOver(std::string_view identifier, int64_t second,
                const std::vector<int64_t>& values) const {
    const double now = env_.now();
    std::string key = key_prefix_ + std::string(identifier);
    const size_t stem = key.size();
    for (size_t i = 0; i < limits_.size(); ++i) {
      const Window& window = *limits_[i].window;
      SetWindow(key, stem, window, second);
      // In one step: other workers hear of the same at the same time.
      env_.counters.RaiseTo(key, values[i], now + static_cast<double>(window.seconds), now);
    }
  }

  std::vector<plugin::UsageWindow> WindowsOf(std::string_view identifier, int64_t second) const {
    std::vector<plugin::UsageWindow> windows;
    windows.reserve(limits_.size());
    for (const Limit& limit : limits_) {
      windows.push_back({std::string(identifier), std::string(limit.window->name),
                         WindowStart(*limit.window, second), limit.window->seconds, service_id_,
                         route_id_});
    }
    return windows;
  }

  // Redis counts the request before it is judged, as this node does.
  Next AskRedis(Exchange& exchange) const {
    const auto second = static_cast<int64_t>(env_.now());
    auto resumer = exchange.Suspend();
    auto counters = RedisCountersOf(identifier_.Of(exchange), second);
    redis_->Add(counters, 1, [this, &exchange, resumer, counters, second](const auto& counts) {
      if (!resumer->Alive()) return;
      const Next next = counts ? JudgeRedis(exchange, counters, *counts, second)
                               : WithoutRedis(exchange, counts.error().message());
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

  Next JudgeRedis(Exchange& exchange, const std::vector<RedisCounters::Counter>& counters,
                  const std::vector<double>& counts, int64_t second) const {
    std::vector<Usage> usage;
    const Limit* exceeded = nullptr;
    for (size_t i = 0; i < limits_.size() && i < counts.size(); ++i) {
      usage.push_back({&limits_[i], counts[i] - 1});
      if (counts[i] > limits_[i].limit) exceeded = &limits_[i];
    }
    if (exceeded) redis_->Add(counters, -1, nullptr);
    return Answer(exchange, usage, exceeded, second);
  }

  Next WithoutRedis(Exchange& exchange, const std::string& why) const {
    env_.log.Log(plugin::LogLevel::kError, "rate-limiting: failed to get usage: " + why);
    if (fault_tolerant_) return Next::kContinue;
    return plugin::RespondJson(exchange, 500, "An unexpected error occurred");
  }

  std::vector<RedisCounters::Counter> RedisCountersOf(std::string_view identifier,
                                                      int64_t second) const {
    std::vector<RedisCounters::Counter> counters;
    for (const Limit& limit : limits_) {
      counters.push_back({RedisKey("ratelimit", route_id_, service_id_, identifier,
                                   WindowStart(*limit.window, second), limit.window->name),
                          limit.window->seconds});
    }
    return counters;
  }

  static std::unique_ptr<const RedisCounters> MakeRedis(const Json& config,
                                                        plugin::PluginEnv& env) {
    if (StringViewMember(config, "policy") != "redis") return nullptr;
    return std::make_unique<const RedisCounters>(config, env);
  }

  static void SetWindow(std::string& key, size_t stem, const Window& window, int64_t now) {
    key.resize(stem);
    key += ':';
    key += std::to_string(WindowStart(window, now));
    key += ':';
    key += window.name;
  }

  // A refused request does not count.
  void GiveBack(std::string& key, size_t stem, int64_t second, double now) const {
    for (const Limit& limit : limits_) {
      SetWindow(key, stem, *limit.window, second);
      env_.counters.Add(key, -1, now + static_cast<double>(limit.window->seconds), now);
    }
  }

  Next Answer(Exchange& exchange, const std::vector<Usage>& usage, const Limit* exceeded,
              int64_t now) const {
    Shown headers;
    if (!hide_headers_) headers = HeadersOf(usage, exceeded, now);
    if (exceeded) {
      plugin::Headers refused(headers.begin(), headers.end());
      if (!refused.empty()) refused.emplace_back("Retry-After", refused.back().second);
      return plugin::Refuse(exchange, 429, "API rate limit exceeded", std::move(refused));
    }
    for (const auto& [name, value] : headers) exchange.SetResponseHeader(name, value);
    return Next::kContinue;
  }

  // RateLimit-Reset is the last one.
  static Shown HeadersOf(const std::vector<Usage>& usage, const Limit* exceeded, int64_t now) {
    Shown headers;
    headers.reserve(usage.size() * 2 + 4);
    const Limit* closest = nullptr;
    double least = 0;
    for (const Usage& use : usage) {
      double remaining = use.limit->limit - use.used;
      if (!exceeded || exceeded == use.limit) remaining -= 1;
      remaining = std::max(0.0, remaining);
      if (!closest || remaining < least ||
          (remaining == least && use.limit->window->seconds > closest->window->seconds)) {
        closest = use.limit;
        least = remaining;
      }
      headers.emplace_back(use.limit->window->limit_header, use.limit->limit_text);
      headers.emplace_back(use.limit->window->remaining_header, NumberText(remaining));
    }
    if (!closest) return headers;
    const int64_t reset =
        std::max<int64_t>(1, closest->window->seconds - (now - WindowStart(*closest->window, now)));
    headers.emplace_back("RateLimit-Limit", closest->limit_text);
    headers.emplace_back("RateLimit-Remaining", NumberText(least));
    headers.emplace_back("RateLimit-Reset", std::to_string(reset));
    return headers;
  }

  plugin::PluginEnv& env_;
  std::vector<Limit> limits_;
  const Identifier identifier_;
  const std::unique_ptr<const RedisCounters> redis_;  // null: the policy is another one
  plugin::SharedUsage* const shared_;                 // nullptr: what this node counts is all
  const bool fault_tolerant_, hide_headers_;
  const std::string service_id_, route_id_, key_prefix_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new RateLimiting(instance, env));
}

}  // namespace

const plugin::PluginType kRateLimiting = {"rate-limiting", 901, "2.4.0", plugin::kAccess, Create};

}  // namespace silverback::plugins

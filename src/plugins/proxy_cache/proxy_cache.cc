#include "plugins/proxy_cache/proxy_cache.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "http/date.h"
#include "plugin/config.h"
#include "plugins/proxy_cache/cache_control.h"
#include "plugins/proxy_cache/cache_key.h"
#include "plugins/proxy_cache/cached_response.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

std::vector<int> Statuses(const Json& config) {
  const Json* list = FindMember(config, "response_code");
  return list != nullptr && list->is_array() ? list->get<std::vector<int>>() : std::vector<int>();
}

template <class T>
bool Contains(const std::vector<T>& list, const auto& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

// Headers of a kept answer that are about its own connection or its own moment.
bool IsOutdated(const std::string& name) {
  static const std::set<std::string, std::less<>> kOutdated = {"age",
                                                               "connection",
                                                               "content-length",
                                                               "keep-alive",
                                                               "proxy-authenticate",
                                                               "trailers",
                                                               "transfer-encoding",
                                                               "te",
                                                               "upgrade",
                                                               "proxy-authorization",
                                                               "x-cache-status"};
  const std::string lower = ToLower(name);
  return kOutdated.contains(lower) || lower.find("ratelimit-remaining") != lower.npos;
}

// How long an answer is good by what its headers say.
double FreshFor(const Exchange& exchange, const CacheControl& told, double now) {
  auto seconds = told.Seconds("s-maxage");
  if (!seconds) seconds = told.Seconds("max-age");
  if (!seconds) {
    const auto expires = exchange.ResponseHeaderValues("expires");
    const auto date = expires.empty() ? std::nullopt : http::ParseDate(expires.back());
    if (date) seconds = static_cast<double>(*date) - std::floor(now);
  }
  return std::max(0.0, seconds.value_or(0));
}

// An answer on its way that may be kept.
struct Pending {
  std::string key;  // "": it is not to be kept
  CachedResponse response;
  size_t room = 0;  // for the body
};

class ProxyCache final : public plugin::Plugin {
 public:
  ProxyCache(const Json& config, plugin::Dictionary& dictionary, plugin::PluginEnv& env)
      : env_(env),
        dictionary_(dictionary),
        methods_(plugin::StringList(config, "request_method")),
        content_types_(plugin::StringList(config, "content_type")),
        vary_query_params_(plugin::StringList(config, "vary_query_params")),
        vary_headers_(plugin::StringList(config, "vary_headers")),
        statuses_(Statuses(config)),
        heeds_cache_control_(BoolMember(config, "cache_control")),
        cache_ttl_(NumberMember(config, "cache_ttl", 300)),
        storage_ttl_(FindMember(config, "storage_ttl") ? NumberMember(config, "storage_ttl", -1)
                                                       : -1) {}

  Next OnAccess(Exchange& exchange) const override {
    const CacheControl asked(exchange.RequestHeaderValues("cache-control"));
    const bool refused = heeds_cache_control_ && (asked.Has("no-store") || asked.Has("no-cache"));
    if (refused || !Contains(methods_, exchange.Method())) {
      exchange.SetResponseHeader("X-Cache-Status", "Bypass");
      return Next::kContinue;
    }
    std::string key = CacheKey(exchange, vary_query_params_, vary_headers_);
    exchange.SetResponseHeader("X-Cache-Key", key);
    const auto text = dictionary_.Get(key, env_.now());
    auto found = text ? CachedResponse::Decode(*text) : std::nullopt;
    if (found && IsFresh(*found, asked)) return Replay(exchange, *std::move(found));
    if (!found && heeds_cache_control_ && asked.Has("only-if-cached")) {
      exchange.Respond({.status = 504, .headers = {}, .body = {}, .raw_body = true, .message = {}});
      return Next::kRespond;
    }
    exchange.SetResponseHeader("X-Cache-Status", found ? "Refresh" : "Miss");
    // Nothing of a HEAD request's answer passes that could be kept.
    if (exchange.Method() == "HEAD") return Next::kContinue;
    exchange.Slot<Pending>(this).key = std::move(key);
    return found ? Next::kContinue : ReadBody(exchange);
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    auto& pending = exchange.Slot<Pending>(this);
    if (pending.key.empty()) return;
    const CacheControl told(exchange.ResponseHeaderValues("cache-control"));
    const double fresh = heeds_cache_control_ ? FreshFor(exchange, told, env_.now()) : cache_ttl_;
    if (!MayKeep(exchange, told, fresh)) {
      exchange.SetResponseHeader("X-Cache-Status", "Bypass");
      pending.key.clear();
      return;
    }
    pending.response.status = exchange.ResponseStatus();
    pending.response.ttl = fresh;
    pending.response.headers = exchange.ResponseHeaders();
    if (auto connection = exchange.Variable("sent_http_connection"))
      pending.response.headers.emplace_back("connection", *std::move(connection));
    const size_t head = pending.response.Encode().size();
    const size_t most = dictionary_.LargestValue();
    pending.room = most > head ? most - head : 0;
  }

  bool WantsBody(Exchange& exchange) const override {
    return !exchange.Slot<Pending>(this).key.empty();
  }

  void OnBodyFilter(Exchange& exchange, plugin::BodyChunk& chunk) const override {
    auto& pending = exchange.Slot<Pending>(this);
    if (pending.key.empty()) return;
    std::string& body = pending.response.body;
    if (body.size() + chunk.data->size() > pending.room) {
      env_.log.Log(plugin::LogLevel::kWarn,
                   "proxy-cache: an answer is not kept: it is too large for its dictionary");
      pending = {};
      return;
    }
    body += *chunk.data;
    if (chunk.last) Keep(pending);
  }

 private:
  bool IsFresh(const CachedResponse& found, const CacheControl& asked) const {
    const double age = std::floor(env_.now()) - static_cast<double>(found.stored_at);
    if (!heeds_cache_control_) return age <= cache_ttl_;
    const auto max_age = asked.Seconds("max-age"), max_stale = asked.Seconds("max-stale"),
               min_fresh = asked.Seconds("min-fresh");
    return !(max_age && age > *max_age) && !(max_stale && age - found.ttl > *max_stale) &&
           !(min_fresh && found.ttl - age < *min_fresh);
  }

  Next Replay(Exchange& exchange, CachedResponse found) const {
    const auto age = static_cast<int64_t>(env_.now()) - found.stored_at;
    plugin::LocalResponse answer;
    answer.status = found.status;
    answer.body = std::move(found.body);
    answer.raw_body = answer.replayed = true;
    std::set<std::string> seen;
    for (auto& [name, value] : found.headers) {
      if (IsOutdated(name)) continue;
      if (EqualsIgnoreCase(name, "content-type")) {
        answer.headers.emplace_back(name, std::move(value));
      } else if (seen.insert(ToLower(name)).second) {
        exchange.SetResponseHeader(name, value);
      } else {
        exchange.AddResponseHeader(name, value);
      }
    }
    exchange.SetResponseHeader("Age", std::to_string(age));
    exchange.SetResponseHeader("X-Cache-Status", "Hit");
    exchange.Respond(std::move(answer));
    return Next::kRespond;
  }

  // What was asked is kept with the answer.
  Next ReadBody(Exchange& exchange) const {
    const bool has_body = exchange.RequestHeader("content-length") ||
                          exchange.RequestHeader("transfer-encoding") ||
                          exchange.HttpVersion() >= 2;
    if (!has_body) {
      exchange.Slot<Pending>(this).response.request_body = "";
      return Next::kContinue;
    }
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      if (body) exchange.Slot<Pending>(this).response.request_body = std::string(*body);
      resumer->Resume(false);
    });
    return Next::kSuspend;
  }

  bool MayKeep(const Exchange& exchange, const CacheControl& told, double fresh) const {
    if (!Contains(statuses_, exchange.ResponseStatus())) return false;
    if (!Contains(content_types_, exchange.ResponseHeader("content-type").value_or("")))
      return false;
    if (!heeds_cache_control_) return true;
    return !told.Has("private") && !told.Has("no-store") && !told.Has("no-cache") && fresh > 0;
  }

  void Keep(Pending& pending) const {
    const double now = env_.now();
    pending.response.stored_at = static_cast<int64_t>(now);
    const double ttl = storage_ttl_ >= 0 ? storage_ttl_ : pending.response.ttl;
    dictionary_.Put(pending.key, pending.response.Encode(), ttl > 0 ? now + ttl : 0);
    pending = {};
  }

  plugin::PluginEnv& env_;
  plugin::Dictionary& dictionary_;
  const std::vector<std::string> methods_, content_types_, vary_query_params_, vary_headers_;
  const std::vector<int> statuses_;
  const bool heeds_cache_control_;
  const double cache_ttl_;
  const double storage_ttl_;  // negative: as long as it is fresh; 0: as long as there is room
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  const std::string name = DictionaryNameOf(instance.config);
  plugin::Dictionary* dictionary = env.dictionary ? env.dictionary(name) : nullptr;
  if (dictionary == nullptr)
    return Error(ErrorCode::kInternal, "there is no shared dictionary '" + name + "'");
  return std::unique_ptr<plugin::Plugin>(new ProxyCache(instance.config, *dictionary, env));
}

}  // namespace

const plugin::PluginType kProxyCache = {
    "proxy-cache", 100, "1.3.2", plugin::kAccess | plugin::kHeaderFilter | plugin::kBodyObserver,
    Create};

}  // namespace silverback::plugins

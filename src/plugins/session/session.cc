#include "plugins/session/session.h"

#include <algorithm>
#include <cmath>

#include "plugin/answers.h"
#include "plugin/body_args.h"
#include "plugin/config.h"
#include "plugins/session/cookie.h"
#include "plugins/session/sealed.h"
#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr size_t kIdBytes = 32;

// What a session remembers.
struct Content {
  std::string consumer, credential;
  Json groups;                         // null: none
  double expires = 0, use_before = 0;  // seconds since the epoch; 0: no such limit

  std::string Text() const {
    return DumpJson(Json{{"consumer", consumer},
                         {"credential", credential},
                         {"groups", groups},
                         {"expires", expires},
                         {"use_before", use_before}});
  }
  static std::optional<Content> Parse(const std::string& text) {
    const auto json = ParseJson(text);
    if (!json) return std::nullopt;
    Content content;
    content.consumer = StringMember(*json, "consumer");
    content.credential = StringMember(*json, "credential");
    if (const Json* groups = FindMember(*json, "groups")) content.groups = *groups;
    content.expires = NumberMember(*json, "expires");
    content.use_before = NumberMember(*json, "use_before");
    return content;
  }
};

struct State {
  std::optional<Content> content;  // of the session that the request came with
  std::string row_id;              // where it is stored; "" when it is in the cookie
};

class Session final : public plugin::Plugin {
 public:
  Session(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        sealer_(StringMember(config, "secret")),
        cookie_(config),
        stored_(StringMember(config, "storage") == "kong"),
        lifetime_(NumberMember(config, "cookie_lifetime", 3600)),
        idle_time_(NumberMember(config, "cookie_idletime")),
        renew_(NumberMember(config, "cookie_renew", 600)),
        discard_(NumberMember(config, "cookie_discard", 10)),
        logout_methods_(plugin::StringList(config, "logout_methods")),
        logout_query_(StringMember(config, "logout_query_arg")),
        logout_post_(StringMember(config, "logout_post_arg")) {}

  Next OnAccess(Exchange& exchange) const override {
    State& state = exchange.Slot<State>(this);
    if (!Open(exchange, state)) return Next::kContinue;
    if (!MayLogOut(exchange)) return Start(exchange, state);
    if (!logout_query_.empty() &&
        plugin::QueryArguments(exchange.RawQuery()).contains(logout_query_))
      return LogOut(exchange, state);
    if (logout_post_.empty()) return Start(exchange, state);
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      const auto type = exchange.RequestHeader("content-type");
      const auto arguments = plugin::BodyArguments(type.value_or(""), body.value_or(""));
      State& its = exchange.Slot<State>(this);
      const bool out = arguments && IsTrue(FindMember(*arguments, logout_post_));
      const Next next = out ? LogOut(exchange, its) : Start(exchange, its);
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

  // Somebody has authenticated without the session, or as somebody else.
  void OnHeaderFilter(Exchange& exchange) const override {
    const plugin::EntityRef& consumer = exchange.consumer();
    const plugin::EntityRef& credential = exchange.credential();
    if (!consumer || !credential) return;
    const State& state = exchange.Slot<State>(this);
    const std::string consumer_id = StringMember(*consumer, "id");
    const std::string credential_id = StringMember(*credential, "id", consumer_id);
    if (state.content && state.content->consumer == consumer_id &&
        state.content->credential == credential_id)
      return;
    Content content{consumer_id, credential_id, nullptr, 0, 0};
    if (const Json* groups = FindMember(exchange.Shared(), "authenticated_groups"))
      content.groups = *groups;
    Save(exchange, content);
  }

 private:
  static bool IsTrue(const Json* value) { return value && !value->is_null() && *value != false; }

  // A session belongs to the scheme and the kind of client it began with.
  static std::string Purpose(const Exchange& exchange, std::string_view id) {
    const auto agent = exchange.RequestHeader("user-agent");
    return fmt::format("{}\n{}\n{}", exchange.Scheme(), agent.value_or(""), id);
  }

  // False: the request has no valid session.
  bool Open(const Exchange& exchange, State& state) const {
    const std::string value = cookie_.ValueIn(exchange);
    if (value.empty()) return false;
    std::string sealed = value, id;
    if (stored_) {
      const auto row = env_.entities.FindUnique("sessions", "session_id", value);
      if (!row) return false;
      sealed = StringMember(*row, "data");
      state.row_id = StringMember(*row, "id");
      id = value;
    }
    const auto text = sealer_.Open(sealed, Purpose(exchange, id));
    auto content = text ? Content::Parse(*text) : std::nullopt;
    const double now = env_.now();
    if (!content || (content->expires > 0 && content->expires <= now) ||
        (content->use_before > 0 && content->use_before <= now))
      return false;
    state.content = std::move(content);
    return true;
  }

  bool MayLogOut(const Exchange& exchange) const {
    return std::find(logout_methods_.begin(), logout_methods_.end(), exchange.Method()) !=
           logout_methods_.end();
  }

  Next LogOut(Exchange& exchange, const State& state) const {
    Forget(state);
    cookie_.Expire(exchange);
    return plugin::RespondRaw(exchange, 200, "");
  }

  void Forget(const State& state) const {
    if (!state.row_id.empty()) env_.writer->Delete("sessions", state.row_id, LogFailure());
  }

  plugin::EntityWriter::Done LogFailure() const {
    return [&log = env_.log](const Result<Json>& done) {
      if (!done)
        log.Log(plugin::LogLevel::kError,
                "[session] cannot change a stored session: " + done.error().message());
    };
  }

  Next Start(Exchange& exchange, State& state) const {
    plugin::EntityRef consumer = env_.entities.Find("consumers", state.content->consumer);
    if (!consumer) {
      Forget(state);
      state.content.reset();
      cookie_.Expire(exchange);
      return Next::kContinue;
    }
    const double left = state.content->expires - env_.now();
    if (state.content->expires > 0 && (left < renew_ || left > lifetime_)) Renew(exchange, state);
    Json credential = {{"id", state.content->credential}, {"consumer_id", state.content->consumer}};
    exchange.Authenticate(std::move(consumer), std::make_shared<const Json>(std::move(credential)));
    ShowGroups(exchange, state.content->groups);
    return Next::kContinue;
  }

  static void ShowGroups(Exchange& exchange, const Json& groups) {
    if (!groups.is_array()) return exchange.ClearRequestHeader("X-Authenticated-Groups");
    std::string text;
    for (const Json& group : groups) {
      if (!group.is_string()) continue;
      text.append(text.empty() ? "" : ", ").append(group.get_ref<const std::string&>());
    }
    exchange.SetRequestHeader("X-Authenticated-Groups", text);
    exchange.Shared()["authenticated_groups"] = groups;
  }

  // Requests that are under way with the old cookie may still come for a while.
  void Renew(Exchange& exchange, const State& state) const {
    Save(exchange, *state.content);
    if (state.row_id.empty()) return;
    if (discard_ <= 0) return Forget(state);
    env_.writer->Update("sessions", state.row_id, Json::object(), std::max(discard_, 1.0),
                        LogFailure());
  }

  void Save(Exchange& exchange, Content content) const {
    const double now = std::floor(env_.now());
    content.expires = lifetime_ > 0 ? now + lifetime_ : 0;
    content.use_before = idle_time_ > 0 ? now + idle_time_ : 0;
    const std::string id = stored_ ? Base64UrlEncode(RandomBytes(kIdBytes)) : "";
    const std::string sealed = sealer_.Seal(content.Text(), Purpose(exchange, id));
    if (stored_) {
      env_.writer->Insert("sessions",
                          {{"session_id", id},
                           {"data", sealed},
                           {"expires", static_cast<int64_t>(content.expires)}},
                          std::max(lifetime_, 0.0), LogFailure());
    }
    cookie_.Set(exchange, stored_ ? id : sealed);
  }

  plugin::PluginEnv& env_;
  const Sealer sealer_;
  const SessionCookie cookie_;
  const bool stored_;
  const double lifetime_, idle_time_, renew_, discard_;
  const std::vector<std::string> logout_methods_;
  const std::string logout_query_, logout_post_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new Session(instance.config, env));
}

}  // namespace

const plugin::PluginType kSession = {"session", 1900, "2.4.5",
                                     plugin::kAccess | plugin::kHeaderFilter, Create};

}  // namespace silverback::plugins

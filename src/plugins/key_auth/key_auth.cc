#include "plugins/key_auth/key_auth.h"

#include "http/multipart.h"
#include "http/query.h"
#include "plugin/authentication.h"
#include "plugin/body_args.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;
using plugin::Refusal;

enum class Place { kNowhere, kHeader, kQuery, kBody };

struct Found {
  Place place = Place::kNowhere;
  std::string name{};
  std::string key{};
  bool duplicate = false;  // several values, or one that is no text
};

class KeyAuth final : public plugin::Plugin {
 public:
  KeyAuth(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        names_(config.value("key_names", std::vector<std::string>())),
        anonymous_(StringMember(config, "anonymous")),
        hide_(BoolMember(config, "hide_credentials")),
        in_header_(BoolMember(config, "key_in_header", true)),
        in_query_(BoolMember(config, "key_in_query", true)),
        in_body_(BoolMember(config, "key_in_body")),
        on_preflight_(BoolMember(config, "run_on_preflight", true)) {
    // Kong's lookup reads header names with underscores as hyphens too.
    for (const std::string& name : names_) header_names_.push_back(ReplaceAll(name, "_", "-"));
  }

  Next OnAccess(Exchange& exchange) const override {
    if (!on_preflight_ && exchange.Method() == "OPTIONS") return Next::kContinue;
    if (!anonymous_.empty() && exchange.credential()) return Next::kContinue;
    if (!in_body_) return Authenticate(exchange, nullptr);
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      const auto type = exchange.RequestHeader("content-type");
      const auto arguments = plugin::BodyArguments(type.value_or(""), body.value_or(""));
      const Next next = Authenticate(exchange, arguments ? &*arguments : nullptr);
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

 private:
  Next Authenticate(Exchange& exchange, const Json* body) const {
    Found found = Find(exchange, body);
    if (found.duplicate) return Refuse(exchange, {.message = "Duplicate API key found"});
    if (found.place != Place::kNowhere && hide_) Hide(exchange, found.name, body);
    if (found.key.empty()) {
      exchange.SetResponseHeader("WWW-Authenticate", "Key realm=\"kong\"");
      return Refuse(exchange, {.message = "No API key found in request"});
    }
    plugin::EntityRef credential =
        env_.entities.FindUnique("keyauth_credentials", "key", found.key);
    if (!credential) return Refuse(exchange, {.message = "Invalid authentication credentials"});
    plugin::EntityRef consumer = plugin::ConsumerOf(env_, *credential);
    if (!consumer) return Refuse(exchange, {.message = "Invalid authentication credentials"});
    exchange.Authenticate(std::move(consumer), std::move(credential));
    return Next::kContinue;
  }

  Next Refuse(Exchange& exchange, Refusal refusal) const {
    return plugin::RefuseOrAnonymous(exchange, env_, anonymous_, std::move(refusal));
  }

  // The first name that is there decides, whatever its value is worth.
  Found Find(const Exchange& exchange, const Json* body) const {
    const auto query = in_query_ && !exchange.RawQuery().empty()
                           ? http::ParseQuery(exchange.RawQuery())
                           : std::vector<http::Argument>();
    for (size_t i = 0; i < names_.size(); ++i) {
      Found found{.name = names_[i]};
      if (in_header_) {
        LookInHeaders(exchange, names_[i], found);
        if (found.place == Place::kNowhere && header_names_[i] != names_[i]) {
          LookInHeaders(exchange, header_names_[i], found);
        }
      }
      if (found.place == Place::kNowhere) LookInQuery(query, names_[i], found);
      if (found.place == Place::kNowhere && body) LookInBody(*body, names_[i], found);
      if (found.place != Place::kNowhere) return found;
    }
    return {};
  }

  static void LookInHeaders(const Exchange& exchange, const std::string& name, Found& found) {
    const auto values = exchange.RequestHeaderValues(name);
    if (values.empty()) return;
    found.place = Place::kHeader;
    found.key = values.front();
    found.duplicate = values.size() > 1;
  }

  static void LookInQuery(const std::vector<http::Argument>& query, const std::string& name,
                          Found& found) {
    for (const http::Argument& argument : query) {
      if (argument.name != name || !argument.value) continue;
      found.duplicate = found.place == Place::kQuery;
      found.place = Place::kQuery;
      found.key = *argument.value;
      if (found.duplicate) return;
    }
  }

  static void LookInBody(const Json& body, const std::string& name, Found& found) {
    const Json* value = FindMember(body, name);
    if (!value || value->is_null()) return;
    if (value->is_structured()) found.duplicate = true;
    if (!value->is_string() && !value->is_structured()) return;
    found.place = Place::kBody;
    if (value->is_string()) found.key = value->get<std::string>();
  }

  // The name that was found is taken out of every place; query and body are written anew.
  void Hide(Exchange& exchange, const std::string& name, const Json* body) const {
    exchange.ClearRequestHeader(name);
    if (!exchange.RawQuery().empty())
      exchange.SetRawQuery(plugin::WithoutArgument(exchange.RawQuery(), name));
    if (body && body->is_object()) HideInBody(exchange, name, *body);
  }

  static void HideInBody(Exchange& exchange, const std::string& name, Json body) {
    const std::string type(exchange.RequestHeader("content-type").value_or(""));
    const std::string kind = ToLower(type);
    body.erase(name);
    if (kind.starts_with("application/json")) {
      exchange.SetRequestBody(DumpJson(body));
    } else if (kind.starts_with("application/x-www-form-urlencoded")) {
      exchange.SetRequestBody(plugin::EncodeArguments(body));
    } else {
      exchange.SetRequestBody(plugin::EncodeMultipart(body, http::MultipartBoundary(type)));
    }
  }

  plugin::PluginEnv& env_;
  const std::vector<std::string> names_;
  std::vector<std::string> header_names_;
  const std::string anonymous_;
  const bool hide_, in_header_, in_query_, in_body_, on_preflight_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new KeyAuth(instance.config, env));
}

}  // namespace

const plugin::PluginType kKeyAuth = {"key-auth", 1003, "2.4.0", plugin::kAccess, Create};

}  // namespace silverback::plugins

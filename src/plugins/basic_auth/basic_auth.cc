#include "plugins/basic_auth/basic_auth.h"

#include "plugin/authentication.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;
using plugin::Refusal;

struct Given {
  std::string username, password;
};

// "Basic" or "basic" anywhere before the credentials, as Kong finds it. nullopt: none are there.
std::optional<Given> Parse(std::string_view header) {
  size_t at = 0;
  do {
    at = header.find("asic", at + 1);
    if (at == header.npos) return std::nullopt;
  } while (header[at - 1] != 'B' && header[at - 1] != 'b');
  const auto decoded = Base64Decode(Trim(header.substr(at + 4)));
  if (!decoded) return std::nullopt;
  const size_t colon = decoded->find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  return Given{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

class BasicAuth final : public plugin::Plugin {
 public:
  BasicAuth(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        anonymous_(StringMember(config, "anonymous")),
        hide_(BoolMember(config, "hide_credentials")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!anonymous_.empty() && exchange.credential()) return Next::kContinue;
    if (!exchange.RequestHeader("authorization") && !exchange.RequestHeader("proxy-authorization"))
      return Refuse(exchange, "Unauthorized", {{"WWW-Authenticate", "Basic realm=\"kong\""}});
    // A user whom Proxy-Authorization names and who exists decides; else Authorization does.
    auto given = Take(exchange, "proxy-authorization");
    plugin::EntityRef credential = given ? Find(given->username) : nullptr;
    if (!credential) {
      given = Take(exchange, "authorization");
      credential = given ? Find(given->username) : nullptr;
    }
    if (!credential || !Matches(*credential, given->password))
      return Refuse(exchange, "Invalid authentication credentials");
    plugin::EntityRef consumer = plugin::ConsumerOf(env_, *credential);
    if (!consumer) return Refuse(exchange, "Invalid authentication credentials");
    exchange.Authenticate(std::move(consumer), std::move(credential));
    return Next::kContinue;
  }

 private:
  std::optional<Given> Take(Exchange& exchange, std::string_view name) const {
    const auto header = exchange.RequestHeader(name);
    if (!header) return std::nullopt;
    auto given = Parse(*header);
    if (hide_) exchange.ClearRequestHeader(name);
    return given;
  }

  plugin::EntityRef Find(const std::string& username) const {
    return env_.entities.FindUnique("basicauth_credentials", "username", username);
  }

  // Stored as SHA-1 of the password and the consumer's id, in hexadecimal.
  static bool Matches(const Json& credential, const std::string& password) {
    const std::string hash = ToHex(Sha1(password + ForeignId(credential, "consumer")));
    return SecretEquals(hash, StringViewMember(credential, "password"));
  }

  Next Refuse(Exchange& exchange, std::string message, plugin::Headers headers = {}) const {
    Refusal refusal{.message = std::move(message)};
    refusal.headers = std::move(headers);
    return plugin::RefuseOrAnonymous(exchange, env_, anonymous_, std::move(refusal));
  }

  plugin::PluginEnv& env_;
  const std::string anonymous_;
  const bool hide_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new BasicAuth(instance.config, env));
}

}  // namespace

const plugin::PluginType kBasicAuth = {"basic-auth", 1001, "2.2.0", plugin::kAccess, Create};

}  // namespace silverback::plugins

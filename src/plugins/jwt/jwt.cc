#include "plugins/jwt/jwt.h"

#include <unordered_map>

#include "http/cookie.h"
#include "http/query.h"
#include "plugin/answers.h"
#include "plugin/authentication.h"
#include "plugin/config.h"
#include "plugins/jwt/token.h"
#include "plugins/pattern/pattern.h"
#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr size_t kMostKeys = 1000;

// Public keys by their text, decoded once. Event loop only.
class KeyCache {
 public:
  EVP_PKEY* Find(const std::string& pem) {
    const auto known = keys_.find(pem);
    if (known != keys_.end()) return known->second.get();
    if (keys_.size() >= kMostKeys) keys_.clear();
    return (keys_[pem] = DecodePublicKey(pem)).get();
  }

 private:
  std::unordered_map<std::string, PublicKey> keys_;
};

struct Found {
  std::optional<std::string> token;
  const char* why = "Unauthorized";  // without one
};

struct Outcome {
  std::string refusal;           // "": the token is good
  Json claims = Json::object();  // what is wrong with them, instead of `refusal`
  bool good() const { return refusal.empty() && claims.empty(); }
};

class Jwt final : public plugin::Plugin {
 public:
  Jwt(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        uri_names_(plugin::StringList(config, "uri_param_names")),
        cookie_names_(plugin::StringList(config, "cookie_names")),
        header_names_(plugin::StringList(config, "header_names")),
        claims_(plugin::StringList(config, "claims_to_verify")),
        key_claim_(StringMember(config, "key_claim_name", "iss")),
        anonymous_(StringMember(config, "anonymous")),
        base64_(BoolMember(config, "secret_is_base64")),
        on_preflight_(BoolMember(config, "run_on_preflight", true)),
        longest_(NumberMember(config, "maximum_expiration")),
        bearer_(Pattern::Compile("\\s*[Bb]earer\\s+(.+)")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!on_preflight_ && exchange.Method() == "OPTIONS") return Next::kContinue;
    if (!anonymous_.empty() && exchange.credential()) return Next::kContinue;
    const Outcome outcome = Authenticate(exchange);
    if (outcome.good()) return Next::kContinue;
    if (anonymous_.empty() && !outcome.claims.empty())
      return plugin::RespondDocument(exchange, 401, outcome.claims);
    return plugin::RefuseOrAnonymous(exchange, env_, anonymous_,
                                     {.message = outcome.refusal, .json_only = true});
  }

 private:
  Outcome Authenticate(Exchange& exchange) const {
    const Found found = Find(exchange);
    if (!found.token) return {found.why};
    const auto token = ParseToken(*found.token);
    if (!token) return {"Bad token; " + token.error().message()};
    const Json* key = KeyOf(*token);
    if (!key) return {"No mandatory '" + key_claim_ + "' in claims"};
    if (!key->is_string() || key->get_ref<const std::string&>().empty())
      return {"Invalid '" + key_claim_ + "' in claims"};
    plugin::EntityRef credential =
        env_.entities.FindUnique("jwt_secrets", "key", key->get_ref<const std::string&>());
    if (!credential) return {"No credentials found for given '" + key_claim_ + "'"};
    Outcome outcome = Check(*token, *credential);
    if (!outcome.good()) return outcome;
    plugin::EntityRef consumer = plugin::ConsumerOf(env_, *credential);
    if (!consumer)
      return {"Could not find consumer for '" + key_claim_ + "=" + key->get<std::string>() + "'"};
    exchange.Authenticate(std::move(consumer), std::move(credential));
    exchange.Shared()["authenticated_jwt_token"] = *found.token;
    return outcome;
  }

  // The places are looked at in this order, and the first that has a token decides.
  Found Find(const Exchange& exchange) const {
    const auto query = http::ParseQuery(exchange.RawQuery());
    for (const std::string& name : uri_names_) {
      const http::Argument* first = nullptr;
      for (const http::Argument& argument : query) {
        if (argument.name != name) continue;
        if (first) return {std::nullopt, "Multiple tokens provided"};
        first = &argument;
      }
      if (first) return {first->value, "Unrecognizable token"};
    }
    for (const std::string& name : cookie_names_) {
      if (auto token = FindCookie(exchange, name)) return {std::move(token)};
    }
    for (const std::string& name : header_names_) {
      const auto header = exchange.RequestHeader(name);
      if (!header) continue;
      auto caught = bearer_->Captures(*header);
      if (!caught.empty()) return {std::move(caught[1])};
    }
    return {};
  }

  static std::optional<std::string> FindCookie(const Exchange& exchange, std::string_view name) {
    for (const std::string_view header : exchange.RequestHeaderValues("cookie")) {
      for (const auto& [key, value] : http::ParseCookies(header)) {
        if (EqualsIgnoreCase(key, name))
          return value.empty() ? std::nullopt : std::optional<std::string>(value);
      }
    }
    return std::nullopt;
  }

  const Json* KeyOf(const Token& token) const {
    for (const Json* part : {&token.claims, &token.header}) {
      const Json* key = FindMember(*part, key_claim_);
      if (key && !key->is_null() && *key != false) return key;
    }
    return nullptr;
  }

  Outcome Check(const Token& token, const Json& credential) const {
    const std::string algorithm = StringMember(credential, "algorithm", "HS256");
    if (token.algorithm != algorithm) return {"Invalid algorithm"};
    std::string secret =
        StringMember(credential, HasSecret(algorithm) ? "secret" : "rsa_public_key");
    if (base64_) secret = Base64UrlDecode(secret).value_or("");
    if (secret.empty()) return {"Invalid key/secret"};
    if (!Verify(token, secret)) return {"Invalid signature"};
    Outcome outcome;
    for (const std::string& name : claims_) CheckTime(token.claims, name, outcome.claims);
    if (outcome.claims.empty() && longest_ > 0 &&
        NumberMember(token.claims, "exp", env_.now() + longest_ + 1) - Now() > longest_)
      outcome.claims["exp"] = "exceeds maximum allowed expiration";
    return outcome;
  }

  bool Verify(const Token& token, const std::string& secret) const {
    if (HasSecret(token.algorithm)) return VerifyBySecret(token, secret);
    EVP_PKEY* key = keys_.Find(secret);
    return key && VerifyByKey(token, key);
  }

  double Now() const { return static_cast<double>(static_cast<int64_t>(env_.now())); }

  void CheckTime(const Json& claims, const std::string& name, Json& errors) const {
    const Json* claim = FindMember(claims, name);
    if (!claim || !claim->is_number()) {
      errors[name] = "must be a number";
    } else if (name == "nbf" && claim->get<double>() > Now()) {
      errors[name] = "token not valid yet";
    } else if (name == "exp" && claim->get<double>() <= Now()) {
      errors[name] = "token expired";
    }
  }

  plugin::PluginEnv& env_;
  const std::vector<std::string> uri_names_, cookie_names_, header_names_, claims_;
  const std::string key_claim_, anonymous_;
  const bool base64_, on_preflight_;
  const double longest_;
  const std::unique_ptr<const Pattern> bearer_;
  mutable KeyCache keys_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new Jwt(instance.config, env));
}

}  // namespace

const plugin::PluginType kJwt = {"jwt", 1005, "2.2.0", plugin::kAccess, Create};

}  // namespace silverback::plugins

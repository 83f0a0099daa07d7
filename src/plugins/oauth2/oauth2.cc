#include "plugins/oauth2/oauth2.h"

#include "plugin/answers.h"
#include "plugin/authentication.h"
#include "plugin/body_args.h"
#include "plugins/oauth2/endpoints.h"
#include "plugins/oauth2/settings.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using oauth2::Parameters;
using oauth2::Reply;
using plugin::Exchange;
using plugin::Next;

constexpr char kScopeHeader[] = "X-Authenticated-Scope";
constexpr char kUserHeader[] = "X-Authenticated-UserId";

Next Send(Exchange& exchange, Reply reply) {
  reply.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  return plugin::RespondRaw(exchange, reply.status, DumpJson(reply.body), std::move(reply.headers));
}

// With the challenge that tells the client what is wrong.
Reply Challenged(int status, const std::string& error, const std::string& description,
                 bool tell = true) {
  Reply reply = oauth2::Failure(error, description);
  reply.status = status;
  std::string challenge = "Bearer realm=\"service\"";
  if (tell) challenge += fmt::format(" error=\"{}\" error_description=\"{}\"", error, description);
  reply.headers.emplace_back("WWW-Authenticate", challenge);
  return reply;
}

Reply InvalidToken() {
  return Challenged(401, "invalid_token", "The access token is invalid or has expired");
}

enum class Endpoint { kNone, kToken, kAuthorization };

Endpoint EndpointOf(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with("/oauth2/token")) return Endpoint::kToken;
  return path.ends_with("/oauth2/authorize") ? Endpoint::kAuthorization : Endpoint::kNone;
}

// What works on after a request has gone, and its plugin perhaps with it.
struct Server {
  Server(const Json& config, plugin::PluginEnv& env)
      : settings(config),
        issuer(settings, env),
        tokens(settings, env, issuer),
        authorization(settings, env, issuer) {}
  Server(const Server&) = delete;

  const oauth2::Settings settings;
  const oauth2::Issuer issuer;
  const oauth2::TokenEndpoint tokens;
  const oauth2::AuthorizationEndpoint authorization;
};

class OAuth2 final : public plugin::Plugin {
 public:
  OAuth2(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        server_(std::make_shared<const Server>(config, env)),
        settings_(server_->settings) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!settings_.anonymous.empty() && exchange.credential()) return Next::kContinue;
    const Endpoint endpoint = EndpointOf(exchange.Path());
    if (endpoint != Endpoint::kNone && exchange.Method() != "POST")
      return Send(exchange, InvalidMethod(exchange, endpoint));
    const bool needs_body =
        endpoint != Endpoint::kNone ||
        (!exchange.RequestHeader(settings_.auth_header) && MayHaveArguments(exchange));
    if (!needs_body) return Check(exchange, "");
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, endpoint, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      const std::string text(body.value_or(""));
      if (endpoint == Endpoint::kNone) {
        resumer->Resume(Check(exchange, text) == Next::kRespond);
      } else {
        Handle(exchange, resumer, endpoint, text);
      }
    });
    return Next::kSuspend;
  }

 private:
  static Reply InvalidMethod(const Exchange& exchange, Endpoint endpoint) {
    return Challenged(
        405, "invalid_method",
        fmt::format("The HTTP method {} is invalid for the {} endpoint", exchange.Method(),
                    endpoint == Endpoint::kToken ? "token" : "authorization"));
  }

  static bool MayHaveArguments(const Exchange& exchange) {
    const std::string_view method = exchange.Method();
    return method == "POST" || method == "PUT" || method == "PATCH";
  }

  void Handle(Exchange& exchange, const std::shared_ptr<Exchange::Resumer>& resumer,
              Endpoint endpoint, const std::string& body) const {
    const auto done = [resumer, server = server_, &exchange](Reply reply) {
      if (!resumer->Alive()) return;
      reply.headers.emplace_back("Cache-Control", "no-store");
      reply.headers.emplace_back("Pragma", "no-cache");
      Send(exchange, std::move(reply));
      resumer->Resume(true);
    };
    const Parameters parameters(exchange, body);
    if (endpoint == Endpoint::kToken) {
      server_->tokens.Handle(exchange, parameters, done);
    } else {
      server_->authorization.Handle(exchange, parameters, done);
    }
  }

  Next Check(Exchange& exchange, const std::string& body) const {
    auto refusal = Authenticate(exchange, body);
    if (!refusal) return Next::kContinue;
    if (settings_.anonymous.empty()) return Send(exchange, *std::move(refusal));
    exchange.ClearRequestHeader(kScopeHeader);
    exchange.ClearRequestHeader(kUserHeader);
    return plugin::RefuseOrAnonymous(exchange, env_, settings_.anonymous, {});
  }

  std::optional<Reply> Authenticate(Exchange& exchange, const std::string& body) const {
    const std::string given = TakeToken(exchange, body);
    if (given.empty())
      return Challenged(401, "invalid_request", "The access token is missing", false);
    const auto token = env_.entities.FindUnique("oauth2_tokens", "access_token", given);
    if (!token || !IsMeantFor(exchange, *token) || HasExpired(*token)) return InvalidToken();
    auto credential = env_.entities.Find("oauth2_credentials", ForeignId(*token, "credential"));
    auto consumer = credential ? plugin::ConsumerOf(env_, *credential) : nullptr;
    if (!consumer) return InvalidToken();
    exchange.Authenticate(std::move(consumer), std::move(credential));
    Show(exchange, kScopeHeader, StringMember(*token, "scope"));
    Show(exchange, kUserHeader, StringMember(*token, "authenticated_userid"));
    return std::nullopt;
  }

  static void Show(Exchange& exchange, std::string_view header, const std::string& value) {
    if (value.empty()) {
      exchange.ClearRequestHeader(header);
    } else {
      exchange.SetRequestHeader(header, value);
    }
  }

  // "Bearer TOKEN", "token TOKEN" or the token alone; without the header, a parameter.
  std::string TakeToken(Exchange& exchange, const std::string& body) const {
    if (const auto header = exchange.RequestHeader(settings_.auth_header)) {
      std::string token(Trim(*header));
      const size_t space = token.find(' ');
      const std::string scheme = ToLower(token.substr(0, space));
      if (space != std::string::npos && (scheme == "token" || scheme == "bearer")) {
        const std::string rest(Trim(std::string_view(token).substr(space)));
        if (rest.find(' ') == std::string::npos) token = rest;
      }
      if (settings_.hide_credentials) exchange.ClearRequestHeader(settings_.auth_header);
      return token;
    }
    const std::string token = Parameters(exchange, body).Text("access_token");
    if (!token.empty() && settings_.hide_credentials) HideParameter(exchange, body);
    return token;
  }

  static void HideParameter(Exchange& exchange, const std::string& body) {
    exchange.SetRawQuery(plugin::WithoutArgument(exchange.RawQuery(), "access_token"));
    const auto type = exchange.RequestHeader("content-type");
    if (!type || type->find("application/x-www-form-urlencoded") == type->npos ||
        exchange.Method() == "GET")
      return;
    exchange.SetRequestBody(plugin::WithoutArgument(body, "access_token"));
  }

  bool IsMeantFor(const Exchange& exchange, const Json& token) const {
    const std::string service = ForeignId(token, "service");
    if (service.empty()) return settings_.global_credentials;
    return exchange.service() && exchange.service()->id == service;
  }

  bool HasExpired(const Json& token) const {
    const double lifetime = NumberMember(token, "expires_in");
    return lifetime > 0 && env_.now() - NumberMember(token, "created_at") > lifetime;
  }

  plugin::PluginEnv& env_;
  const std::shared_ptr<const Server> server_;
  const oauth2::Settings& settings_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new OAuth2(instance.config, env));
}

}  // namespace

const plugin::PluginType kOAuth2 = {"oauth2", 1004, "2.1.2", plugin::kAccess, Create};

}  // namespace silverback::plugins

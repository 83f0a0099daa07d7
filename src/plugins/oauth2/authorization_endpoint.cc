#include "plugins/oauth2/client.h"
#include "plugins/oauth2/endpoints.h"
#include "plugins/oauth2/pkce.h"
#include "plugins/oauth2/redirect.h"
#include "util/string_util.h"

namespace silverback::plugins::oauth2 {
namespace {

constexpr double kCodeLifetime = 300;

Reply Redirected(Reply reply, const std::string& uri, bool in_fragment) {
  reply.body = {{"redirect_uri", RedirectTo(uri, reply.body, in_fragment)}};
  return reply;
}

}  // namespace

// What is found wrong last is told, as Kong does.
std::optional<Reply> AuthorizationEndpoint::Refusal(const Parameters& parameters,
                                                    const plugin::EntityRef& client, Json& scope,
                                                    Json& challenge) const {
  if (!client || !HasRedirectUris(*client)) return InvalidClient();
  if (!RedirectUriFor(*client, parameters).known)
    return Failure("invalid_request",
                   "Invalid redirect_uri that does not match with any redirect_uri created with "
                   "the application");
  Scope found = ScopeFor(settings_, parameters);
  if (found.failure) return found.failure;
  scope = std::move(found.granted);
  const std::string type = parameters.Text("response_type");
  if (!(type == "code" && settings_.authorization_code) && !(type == "token" && settings_.implicit))
    return Failure("unsupported_response_type", "Invalid response_type");
  if (type != "code") return std::nullopt;
  Challenge given = ChallengeFor(settings_, parameters, *client);
  challenge = std::move(given.members);
  return given.failure;
}

void AuthorizationEndpoint::Handle(const plugin::Exchange& exchange, const Parameters& parameters,
                                   const ReplyDone& done) const {
  const Json* given_state = parameters.Find("state");
  const Json state = given_state ? *given_state : Json();
  const auto with_state = [state](Reply reply) {
    if (!state.is_null()) reply.body["state"] = state;
    return reply;
  };
  const std::string insecure = InsecureBecause(exchange, settings_);
  if (!insecure.empty()) return done(with_state(Failure("access_denied", insecure)));
  if (!SecretEquals(settings_.provision_key, parameters.Text("provision_key")))
    return done(with_state(Failure("invalid_provision_key", "Invalid provision_key")));
  const std::string userid = parameters.Text("authenticated_userid");
  if (Trim(userid).empty())
    return done(with_state(
        Failure("invalid_authenticated_userid", "Missing authenticated_userid parameter")));
  const plugin::EntityRef client = FindClient(env_, parameters.Text("client_id"));
  Grant grant{.service = ServiceFor(exchange, settings_),
              .credential = client ? StringMember(*client, "id") : "",
              .userid = userid,
              .scope = {},
              .state = {},
              .refreshable = false};
  Json challenge;
  const auto refusal = Refusal(parameters, client, grant.scope, challenge);
  const std::string uri = client ? RedirectUriFor(*client, parameters).uri : "";
  if (refusal) {
    const Reply reply = with_state(*refusal);
    return done(uri.empty() ? reply : Redirected(reply, uri, false));
  }
  const bool code = parameters.Text("response_type") == "code";
  const auto finish = [done, with_state, uri, code](Reply reply) {
    if (reply.status != 200) return done(std::move(reply));
    done(Redirected(with_state(std::move(reply)), uri, !code));
  };
  if (code) return GiveCode(grant, challenge, finish);
  issuer_.Issue(grant, finish);
}

void AuthorizationEndpoint::GiveCode(const Grant& grant, const Json& challenge,
                                     ReplyDone done) const {
  Json row = challenge;
  row["code"] = RandomToken();
  row["credential"] = {{"id", grant.credential}};
  if (!grant.service.empty()) row["service"] = {{"id", grant.service}};
  row["authenticated_userid"] = grant.userid;
  if (grant.scope.is_string()) row["scope"] = grant.scope;
  env_.writer->Insert("oauth2_authorization_codes", std::move(row), kCodeLifetime,
                      [this, done = std::move(done)](const Result<Json>& made) {
                        if (!made) return done(issuer_.InternalError(made.error()));
                        done(Reply{200, Json{{"code", StringMember(*made, "code")}}});
                      });
}

}  // namespace silverback::plugins::oauth2

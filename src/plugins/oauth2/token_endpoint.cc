#include "plugins/oauth2/client.h"
#include "plugins/oauth2/endpoints.h"
#include "plugins/oauth2/pkce.h"
#include "util/string_util.h"

namespace silverback::plugins::oauth2 {

// One request, from its parameters to its answer.
struct TokenEndpoint::Call {
  Parameters parameters;
  ReplyDone done;
  std::string grant_type;
  ClientClaim claim;
  plugin::EntityRef client;
  std::string service;
  Json state;
  std::optional<Reply> refusal;  // what was found wrong so far; later findings take its place

  void Refuse(Reply reply) { refusal = std::move(reply); }
  // A client that has shown itself by a header is told how.
  void RefuseClient() {
    refusal = InvalidClient();
    if (!claim.by_header) return;
    refusal->status = 401;
    refusal->headers = {{"WWW-Authenticate", "Basic realm=\"OAuth2.0\""}};
  }
  void Finish(Reply reply) const {
    if (!state.is_null() && reply.status != 500) reply.body["state"] = state;
    done(std::move(reply));
  }
  Grant GrantFor() const {
    return {.service = service,
            .credential = StringMember(*client, "id"),
            .userid = {},
            .scope = {},
            .state = state,
            .refreshable = true};
  }
};

bool TokenEndpoint::Offers(std::string_view grant_type) const {
  return grant_type == "authorization_code" || grant_type == "refresh_token" ||
         (grant_type == "client_credentials" && settings_.client_credentials) ||
         (grant_type == "password" && settings_.password);
}

void TokenEndpoint::Handle(const plugin::Exchange& exchange, const Parameters& parameters,
                           const ReplyDone& done) const {
  const auto call = std::make_shared<Call>(Call{parameters, done, {}, {}, {}, {}, {}, {}});
  if (const Json* state = parameters.Find("state")) call->state = *state;
  const std::string insecure = InsecureBecause(exchange, settings_);
  if (!insecure.empty()) return call->Finish(Failure("access_denied", insecure));
  call->grant_type = parameters.Text("grant_type");
  call->service = ServiceFor(exchange, settings_);
  call->claim = ClaimOf(exchange, settings_, parameters);
  call->client = FindClient(env_, call->claim.id);
  if (!Offers(call->grant_type))
    call->Refuse(Failure("unsupported_grant_type", "Invalid grant_type"));
  if (call->grant_type != "client_credentials") {
    if (!call->client || !HasRedirectUris(*call->client)) {
      call->RefuseClient();
    } else if (!RedirectUriFor(*call->client, parameters).known) {
      call->Refuse(Failure("invalid_request",
                           "Invalid redirect_uri that does not match with any redirect_uri "
                           "created with the application"));
    }
  } else if (!call->client) {
    call->Refuse(InvalidClient());
  }
  CheckClient(call);
}

void TokenEndpoint::CheckClient(const std::shared_ptr<Call>& call) const {
  if (!call->client) return call->Finish(*call->refusal);
  const std::string secret = call->claim.secret.value_or("");
  if (IsPublic(*call->client)) {
    if (!Trim(secret).empty())
      call->Refuse(Failure("invalid_request", "client_secret is disallowed for public clients"));
    return Serve(call);
  }
  const auto judge = [this, call](bool good) {
    if (!good) call->RefuseClient();
    Serve(call);
  };
  if (!BoolMember(*call->client, "hash_secret")) return judge(VerifySecret(*call->client, secret));
  const auto good = std::make_shared<bool>(false);
  env_.background.Run(
      [good, client = call->client, secret] { *good = VerifySecret(*client, secret); },
      [good, judge] { judge(*good); });
}

void TokenEndpoint::Serve(const std::shared_ptr<Call>& call) const {
  if (call->refusal) return call->Finish(*call->refusal);
  if (call->grant_type == "authorization_code") return ExchangeCode(call);
  if (call->grant_type == "refresh_token") return Refresh(call);
  ServeOwner(call, call->grant_type == "password");
}

void TokenEndpoint::ExchangeCode(const std::shared_ptr<Call>& call) const {
  const std::string given = call->parameters.Text("code");
  const plugin::EntityRef code =
      given.empty() ? nullptr
                    : env_.entities.FindUnique("oauth2_authorization_codes", "code", given);
  Grant grant = call->GrantFor();
  if (!code || !SameService(*code, call->service) ||
      ForeignId(*code, "credential") != grant.credential)
    return call->Finish(Failure("invalid_request", "Invalid code"));
  if (const auto refusal = CheckVerifier(settings_, call->parameters, *call->client, *code))
    return call->Finish(*refusal);
  for (const auto& [member, name] :
       {std::pair{&grant.userid, "authenticated_userid"}, std::pair{&grant.scope, "scope"}}) {
    if (const Json* value = FindMember(*code, name)) *member = *value;
  }
  // Of two that come with the same code at the same time one is too late.
  env_.writer->Delete("oauth2_authorization_codes", StringMember(*code, "id"),
                      [this, call, grant](const Result<Json>& deleted) {
                        if (!deleted) return call->Finish(issuer_.InternalError(deleted.error()));
                        if (*deleted == false)
                          return call->Finish(Failure("invalid_request", "Invalid code"));
                        issuer_.Issue(grant,
                                      [call](Reply reply) { call->Finish(std::move(reply)); });
                      });
}

// The grants by a client's own credentials and by a user's password, whom the caller has checked.
void TokenEndpoint::ServeOwner(const std::shared_ptr<Call>& call, bool by_password) const {
  const Parameters& parameters = call->parameters;
  const bool names_user = parameters.Has("authenticated_userid");
  if ((by_password || names_user) &&
      !SecretEquals(settings_.provision_key, parameters.Text("provision_key")))
    return call->Finish(Failure("invalid_provision_key", "Invalid provision_key"));
  const std::string userid = parameters.Text("authenticated_userid");
  if (by_password && Trim(userid).empty())
    return call->Finish(
        Failure("invalid_authenticated_userid", "Missing authenticated_userid parameter"));
  Scope scope = ScopeFor(settings_, parameters);
  if (scope.failure) return call->Finish(*scope.failure);
  Grant grant = call->GrantFor();
  if (names_user) grant.userid = userid;
  grant.scope = std::move(scope.granted);
  grant.refreshable = by_password;
  issuer_.Issue(grant, [call](Reply reply) { call->Finish(std::move(reply)); });
}

void TokenEndpoint::Refresh(const std::shared_ptr<Call>& call) const {
  const std::string given = call->parameters.Text("refresh_token");
  const plugin::EntityRef token =
      given.empty() ? nullptr : env_.entities.FindUnique("oauth2_tokens", "refresh_token", given);
  if (!token || !SameService(*token, call->service))
    return call->Finish(Failure("invalid_request", "Invalid refresh_token"));
  Grant grant = call->GrantFor();
  if (ForeignId(*token, "credential") != grant.credential) return call->Finish(InvalidClient());
  issuer_.Refresh(*token, std::move(grant),
                  [call](Reply reply) { call->Finish(std::move(reply)); });
}

}  // namespace silverback::plugins::oauth2

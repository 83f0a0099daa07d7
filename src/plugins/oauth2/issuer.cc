#include "plugins/oauth2/issuer.h"

#include <cmath>

namespace silverback::plugins::oauth2 {

int64_t Issuer::Expiration() const {
  return static_cast<int64_t>(std::ceil(settings_.token_expiration));
}

Reply Issuer::InternalError(const Error& error) const {
  env_.log.Log(plugin::LogLevel::kError, "[oauth2] " + error.message());
  return {500, Json{{"message", "An unexpected error occurred"}}};
}

Json Issuer::Shown(const Json& row, const Grant& grant) const {
  Json shown = {{"access_token", StringMember(row, "access_token")}, {"token_type", "bearer"}};
  if (Expiration() > 0) shown["expires_in"] = Expiration();
  const std::string refresh = StringMember(row, "refresh_token");
  if (!refresh.empty()) shown["refresh_token"] = refresh;
  if (!grant.state.is_null()) shown["state"] = grant.state;
  return shown;
}

void Issuer::Issue(const Grant& grant, ReplyDone done) const {
  const int64_t expiration = Expiration();
  Json row = {{"credential", {{"id", grant.credential}}},
              {"expires_in", expiration},
              {"access_token", RandomToken()}};
  if (!grant.service.empty()) row["service"] = {{"id", grant.service}};
  if (grant.refreshable && expiration > 0) row["refresh_token"] = RandomToken();
  if (grant.userid.is_string()) row["authenticated_userid"] = grant.userid;
  if (grant.scope.is_string()) row["scope"] = grant.scope;
  // The row goes when it can be refreshed no more.
  const double ttl = expiration > 0 ? settings_.refresh_token_ttl : 0;
  env_.writer->Insert("oauth2_tokens", std::move(row), ttl,
                      [this, grant, done = std::move(done)](const Result<Json>& made) {
                        done(made ? Reply{200, Shown(*made, grant)} : InternalError(made.error()));
                      });
}

void Issuer::Refresh(const Json& old, Grant grant, ReplyDone done) const {
  const std::string id = StringMember(old, "id");
  for (const auto& [member, name] :
       {std::pair{&grant.userid, "authenticated_userid"}, std::pair{&grant.scope, "scope"}}) {
    if (const Json* value = FindMember(old, name)) *member = *value;
  }
  if (settings_.reuse_refresh_token) {
    env_.writer->Update(
        "oauth2_tokens", id,
        {{"access_token", RandomToken()},
         {"expires_in", Expiration()},
         {"created_at", static_cast<int64_t>(env_.now())}},
        Expiration() > 0 ? settings_.refresh_token_ttl : 0,
        [this, grant, done = std::move(done)](const Result<Json>& made) {
          done(made ? Reply{200, Shown(*made, grant)} : InternalError(made.error()));
        });
    return;
  }
  // The old one goes first: of two that come at the same time one is too late.
  env_.writer->Delete("oauth2_tokens", id,
                      [this, grant, done = std::move(done)](const Result<Json>& deleted) {
                        if (!deleted) return done(InternalError(deleted.error()));
                        if (*deleted == false)
                          return done(Failure("invalid_request", "Invalid refresh_token"));
                        Issue(grant, done);
                      });
}

}  // namespace silverback::plugins::oauth2

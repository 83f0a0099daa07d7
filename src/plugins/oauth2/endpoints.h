// The two endpoints of oauth2, whatever path they lie below. Event loop only.
#pragma once

#include "plugins/oauth2/issuer.h"
#include "plugins/oauth2/settings.h"

namespace silverback::plugins::oauth2 {

// /oauth2/authorize: gives codes, and tokens by the implicit grant.
class AuthorizationEndpoint {
 public:
  AuthorizationEndpoint(const Settings& settings, plugin::PluginEnv& env, const Issuer& issuer)
      : settings_(settings), env_(env), issuer_(issuer) {}
  // `done` runs once, perhaps at once.
  void Handle(const plugin::Exchange& exchange, const Parameters& parameters,
              const ReplyDone& done) const;

 private:
  std::optional<Reply> Refusal(const Parameters& parameters, const plugin::EntityRef& client,
                               Json& scope, Json& challenge) const;
  void GiveCode(const Grant& grant, const Json& challenge, ReplyDone done) const;

  const Settings& settings_;
  plugin::PluginEnv& env_;
  const Issuer& issuer_;
};

// /oauth2/token: the other grants.
class TokenEndpoint {
 public:
  TokenEndpoint(const Settings& settings, plugin::PluginEnv& env, const Issuer& issuer)
      : settings_(settings), env_(env), issuer_(issuer) {}
  void Handle(const plugin::Exchange& exchange, const Parameters& parameters,
              const ReplyDone& done) const;

 private:
  struct Call;
  bool Offers(std::string_view grant_type) const;
  void CheckClient(const std::shared_ptr<Call>& call) const;
  void Serve(const std::shared_ptr<Call>& call) const;
  void ExchangeCode(const std::shared_ptr<Call>& call) const;
  void ServeOwner(const std::shared_ptr<Call>& call, bool by_password) const;
  void Refresh(const std::shared_ptr<Call>& call) const;

  const Settings& settings_;
  plugin::PluginEnv& env_;
  const Issuer& issuer_;
};

}  // namespace silverback::plugins::oauth2

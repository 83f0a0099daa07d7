// Issuer: makes access tokens. Event loop only.
#pragma once

#include "plugins/oauth2/settings.h"

namespace silverback::plugins::oauth2 {

// What a token is for.
struct Grant {
  std::string service;     // "": any
  std::string credential;  // id of the client
  Json userid, scope;      // null: none
  Json state;              // null: the client gave none
  bool refreshable = true;
};

class Issuer {
 public:
  Issuer(const Settings& settings, plugin::PluginEnv& env) : settings_(settings), env_(env) {}

  void Issue(const Grant& grant, ReplyDone done) const;
  // A new token in place of the one of that row.
  void Refresh(const Json& old, Grant grant, ReplyDone done) const;
  Reply InternalError(const Error& error) const;

 private:
  Json Shown(const Json& row, const Grant& grant) const;
  int64_t Expiration() const;

  const Settings& settings_;
  plugin::PluginEnv& env_;
};

}  // namespace silverback::plugins::oauth2

// Client: signed requests of one account to an ACME server (RFC 8555 section 6). It keeps the nonce
// of the last answer, and tries again with another one when the server wants that. Event loop only;
// it lives as long as one of its requests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "plugin/env.h"
#include "plugins/acme/keys.h"

namespace silverback::plugins::acme {

struct Answer {
  plugin::Headers headers;
  std::string body;
  Json document;  // null: the body is none

  std::string Header(std::string_view name) const;  // the first one; "": there is none
};

class Client : public std::enable_shared_from_this<Client> {
 public:
  using Done = std::function<void(Result<Answer>)>;

  Client(plugin::PluginEnv& env, std::shared_ptr<const AccountKey> key)
      : env_(env), key_(std::move(key)) {}

  // Without a signature, for the directory.
  void Get(const std::string& url, Done done);
  // `payload` absent: to read what lies there (POST-as-GET). What the server refuses is an error
  // with its reason. REQUIRES: set_nonce_url.
  void Post(std::string url, std::optional<Json> payload, Done done);

  const AccountKey& key() const { return *key_; }
  void set_nonce_url(std::string url) { nonce_url_ = std::move(url); }
  void set_account(std::string url) { account_ = std::move(url); }

 private:
  struct Attempt {
    std::string url, payload;
    Done done;
    int bad_nonces = 0;
  };
  void WithNonce(Attempt attempt);
  void Sign(Attempt attempt);
  void Send(Attempt attempt, std::string body);
  void Receive(Attempt attempt, plugin::HttpReply reply);

  plugin::PluginEnv& env_;
  const std::shared_ptr<const AccountKey> key_;
  std::string nonce_url_, nonce_, account_;
};

}  // namespace silverback::plugins::acme

// Order: one certificate from an ACME server: account, order, challenges (http-01), signing
// request, download. A chain of steps on the event loop, none of which blocks; `done` is called
// once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/acme/client.h"
#include "plugins/acme/storage.h"

namespace silverback::plugins::acme {

struct Authority {
  std::string directory, email;
  std::string account_name, account_secret;  // of an account that it knows already; "": none
  std::string preferred_chain;               // common name of the root's issuer; "": any
};

// What its answer to a challenge lies under in the storage.
std::string ChallengeKey(std::string_view token);

class Order : public std::enable_shared_from_this<Order> {
 public:
  // Gives the chain, PEM.
  using Done = std::function<void(Result<std::string>)>;
  struct Setup {
    plugin::PluginEnv& env;
    std::shared_ptr<Storage> storage;
    Authority authority;
    std::shared_ptr<const AccountKey> account_key;
    std::string host;
    std::string key;  // of the certificate, PEM
  };
  static void Start(Setup setup, Done done);

  Order(Setup setup, Done done);  // for Start

 private:
  using Step = void (Order::*)(Answer);

  void ReadDirectory();
  void RegisterByEmail();
  void Register();
  void PlaceOrder(Answer account);
  void TakeOrder(Answer order);
  void NextAuthorization();
  void TakeAuthorization(Answer authorization);
  void Publish(const Json& challenge);
  void Announce(const std::string& url);
  void TakeStatus(Answer order);
  void Wait(const Answer& last);
  void ExplainInvalid(std::vector<std::string> urls, std::string reasons);
  void Finalize();
  void SendRequest(const std::string& request);
  void Download(const Json& order);
  void TakeChain(Answer chain);
  void TryAlternates(std::vector<std::string> links);

  // Goes on with `step`; an error ends the order with `what` before its reason.
  void Post(const std::string& url, std::optional<Json> payload, const char* what, Step step);
  // Goes on after `seconds`, unless the worker ends.
  void Pause(double seconds, std::function<void()> next);
  void Fail(const std::string& message, ErrorCode code = ErrorCode::kInvalidInput);
  void End(Result<std::string> result);

  const Setup setup_;
  Done done_;
  const std::shared_ptr<Client> client_;
  Json directory_;
  std::string account_name_, account_secret_;
  std::string order_url_, finalize_url_, chain_;
  std::vector<std::string> authorizations_, tokens_;
  size_t next_authorization_ = 0, polls_ = 0;
  bool was_valid_ = false, finalized_ = false;
  std::shared_ptr<void> timer_;
};

}  // namespace silverback::plugins::acme

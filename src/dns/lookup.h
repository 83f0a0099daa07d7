// Lookup: one name on its way through the types (`dns_order`) and the search domains, until one of
// them gives something. Made and owned by Client; lives until it has an outcome.
#pragma once

#include "dns/client.h"

namespace silverback::dns {

struct Client::Lookup : std::enable_shared_from_this<Client::Lookup> {
  Lookup(Client& its_client, std::string its_name, int its_depth, bool is_refresh)
      : client(its_client), name(std::move(its_name)), depth(its_depth), refresh(is_refresh) {}

  // Adds someone who waits; who gets `otherwise`, if given, when it takes too long.
  void Add(Done done, AnswerRef otherwise);
  // Asks for the next candidate; to be called once to begin.
  void Step();
  // Tells everybody who waits.
  void End(const Result<AnswerRef>& result);

  Client& client;
  const std::string name;
  const int depth;
  const bool refresh;  // what is known must not be given again
  std::vector<std::pair<std::string, Type>> candidates;

 private:
  struct Waiter {
    Done done;
    std::shared_ptr<void> timer;
  };
  void Take(const std::string& asked, Type type, const Reply& reply, double expires_at);
  void FollowAlias(const Reply& reply, double expires_at);

  size_t next_ = 0;
  bool failing_ = false;  // a server could not say
  std::optional<Error> error_;
  std::vector<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace silverback::dns

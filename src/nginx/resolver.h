// Resolver: the addresses of upstream host names, without blocking: the system's resolver on the
// worker's threads, with a cache. Event loop only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nginx/upstream_target.h"
#include "plugin/env.h"

namespace silverback::nginx {

// The address of an IP literal (brackets around IPv6 allowed), or nullopt for anything else.
std::optional<Address> MakeAddress(std::string_view ip, int port);

class Resolver {
 public:
  using Answer = std::vector<std::string>;  // addresses; empty: the name leads nowhere
  using Done = std::function<void(const Answer&)>;

  Resolver(plugin::Background& background, std::function<double()> now);

  // `done` may run before Lookup returns.
  void Lookup(const std::string& name, Done done);

 private:
  struct Entry {
    Answer answer;
    double fresh_until = 0;
    bool known = false;
    std::vector<Done> waiting;
    bool asking = false;
  };
  void Ask(const std::string& name, Entry& entry);
  void Finish(const std::string& name, Answer answer);

  plugin::Background& background_;
  std::function<double()> now_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace silverback::nginx

// Matching of TCP and UDP connections: server name, source, destination. Configurations have few
// such routes, but many server names, so these are looked up; the rest is compared in order of
// precedence. Immutable after Build; any thread may call Find.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/category.h"
#include "router/postings.h"
#include "router/router.h"

namespace silverback::router {

// An address of a route: an IP address, a network in CIDR notation or any, and a port or any.
class AddressRule {
 public:
  static std::optional<AddressRule> Parse(const entity::CidrPort& address);
  bool Matches(std::string_view ip, int port) const;
  // How exact: address and port 3, address 2, port 1, a network 0; networks come last, as in
  // Kong, whose look-up tables have only the others.
  int exactness() const;

 private:
  unsigned char network_[16]{};
  int family_ = 0;        // 0: any address
  int prefix_bits_ = -1;  // -1: an exact address
  std::optional<int> port_;
};

class StreamIndex {
 public:
  void Build(const std::vector<const entity::Route*>& routes, std::vector<std::string>* skipped);
  const entity::Route* Find(const Request& request) const;
  size_t memory_bytes() const;

 private:
  struct Rule {
    const entity::Route* route;
    Category category = 0;
    std::vector<AddressRule> sources, destinations;
    int exactness() const;
  };
  const Rule* First(std::span<const uint32_t> rules, const Request& request) const;

  std::vector<Rule> rules_;  // in order of precedence
  AtomTable snis_;
  Postings by_sni_;  // kNoAtom: rules without server names
};

}  // namespace silverback::router

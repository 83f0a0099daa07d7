// How names are looked up: the `dns_*` properties of kong.conf, the system's resolv.conf and hosts
// file. Plain data and pure parsers; the caller reads the files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/record.h"

namespace silverback::dns {

// The options of resolv.conf, as far as they matter here.
struct ResolvConf {
  std::vector<std::string> nameservers;         // "IP" or "IP:PORT", "[IPV6]:PORT"; at most 3
  std::vector<std::string> search;              // lower case
  std::optional<int> ndots, timeout, attempts;  // timeout: seconds
  bool rotate = false;

  static ResolvConf Parse(std::string_view text);
  // What the environment variables LOCALDOMAIN and RES_OPTIONS say wins over the file.
  void ApplyEnvironment(std::string_view local_domain, std::string_view options);

 private:
  void SetOption(std::string_view option);
};

struct HostAddresses {
  std::string ipv4, ipv6;  // without brackets; "" without
};
using Hosts = std::map<std::string, HostAddresses, std::less<>>;  // by lower-case name
// The first address of each family wins. "localhost" is always there.
Hosts ParseHosts(std::string_view text);

struct Settings {
  std::vector<std::string> nameservers;
  std::vector<std::string> search;
  Hosts hosts;
  int ndots = 1;
  size_t attempts = 5;  // at one question, whichever the server
  double timeout = 2;   // seconds, of one attempt
  bool rotate = false;

  bool last = true;  // the type that a name had last time is tried first
  std::vector<Type> order = {Type::kSrv, Type::kA, Type::kCname};
  std::optional<double> valid_ttl;
  double stale_ttl = 4, not_found_ttl = 30, error_ttl = 1;  // seconds
  size_t cache_size = 10000;
  bool no_sync = false;

  void Use(const ResolvConf& file);
  // From `dns_order`; unknown words are left out.
  void SetOrder(const std::vector<std::string>& words);
};

}  // namespace silverback::dns

#include "router/stream_index.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "router/route_rule.h"

namespace silverback::router {
namespace {

constexpr uint32_t kBySniList = 1;

// The family, or 0 when the text is no address.
int ParseIp(std::string_view text, unsigned char (&bytes)[16]) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return 0;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  if (inet_pton(AF_INET, copy, bytes) == 1) return AF_INET;
  if (inet_pton(AF_INET6, copy, bytes) == 1) return AF_INET6;
  return 0;
}

bool SameBits(const unsigned char* a, const unsigned char* b, int bits) {
  const int whole = bits / 8, rest = bits % 8;
  if (std::memcmp(a, b, static_cast<size_t>(whole)) != 0) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

bool AnyMatches(const std::vector<AddressRule>& rules, std::string_view ip, int port) {
  return rules.empty() || std::any_of(rules.begin(), rules.end(), [&](const AddressRule& rule) {
           return rule.Matches(ip, port);
         });
}

}  // namespace

std::optional<AddressRule> AddressRule::Parse(const entity::CidrPort& address) {
  AddressRule rule;
  rule.port_ = address.port;
  if (address.ip.empty()) return rule;
  const std::string_view text = address.ip;
  const size_t slash = text.find('/');
  rule.family_ = ParseIp(text.substr(0, slash), rule.network_);
  if (rule.family_ == 0) return std::nullopt;
  if (slash == std::string_view::npos) return rule;
  const std::string_view bits = text.substr(slash + 1);
  const auto parsed = std::from_chars(bits.data(), bits.data() + bits.size(), rule.prefix_bits_);
  const int most = rule.family_ == AF_INET ? 32 : 128;
  if (parsed.ec != std::errc() || parsed.ptr != bits.data() + bits.size() ||
      rule.prefix_bits_ < 0 || rule.prefix_bits_ > most) {
    return std::nullopt;
  }
  return rule;
}

bool AddressRule::Matches(std::string_view ip, int port) const {
  if (port_ && *port_ != port) return false;
  if (family_ == 0) return true;
  unsigned char bytes[16];
  if (ParseIp(ip, bytes) != family_) return false;
  const int all = family_ == AF_INET ? 32 : 128;
  return SameBits(bytes, network_, prefix_bits_ < 0 ? all : prefix_bits_);
}

int AddressRule::exactness() const {
  const bool exact_ip = family_ != 0 && prefix_bits_ < 0;
  if (exact_ip) return port_ ? 3 : 2;
  return port_ ? 1 : 0;
}

int StreamIndex::Rule::exactness() const {
  int best = 0;
  for (const auto* rules : {&sources, &destinations}) {
    for (const AddressRule& rule : *rules) best = std::max(best, rule.exactness());
  }
  return best;
}

void StreamIndex::Build(const std::vector<const entity::Route*>& routes,
                        std::vector<std::string>* skipped) {
  for (const entity::Route* route : routes) {
    Rule rule{route, 0, {}, {}};
    bool valid = true;
    const auto parse = [&](const std::vector<entity::CidrPort>& from, auto& into) {
      for (const entity::CidrPort& address : from) {
        const auto parsed = AddressRule::Parse(address);
        valid = valid && parsed.has_value();
        if (parsed) into.push_back(*parsed);
      }
    };
    parse(route->sources, rule.sources);
    parse(route->destinations, rule.destinations);
    if (!rule.sources.empty()) rule.category |= kBySource;
    if (!rule.destinations.empty()) rule.category |= kByDestination;
    if (!route->snis.empty()) rule.category |= kBySni;
    if (valid && rule.category != 0) {
      rules_.push_back(std::move(rule));
    } else if (skipped) {
      skipped->push_back("route " + route->id +
                         (valid ? ": nothing to match connections by" : ": invalid address"));
    }
  }
  std::stable_sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) {
    if (a.category != b.category) return TriedBefore(a.category, b.category);
    if (a.exactness() != b.exactness()) return a.exactness() > b.exactness();
    if (a.route->created_at != b.route->created_at) {
      return a.route->created_at < b.route->created_at;
    }
    return a.route->id < b.route->id;
  });
  const auto each = [&](auto&& use) {
    for (uint32_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].route->snis.empty()) use(kNoAtom, i);
      for (const std::string& sni : rules_[i].route->snis) use(snis_.Intern(TrimSni(sni)), i);
    }
  };
  each([&](Atom sni, uint32_t) { by_sni_.Count({kBySniList, sni}); });
  by_sni_.Seal();
  each([&](Atom sni, uint32_t rule) { by_sni_.Add({kBySniList, sni}, rule); });
}

const StreamIndex::Rule* StreamIndex::First(std::span<const uint32_t> rules,
                                            const Request& request) const {
  for (const uint32_t i : rules) {
    const Rule& rule = rules_[i];
    if (AnyMatches(rule.sources, request.src_ip, request.src_port) &&
        AnyMatches(rule.destinations, request.dst_ip, request.dst_port)) {
      return &rule;
    }
  }
  return nullptr;
}

const entity::Route* StreamIndex::Find(const Request& request) const {
  const Atom sni = request.sni.empty() ? kNoAtom : snis_.Find(request.sni);
  const Rule* named = nullptr;
  if (sni != kNoAtom) named = First(by_sni_.Find({kBySniList, sni}), request);
  const Rule* unnamed = First(by_sni_.Find({kBySniList, kNoAtom}), request);
  if (named && unnamed) return std::min(named, unnamed)->route;
  const Rule* found = named ? named : unnamed;
  return found ? found->route : nullptr;
}

size_t StreamIndex::memory_bytes() const {
  size_t bytes = rules_.capacity() * sizeof(Rule) + snis_.memory_bytes() + by_sni_.memory_bytes();
  for (const Rule& rule : rules_) {
    bytes += (rule.sources.capacity() + rule.destinations.capacity()) * sizeof(AddressRule);
  }
  return bytes;
}

}  // namespace silverback::router

#include "dns/settings.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "util/string_util.h"

namespace silverback::dns {
namespace {

constexpr size_t kMostNameservers = 3, kMostSearched = 6;

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r", at)) != line.npos) {
    const size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// Calls `use` with the words of each line that has any; comments are left out.
template <class F>
void EachLine(std::string_view text, F&& use) {
  for (std::string_view line : Split(text, '\n')) {
    line = line.substr(0, line.find_first_of("#;"));
    const auto words = Words(line);
    if (!words.empty()) use(words);
  }
}

std::vector<std::string> LowerAll(const std::vector<std::string_view>& words, size_t most) {
  std::vector<std::string> lowered;
  for (const std::string_view word : words) {
    if (lowered.size() < most) lowered.push_back(ToLower(word));
  }
  return lowered;
}

std::string_view WithoutBrackets(std::string_view ip) {
  if (ip.starts_with('[') && ip.ends_with(']')) return ip.substr(1, ip.size() - 2);
  return ip;
}

}  // namespace

void ResolvConf::SetOption(std::string_view option) {
  if (option == "rotate") {
    rotate = true;
    return;
  }
  const size_t colon = option.find(':');
  if (colon == option.npos) return;
  const std::string_view name = option.substr(0, colon), digits = option.substr(colon + 1);
  int number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || number < 0) return;
  if (name == "ndots") ndots = number;
  if (name == "timeout") timeout = number;
  if (name == "attempts") attempts = number;
}

ResolvConf ResolvConf::Parse(std::string_view text) {
  ResolvConf conf;
  EachLine(text, [&](std::vector<std::string_view> words) {
    const std::string_view keyword = words[0];
    words.erase(words.begin());
    if (words.empty()) return;
    if (keyword == "nameserver" && conf.nameservers.size() < kMostNameservers) {
      // Link-local addresses with a zone cannot be used.
      if (words[0].find('%') == words[0].npos) conf.nameservers.push_back(ToLower(words[0]));
    } else if (keyword == "domain") {
      conf.search = {ToLower(words[0])};  // the last of these two kinds of lines wins
    } else if (keyword == "search") {
      conf.search = LowerAll(words, kMostSearched);
    } else if (keyword == "options") {
      for (const std::string_view option : words) conf.SetOption(option);
    }
  });
  return conf;
}

void ResolvConf::ApplyEnvironment(std::string_view local_domain, std::string_view options) {
  const auto domains = Words(local_domain);
  if (!domains.empty()) search = LowerAll(domains, domains.size());
  for (const std::string_view option : Words(options)) SetOption(option);
}

Hosts ParseHosts(std::string_view text) {
  Hosts hosts;
  EachLine(text, [&](const std::vector<std::string_view>& words) {
    const std::string ip(WithoutBrackets(words[0]));
    unsigned char bytes[16];
    const bool v4 = inet_pton(AF_INET, ip.c_str(), bytes) == 1;
    if (!v4 && inet_pton(AF_INET6, ip.c_str(), bytes) != 1) return;
    for (size_t i = 1; i < words.size(); ++i) {
      HostAddresses& addresses = hosts[ToLower(words[i])];
      std::string& place = v4 ? addresses.ipv4 : addresses.ipv6;
      if (place.empty()) place = ip;
    }
  });
  hosts.try_emplace("localhost", HostAddresses{"127.0.0.1", "::1"});
  return hosts;
}

void Settings::Use(const ResolvConf& file) {
  if (nameservers.empty()) nameservers = file.nameservers;
  search = file.search;
  std::erase(search, ".");
  rotate = file.rotate;
  ndots = file.ndots.value_or(ndots);
  if (file.attempts) attempts = static_cast<size_t>(std::max(1, *file.attempts));
  if (file.timeout.value_or(0) > 0) timeout = *file.timeout;
}

void Settings::SetOrder(const std::vector<std::string>& words) {
  last = false;
  order.clear();
  for (const std::string& word : words) {
    if (EqualsIgnoreCase(word, "LAST")) last = true;
    for (const Type type : {Type::kA, Type::kCname, Type::kAaaa, Type::kSrv}) {
      if (EqualsIgnoreCase(word, TypeName(type))) order.push_back(type);
    }
  }
}

}  // namespace silverback::dns

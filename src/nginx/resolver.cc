#include "nginx/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>

namespace silverback::nginx {
namespace {

constexpr double kFreshSeconds = 5;
constexpr double kErrorSeconds = 1;

Resolver::Answer AskSystem(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  Resolver::Answer answer;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return answer;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) == 0 &&
        std::find(answer.begin(), answer.end(), text) == answer.end())
      answer.emplace_back(text);
  }
  freeaddrinfo(found);
  return answer;
}

}  // namespace

std::optional<Address> MakeAddress(std::string_view ip, int port) {
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  char text[INET6_ADDRSTRLEN];
  if (ip.empty() || ip.size() >= sizeof(text)) return std::nullopt;
  std::memcpy(text, ip.data(), ip.size());
  text[ip.size()] = '\0';
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.socket);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.socket);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    address.length = sizeof(sockaddr_in);
    address.text = std::string(ip) + ":" + std::to_string(port);
  } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    address.length = sizeof(sockaddr_in6);
    address.text = "[" + std::string(ip) + "]:" + std::to_string(port);
  } else {
    return std::nullopt;
  }
  address.ip = ip;
  address.port = port;
  return address;
}

Resolver::Resolver(plugin::Background& background, std::function<double()> now)
    : background_(background), now_(std::move(now)) {}

void Resolver::Lookup(const std::string& name, Done done) {
  Entry& entry = entries_[name];
  if (entry.known && (now_() < entry.fresh_until || !entry.answer.empty())) {
    // An answer that has become old still serves while it is asked for anew.
    const Answer answer = entry.answer;
    if (now_() >= entry.fresh_until) Ask(name, entry);
    return done(answer);
  }
  entry.waiting.push_back(std::move(done));
  Ask(name, entry);
}

void Resolver::Ask(const std::string& name, Entry& entry) {
  if (entry.asking) return;
  entry.asking = true;
  auto answer = std::make_shared<Answer>();
  background_.Run([name, answer] { *answer = AskSystem(name); },
                  [this, name, answer] { Finish(name, std::move(*answer)); });
}

void Resolver::Finish(const std::string& name, Answer answer) {
  Entry& entry = entries_[name];
  entry.asking = false;
  entry.known = true;
  entry.fresh_until = now_() + (answer.empty() ? kErrorSeconds : kFreshSeconds);
  // A name that cannot be looked up at the moment keeps its last addresses.
  if (!answer.empty()) entry.answer = std::move(answer);
  const Answer current = entry.answer;
  for (Done& done : std::exchange(entry.waiting, {})) done(current);
}

}  // namespace silverback::nginx

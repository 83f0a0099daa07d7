#include "config/listeners.h"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>

#include "config/addresses.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

struct Flag {
  std::string_view name;
  bool Listener::*given;
};

struct Option {  // NAME=VALUE
  std::string_view name;
  std::string Listener::*value;
  bool digits;        // of these only
  bool always_shown;  // by the Admin API, also when it is not given
};

struct Grammar {
  std::vector<Flag> flags;  // in the order of nginx' listen line
  std::vector<Option> options;
};

const Grammar& GrammarOf(std::string_view property) {
  static const std::vector<Option> kOptions = {
      {"backlog", &Listener::backlog, true, true},
      {"ipv6only", &Listener::ipv6only, false, false},
      {"so_keepalive", &Listener::so_keepalive, false, false}};
  static const Grammar kHttp = {{{"ssl", &Listener::ssl},
                                 {"http2", &Listener::http2},
                                 {"proxy_protocol", &Listener::proxy_protocol},
                                 {"deferred", &Listener::deferred},
                                 {"bind", &Listener::bind},
                                 {"reuseport", &Listener::reuseport}},
                                kOptions};
  static const Grammar kStream = {{{"udp", &Listener::udp},
                                   {"ssl", &Listener::ssl},
                                   {"proxy_protocol", &Listener::proxy_protocol},
                                   {"bind", &Listener::bind},
                                   {"reuseport", &Listener::reuseport}},
                                  kOptions};
  static const Grammar kStatus = {{{"ssl", &Listener::ssl}}, {}};
  if (property == "stream_listen") return kStream;
  return property == "status_listen" ? kStatus : kHttp;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

Error Usage(std::string_view property) {
  const Grammar& grammar = GrammarOf(property);
  std::string flags;
  for (const Flag& flag : grammar.flags) flags += fmt::format(" [{}]", flag.name);
  for (const Option& option : grammar.options) {
    if (option.always_shown) flags += fmt::format(" [{}=%d+]", option.name);
  }
  const std::string text = fmt::format(
      "{} must be of form: [off] | <ip>:<port>{}, [... next entry ...]", property, flags);
  return Error(ErrorCode::kInvalidInput, text, Json{text});
}

// Takes `word` when it is a flag or an option.
bool TakeWord(const Grammar& grammar, std::string_view word, Listener& listener) {
  for (const Flag& flag : grammar.flags) {
    if (word == flag.name) return listener.*flag.given = true;
  }
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view value = word.substr(equals + 1);
  for (const Option& option : grammar.options) {
    if (word.substr(0, equals) != option.name || value.empty()) continue;
    if (option.digits && !IsDigits(value)) return false;
    listener.*option.value = value;
    return true;
  }
  return false;
}

// ip and port of `text`. Names and wildcards are left as they are: nginx resolves them.
bool TakeAddress(std::string_view text, Listener& listener) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto address = ParseAddress(text);
  if (address && address->kind != Address::kName) {
    if (!address->port) return false;
    listener.ip = address->kind == Address::kIpv6 ? "[" + address->host + "]" : address->host;
    listener.port = *address->port;
    return true;
  }
  const std::string_view port = text.substr(colon + 1);
  const bool numeric = std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isdigit(c) == 0 && c != '.' && c != ':';
  });
  const bool several = std::count(text.begin(), text.end(), ':') > 1;
  if (numeric || several || !IsDigits(port) || port.size() > 5) return false;
  listener.ip = text.substr(0, colon);
  listener.port = std::stoi(std::string(port));
  return listener.port <= 65535;
}

std::string ListenLine(const Grammar& grammar, const Listener& listener) {
  std::string line = fmt::format("{}:{}", listener.ip, listener.port);
  for (const Flag& flag : grammar.flags) {
    if (listener.*flag.given) line += fmt::format(" {}", flag.name);
  }
  for (const Option& option : grammar.options) {
    if (!(listener.*option.value).empty()) {
      line += fmt::format(" {}={}", option.name, listener.*option.value);
    }
  }
  return line;
}

bool ParseListener(const Grammar& grammar, std::string_view entry, Listener& listener) {
  const std::string words = ReplaceAll(entry, "\t", " ");
  std::string rest;
  for (const std::string_view word : Split(words, ' ')) {
    if (word.empty() || TakeWord(grammar, word, listener)) continue;
    if (!rest.empty()) return false;
    rest = word;
  }
  if (!TakeAddress(rest, listener)) return false;
  listener.listen = ListenLine(grammar, listener);
  return true;
}

}  // namespace

Result<std::vector<Listener>> ParseListeners(std::string_view property,
                                             const std::vector<std::string>& entries) {
  std::vector<Listener> listeners;
  if (entries.empty()) return Usage(property);
  if (entries[0] == "off") return listeners;
  for (const std::string& entry : entries) {
    Listener listener;
    if (!ParseListener(GrammarOf(property), entry, listener)) return Usage(property);
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

Json ShowListener(std::string_view property, const Listener& listener) {
  Json shown = {{"ip", listener.ip}, {"port", listener.port}, {"listener", listener.listen}};
  const Grammar& grammar = GrammarOf(property);
  for (const Flag& flag : grammar.flags) shown[std::string(flag.name)] = listener.*flag.given;
  for (const Option& option : grammar.options) {
    const std::string& value = listener.*option.value;
    if (!value.empty()) {
      shown[fmt::format("{}={}", option.name, value)] = true;
    } else if (option.always_shown) {
      shown[fmt::format("{}=%d+", option.name)] = false;
    }
  }
  return shown;
}

}  // namespace silverback::config

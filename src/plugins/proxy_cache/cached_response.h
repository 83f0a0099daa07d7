// CachedResponse: an answer as proxy-cache keeps it in a dictionary. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugin/exchange.h"

namespace silverback::plugins {

struct CachedResponse {
  int status = 200;
  plugin::Headers headers;  // Connection, as the client got it, among them
  std::string body;
  std::optional<std::string> request_body;  // of the request that it answered, if it was read
  int64_t stored_at = 0;                    // seconds since the epoch
  double ttl = 0;

  std::string Encode() const;
  // nullopt: another version of the plugin has stored it.
  static std::optional<CachedResponse> Decode(const std::string& text);
  // As the Admin API shows it.
  Json Describe() const;
};

// The dictionary that the plugin's configuration names.
std::string DictionaryNameOf(const Json& config);

}  // namespace silverback::plugins

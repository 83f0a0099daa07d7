// Events: what a Lambda function is told of a request, and what it answers. Pure but for the
// exchange; event loop only.
#pragma once

#include <optional>

#include "plugin/env.h"
#include "plugin/exchange.h"
#include "util/json.h"

namespace silverback::plugins::aws {

struct EventSettings {
  explicit EventSettings(const Json& config);
  bool method, uri, headers, body, gateway, encode_body, skip_large;
};

// `body`: nullopt when it was too large to be kept in memory.
Json EventFor(const plugin::Exchange& exchange, const EventSettings& settings,
              std::optional<std::string_view> body, const std::string& request_id);

// What a function of the "proxy integration" answers; the error says what is wrong with it.
Result<plugin::LocalResponse> ProxyAnswer(const std::string& text);

}  // namespace silverback::plugins::aws

// Signatures of requests to AWS ("Signature Version 4"). Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "plugin/exchange.h"

namespace silverback::plugins::aws {

struct Keys {
  std::string access_key, secret_key, session_token;
};

struct Signable {
  std::string region, service, host, path, query, body;
  plugin::Headers headers;  // "host" and "x-amz-date" included
  std::string date;         // "20260102T030405Z"
};

std::string DateOf(double now);
// The value of the header Authorization of a POST.
std::string Authorization(const Signable& request, const Keys& keys);

}  // namespace silverback::plugins::aws

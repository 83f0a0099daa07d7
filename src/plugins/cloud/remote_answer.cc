#include "plugins/cloud/remote_answer.h"

#include <algorithm>

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

bool IsOfConnection(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "connection", "keep-alive", "proxy-connection",  "upgrade",
      "te",         "trailer",    "transfer-encoding", "content-length"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return EqualsIgnoreCase(known, name); });
}

}  // namespace

plugin::Headers ForwardedHeaders(const plugin::Exchange& exchange) {
  plugin::Headers headers = exchange.RequestHeaders();
  std::erase_if(headers, [](const auto& header) {
    return IsOfConnection(header.first) || EqualsIgnoreCase(header.first, "host");
  });
  return headers;
}

plugin::LocalResponse AnswerOf(const plugin::HttpReply& reply) {
  plugin::LocalResponse answer;
  answer.status = reply.status;
  answer.raw_body = true;
  answer.body = reply.body;
  answer.headers = reply.headers;
  std::erase_if(answer.headers, [](const auto& header) {
    return IsOfConnection(header.first) || EqualsIgnoreCase(header.first, "via");
  });
  answer.headers.emplace_back("Via", "kong/2.8.5");
  return answer;
}

}  // namespace silverback::plugins

#include "plugins/request_termination/echo.h"

#include <unistd.h>

#include "plugin/body_args.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

Json WithoutNulls(const Json& row) {
  Json out = Json::object();
  for (const auto& [key, value] : row.items()) {
    if (!value.is_null()) out[key] = value;
  }
  return out;
}

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

Json EchoOf(const plugin::Exchange& exchange, std::string_view body, const std::string& node_id,
            const std::string& message) {
  const std::string_view target = exchange.RawTarget();  // as the client wrote it
  Json request = {{"scheme", std::string(exchange.Scheme())},
                  {"host", ToLower(exchange.Host())},
                  {"port", exchange.Port()},
                  {"method", std::string(exchange.Method())},
                  {"path", std::string(target.substr(0, target.find('?')))},
                  {"headers", plugin::HeaderFields(exchange.RequestHeaders())},
                  {"query", plugin::QueryArguments(exchange.RawQuery())},
                  {"raw_body", std::string(body)}};
  const auto type = exchange.RequestHeader("content-type");
  if (auto arguments = plugin::BodyArguments(type.value_or(""), body))
    request["body"] = std::move(*arguments);
  Json out = {{"kong", {{"node_id", node_id}, {"worker_pid", getpid()}, {"hostname", HostName()}}},
              {"request", std::move(request)}};
  if (exchange.route()) out["matched_route"] = WithoutNulls(exchange.route()->row);
  if (exchange.service()) out["matched_service"] = WithoutNulls(exchange.service()->row);
  if (!message.empty()) out["message"] = message;
  return out;
}

}  // namespace silverback::plugins

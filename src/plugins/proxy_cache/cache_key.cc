#include "plugins/proxy_cache/cache_key.h"

#include <algorithm>

#include "plugin/body_args.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

void AddPart(std::string& key, std::string_view name, std::vector<std::string> values, bool bare) {
  if (!key.empty()) key += ':';
  key += name;
  if (bare) return;
  std::sort(values.begin(), values.end());
  key.append("=").append(Join(values, ","));
}

void AddArgument(std::string& key, std::string_view name, const Json& value) {
  std::vector<std::string> values;
  if (value.is_array()) {
    for (const Json& each : value) values.push_back(TextOf(each));
  } else {
    values.push_back(TextOf(value));
  }
  AddPart(key, name, std::move(values), value == true);
}

// Without the names to vary by, all arguments count, by name.
std::string ArgumentsKey(const plugin::Exchange& exchange,
                         const std::vector<std::string>& vary_by) {
  std::string key;
  if (exchange.RawQuery().empty()) return key;
  const Json arguments = plugin::QueryArguments(exchange.RawQuery());
  if (vary_by.empty()) {
    for (const auto& [name, value] : arguments.items()) AddArgument(key, name, value);
  }
  for (const std::string& name : vary_by) {
    if (const Json* value = FindMember(arguments, name)) AddArgument(key, name, *value);
  }
  return key;
}

std::string HeadersKey(const plugin::Exchange& exchange, const std::vector<std::string>& vary_by) {
  std::string key;
  for (const std::string& name : vary_by) {
    const auto values = exchange.RequestHeaderValues(name);
    if (!values.empty()) AddPart(key, name, {values.begin(), values.end()}, false);
  }
  return key;
}

// Kong takes the request line up to the query, which leaves the protocol's version in it where
// there is no query.
std::string LineKey(const plugin::Exchange& exchange) {
  std::string line = exchange.Variable("request").value_or(std::string(exchange.RawTarget()));
  line.resize(std::min(line.size(), line.find('?')));
  return line;
}

std::string OwnerKey(const plugin::Exchange& exchange) {
  if (exchange.route() == nullptr) return "default";
  const std::string_view consumer =
      exchange.consumer() ? StringViewMember(*exchange.consumer(), "id") : std::string_view();
  std::string key(consumer);
  if (!key.empty()) key += ':';
  return key += exchange.route()->id;
}

}  // namespace

std::string CacheKey(const plugin::Exchange& exchange,
                     const std::vector<std::string>& vary_query_params,
                     const std::vector<std::string>& vary_headers) {
  std::string text = OwnerKey(exchange);
  text.append("|").append(exchange.Method());
  text.append("|").append(LineKey(exchange));
  text.append("|").append(ArgumentsKey(exchange, vary_query_params));
  text.append("|").append(HeadersKey(exchange, vary_headers));
  return Md5Hex(text);
}

}  // namespace silverback::plugins

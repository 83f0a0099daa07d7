#include "plugins/zipkin/span.h"

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

constexpr size_t kSpanIdBytes = 8;

}  // namespace

std::string NewSpanId() { return ToHex(RandomBytes(kSpanIdBytes)); }

Span Span::Child(const std::string& suffix, int64_t begin) const {
  Span child;
  child.kind = "CLIENT";
  child.name = name + suffix;
  child.trace_id = trace_id;
  child.id = NewSpanId();
  child.parent_id = id;
  child.started = begin;
  return child;
}

Json Span::ToJson(const std::string& local_service, const std::string& default_service) const {
  Json span = {{"traceId", trace_id},
               {"name", name},
               {"id", id},
               {"kind", kind},
               {"timestamp", started},
               {"duration", duration},
               {"localEndpoint", {{"serviceName", local_service}}}};
  if (!parent_id.empty()) span["parentId"] = parent_id;
  Json& remote = span["remoteEndpoint"];
  const std::string& service = service_name.empty() ? default_service : service_name;
  if (!service.empty()) remote["serviceName"] = service;
  if (port != 0) remote["port"] = port;
  // Without a service or a port the other side is not known at all.
  if (!remote.is_null() && !ip.empty()) remote[ip.find(':') == ip.npos ? "ipv4" : "ipv6"] = ip;
  for (const auto& [key, value] : tags) {
    if (!value.empty()) span["tags"][key] = value;
  }
  for (const auto& [value, at] : annotations)
    span["annotations"].push_back({{"value", value}, {"timestamp", at}});
  return span;
}

}  // namespace silverback::plugins

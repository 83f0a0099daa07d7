#include "plugins/proxy_cache/cached_response.h"

#include <cstring>

#include "plugin/body_args.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

constexpr int kVersion = 1;

// As the client's library lists them: what nginx makes itself is in lower case.
std::string ShownName(const std::string& name) {
  const bool own = EqualsIgnoreCase(name, "content-type") || EqualsIgnoreCase(name, "connection") ||
                   EqualsIgnoreCase(name, "content-length");
  return own ? ToLower(name) : name;
}

Json ShownHeaders(const plugin::Headers& headers) {
  Json shown = Json::object();
  for (const auto& [name, value] : headers) plugin::PutRepeated(shown, ShownName(name), value);
  return shown;
}

}  // namespace

// The size of the head, the head, the body: the body is not looked at.
std::string CachedResponse::Encode() const {
  Json head = {{"version", kVersion},
               {"status", status},
               {"headers", headers},
               {"stored_at", stored_at},
               {"ttl", ttl}};
  if (request_body) head["request_body"] = *request_body;
  const std::vector<uint8_t> bytes = Json::to_cbor(head);
  const uint64_t size = bytes.size();
  std::string text;
  text.reserve(sizeof(size) + bytes.size() + body.size());
  text.append(reinterpret_cast<const char*>(&size), sizeof(size));
  text.append(bytes.begin(), bytes.end());
  return text += body;
}

std::optional<CachedResponse> CachedResponse::Decode(const std::string& text) {
  uint64_t size = 0;
  if (text.size() < sizeof(size)) return std::nullopt;
  std::memcpy(&size, text.data(), sizeof(size));
  if (text.size() - sizeof(size) < size) return std::nullopt;
  const auto begin = text.begin() + sizeof(size);
  const auto end = begin + static_cast<ptrdiff_t>(size);
  const Json head = Json::from_cbor(begin, end, true, false);
  if (head.is_discarded() || NumberMember(head, "version") != kVersion) return std::nullopt;
  CachedResponse response;
  response.status = static_cast<int>(NumberMember(head, "status"));
  if (const Json* headers = FindMember(head, "headers"))
    response.headers = headers->get<plugin::Headers>();
  response.body.assign(end, text.end());
  if (const Json* body = FindMember(head, "request_body"))
    response.request_body = body->get<std::string>();
  response.stored_at = static_cast<int64_t>(NumberMember(head, "stored_at"));
  response.ttl = NumberMember(head, "ttl");
  return response;
}

Json CachedResponse::Describe() const {
  Json shown = {
      {"version", kVersion}, {"status", status},        {"headers", ShownHeaders(headers)},
      {"body", body},        {"body_len", body.size()}, {"timestamp", stored_at},
      {"ttl", ttl}};
  if (request_body) shown["req_body"] = *request_body;
  return shown;
}

std::string DictionaryNameOf(const Json& config) {
  const Json* memory = FindMember(config, "memory");
  return memory != nullptr ? StringMember(*memory, "dictionary_name") : "";
}

}  // namespace silverback::plugins

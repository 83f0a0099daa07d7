#include "dns/record.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>

#include <optional>

#include "util/string_util.h"

namespace silverback::dns {
namespace {

std::string CleanName(std::string_view name) {
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return ToLower(name);
}

// A name inside the data of a record; none when it is malformed.
std::optional<std::string> NameAt(const ns_msg& message, const unsigned char* data) {
  char name[NS_MAXDNAME];
  if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data, name, sizeof(name)) < 0)
    return std::nullopt;
  return CleanName(name);
}

std::optional<std::string> AddressAt(const ns_rr& raw, int family, size_t bytes) {
  if (ns_rr_rdlen(raw) != bytes) return std::nullopt;
  char text[INET6_ADDRSTRLEN];
  return std::string(inet_ntop(family, ns_rr_rdata(raw), text, sizeof(text)));
}

bool IsKnown(const ns_rr& raw) {
  if (ns_rr_class(raw) != ns_c_in) return false;
  const auto type = static_cast<Type>(ns_rr_type(raw));
  return type == Type::kA || type == Type::kAaaa || type == Type::kCname || type == Type::kSrv;
}

std::optional<Record> ParseRecord(const ns_msg& message, const ns_rr& raw) {
  if (ns_rr_class(raw) != ns_c_in) return std::nullopt;
  Record record;
  record.name = CleanName(ns_rr_name(raw));
  record.type = static_cast<Type>(ns_rr_type(raw));
  // A "negative" lifetime is none (RFC 2181).
  record.ttl = ns_rr_ttl(raw) > 0x7fffffffu ? 0 : ns_rr_ttl(raw);
  const unsigned char* data = ns_rr_rdata(raw);
  std::optional<std::string> value;
  switch (record.type) {
    case Type::kA:
      value = AddressAt(raw, AF_INET, sizeof(in_addr));
      break;
    case Type::kAaaa:
      value = AddressAt(raw, AF_INET6, sizeof(in6_addr));
      break;
    case Type::kCname:
      value = NameAt(message, data);
      break;
    case Type::kSrv:
      if (ns_rr_rdlen(raw) < 7) return std::nullopt;
      record.priority = static_cast<int>(ns_get16(data));
      record.weight = static_cast<int>(ns_get16(data + 2));
      record.port = static_cast<int>(ns_get16(data + 4));
      value = NameAt(message, data + 6);
      break;
  }
  if (!value) return std::nullopt;
  record.value = *std::move(value);
  return record;
}

}  // namespace

const char* TypeName(Type type) {
  switch (type) {
    case Type::kA:
      return "A";
    case Type::kCname:
      return "CNAME";
    case Type::kAaaa:
      return "AAAA";
    case Type::kSrv:
      return "SRV";
  }
  return "unknown";
}

const char* CodeText(int code) {
  static constexpr const char* kTexts[] = {"no error",   "format error",    "server failure",
                                           "name error", "not implemented", "refused"};
  return code >= 0 && code < 6 ? kTexts[code] : "unknown";
}

Reply ParseReply(const unsigned char* message, size_t bytes) {
  Reply reply;
  ns_msg handle;
  if (bytes > 65535 || ns_initparse(message, static_cast<int>(bytes), &handle) != 0) {
    reply.failure = "the reply cannot be read";
    return reply;
  }
  reply.code = ns_msg_getflag(handle, ns_f_rcode);
  const int count = ns_msg_count(handle, ns_s_an);
  bool unreadable = false;
  for (int i = 0; i < count; ++i) {
    ns_rr raw;
    if (ns_parserr(&handle, ns_s_an, i, &raw) != 0) {
      unreadable = true;
      break;
    }
    if (auto record = ParseRecord(handle, raw)) {
      reply.records.push_back(*std::move(record));
    } else {
      unreadable = unreadable || IsKnown(raw);
    }
  }
  // That nothing can be read is not to say that nothing is there.
  if (unreadable && reply.records.empty() && reply.code == 0) reply.code = kFormatError;
  return reply;
}

}  // namespace silverback::dns

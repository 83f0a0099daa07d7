// The checks of one value that Kong writes as functions: names, hosts, paths, addresses, header
// names, ...
#include <arpa/inet.h>
#include <pcre2.h>

#include <algorithm>
#include <array>

#include "schema/crypto_checks.h"
#include "schema/lua_pattern.h"
#include "schema/names.h"
#include "schema/url.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

using Check = Json (*)(const std::string& value);

Json Utf8Name(const std::string& name) {
  if (const auto position = InvalidUtf8At(name)) {
    return "invalid utf-8 character sequence detected at position " + std::to_string(*position);
  }
  if (!LuaFind(name, "[^%w%.%-%_~\x80-\xf4]")) return nullptr;
  return "invalid value '" + name +
         "': the only accepted ascii characters are alphanumerics or ., -, _, and ~";
}

Json Tag(const std::string& tag) {
  if (!InvalidUtf8At(tag) && LuaFind(tag, "^[!-+%-%.0-~\x80-\xf4]+$")) return nullptr;
  return "invalid tag '" + tag +
         "': expected printable ascii (except `,` and `/`) or valid utf-8 sequences";
}

Json Host(const std::string& host) {
  const HostPort parsed = ParseHostPort(host);
  const bool bad_port = parsed.error == kInvalidPort;
  if (!parsed.valid && !bad_port) return "invalid value: " + host;
  if (bad_port || parsed.port) return "must not have a port";
  return nullptr;
}

Json EscapesOf(std::string path) {
  for (size_t at = path.find('%'); at != std::string::npos; at = path.find('%', at)) {
    if (!LuaFind(path.substr(at, 3), "^%%%x%x$")) {
      at += 1;
      continue;
    }
    path.replace(at, 3, "___");
  }
  const size_t bad = path.find('%');
  if (bad == std::string::npos) return nullptr;
  return "invalid url-encoded value: '" + path.substr(bad, 3) + "'";
}

// What may stand in a path: RFC 3986's pchar and '/'.
bool IsUriPath(const std::string& path) { return LuaFind(path, "^/[%w%.%-_~/%%:@!$&'()*+,;=]*$"); }

// What the router takes as it is. Anything else is a regular expression.
bool IsPlainPath(const std::string& path) { return LuaFind(path, "^/[%w%.%-_~/%%]*$"); }

Json Path(const std::string& path) {
  if (!IsUriPath(path)) {
    return "invalid path: '" + path +
           "' (characters outside of the reserved list of RFC 3986 found)";
  }
  return EscapesOf(path);
}

// PCRE's words of old for what its successor calls otherwise.
std::string PcreReason(int code) {
  switch (code) {
    case PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS:
      return "missing )";
    case PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS:
      return "unmatched parentheses";
    case PCRE2_ERROR_QUANTIFIER_INVALID:
      return "nothing to repeat";
    default:
      break;
  }
  PCRE2_UCHAR reason[200];
  pcre2_get_error_message(code, reason, sizeof reason);
  return reinterpret_cast<char*>(reason);
}

Json RegexError(const std::string& pattern, const std::string& prefix, const std::string& suffix) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                       0, &code, &offset, nullptr);
  if (compiled) {
    pcre2_code_free(compiled);
    return nullptr;
  }
  std::string reason = "pcre_compile() failed: " + PcreReason(code) + " in \"" + pattern + "\"";
  if (offset < pattern.size()) reason += " at \"" + pattern.substr(offset) + "\"";
  return prefix + reason + suffix;
}

Json RoutePath(const std::string& path) {
  if (IsUriPath(path)) {
    if (Json bad = EscapesOf(path); !bad.is_null()) return bad;
  }
  if (IsPlainPath(path)) return nullptr;
  return RegexError(path, "invalid regex: '" + path + "' (PCRE returned: ", ")");
}

Json RouteHost(const std::string& host) {
  const HostPort parsed = ParseHostPort(ReplaceAll(host, "*", "abc"));
  return parsed.valid ? Json() : Json(parsed.error);
}

Json HeaderName(const std::string& name) {
  if (LuaFind(name, "^[a-zA-Z0-9-_]+$")) return nullptr;
  return "bad header name '" + name + "', allowed characters are A-Z, a-z, 0-9, '_', and '-'";
}

Json CookieName(const std::string& name) {
  if (LuaFind(name, "^[a-zA-Z0-9-_]+$")) return nullptr;
  return "bad cookie name '" + name + "', allowed characters are A-Z, a-z, 0-9, '_', and '-'";
}

Json Sni(const std::string& name) {
  const HostPort parsed = ParseHostPort(name);
  if (parsed.valid && parsed.is_ip) return "must not be an IP";
  const bool bad_port = parsed.error == kInvalidPort;
  if (!parsed.valid && !bad_port) return "invalid value: " + name;
  if (bad_port || parsed.port) return "must not have a port";
  return nullptr;
}

Json WildcardSni(const std::string& name) {
  const size_t star = name.find('*');
  if (star == std::string::npos) return Sni(name);
  if (star != 0 && star != name.size() - 1)
    return "wildcard must be leftmost or rightmost character";
  if (name.find('*', star + 1) != std::string::npos) return "only one wildcard must be specified";
  return Sni(ReplaceAll(name, "*", "wildcard"));
}

Json IpOrCidr(const std::string& text) {
  return IsIpOrCidr(text) ? Json() : Json("invalid ip or cidr range: '" + text + "'");
}

Json UpstreamName(const std::string& name) {
  const HostPort parsed = ParseHostPort(name);
  const std::string start = "Invalid name ('" + name + "'); ";
  if (parsed.valid && parsed.is_ip) return start + "no ip addresses allowed";
  if (!parsed.valid) return start + "must be a valid hostname";
  if (parsed.port) return start + "no port allowed";
  return nullptr;
}

Json HostHeader(const std::string& host) {
  const HostPort parsed = ParseHostPort(host);
  return parsed.valid ? Json() : Json(parsed.error);
}

Json Target(const std::string& target) {
  return ParseHostPort(target).valid ? Json()
                                     : Json("Invalid target; not a valid hostname or ip address");
}

Json UrlWithHost(const std::string& text) {
  const Url url = ParseUrl(text);
  if (url.host.empty()) return "missing host in url";
  return url.scheme ? Json() : Json("missing scheme in url");
}

Json RedirectUri(const std::string& uri) {
  const Url url = ParseUrl(uri);
  if (!url.scheme || url.host.empty()) return "cannot parse '" + uri + "'";
  return url.has_fragment ? Json("fragment not allowed in '" + uri + "'") : Json();
}

Json CorsOrigin(const std::string& origin) {
  if (origin == "*") return nullptr;
  return RegexError(origin, "'" + origin + "' is not a valid regex", "").is_null()
             ? Json()
             : Json("'" + origin + "' is not a valid regex");
}

Json LuaCode(const std::string& code, const char* before) {
  const std::string error = LuaSyntaxError(code);
  return error.empty() ? Json() : Json(before + error);
}

Json PreFunctionCode(const std::string& code) {
  return LuaCode(code, "error parsing pre-function: ");
}
Json PostFunctionCode(const std::string& code) {
  return LuaCode(code, "error parsing post-function: ");
}
Json LuaField(const std::string& code) { return LuaCode(code, "Error parsing function: "); }

// With untrusted_lua = off (entity::Catalog puts this in LuaField's place).
Json NoLuaField(const std::string&) {
  return "Error parsing function: loading of untrusted Lua code disabled because 'untrusted_lua' "
         "config option is set to 'off'";
}

// "name:value" of a transformer: what stands before and after the first colons.
std::pair<std::string, std::string> SplitEntry(const std::string& entry) {
  const size_t colon = entry.find(':');
  const size_t value = std::min(entry.find_first_not_of(':', colon), entry.size());
  return {entry.substr(0, colon), colon == entry.npos ? "" : entry.substr(value)};
}

Json TransformerValue(const std::string& entry) {
  const auto [name, value] = SplitEntry(entry);
  return name.empty() || value.empty() ? Json("key '" + name + "' has no value") : Json();
}

Json TransformerHeader(const std::string& entry) {
  const std::string name = SplitEntry(entry).first;
  if (HeaderName(name).is_null()) return nullptr;
  return "'" + (name.empty() ? "nil" : name) + "' is not a valid header";
}

Json TransformerHeaders(const std::string& entry) {
  if (Json error = TransformerHeader(entry); !error.is_null()) return error;
  const std::string value = SplitEntry(entry).second;
  return HeaderName(value).is_null() ? Json() : Json("'" + value + "' is not a valid header");
}

Json UuidOrEmpty(const std::string& text) {
  return text.empty() || IsUuid(text) ? Json() : Json("expected a valid UUID");
}

Json Anonymous(const std::string& text) {
  return UuidOrEmpty(text).is_null() ? Json() : Utf8Name(text);
}

constexpr std::array<std::pair<std::string_view, Check>, 30> kChecks = {
    {{"utf8_name", Utf8Name},
     {"tag", Tag},
     {"host", Host},
     {"path", Path},
     {"route_path", RoutePath},
     {"route_host", RouteHost},
     {"header_name", HeaderName},
     {"cookie_name", CookieName},
     {"sni", Sni},
     {"wildcard_sni", WildcardSni},
     {"ip_or_cidr", IpOrCidr},
     {"upstream_name", UpstreamName},
     {"host_header", HostHeader},
     {"target", Target},
     {"url", UrlWithHost},
     {"redirect_uri", RedirectUri},
     {"cors_origin", CorsOrigin},
     {"pre_function_code", PreFunctionCode},
     {"post_function_code", PostFunctionCode},
     {"lua_field", LuaField},
     {"no_lua_field", NoLuaField},
     {"transformer_value", TransformerValue},
     {"transformer_header", TransformerHeader},
     {"transformer_headers", TransformerHeaders},
     {"uuid_or_empty", UuidOrEmpty},
     {"anonymous", Anonymous},
     {"certificate", CheckCertificate},
     {"private_key", CheckPrivateKey},
     {"rsa_public_key", CheckPublicKey},
     {"cookie_path", Path}}};

}  // namespace

Json RunNamedCheck(const std::string& name, const Json& value) {
  if (!value.is_string()) return RunRecordCheck(name, value);
  for (const auto& [known, check] : kChecks) {
    if (known == name) return check(value.get_ref<const std::string&>());
  }
  return "the check '" + name + "' does not exist";
}

}  // namespace silverback::schema

// Rules of whole entities and plugin configurations that Kong writes as functions.
#include <array>
#include <set>

#include "schema/crypto_checks.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

using EntityCheck = void (*)(const Json& record, bool updating, Json& errors);
using RecordCheck = Json (*)(const Json& record);

void Fail(Json& errors, const std::string& message) { errors["@entity"].push_back(message); }

bool HasItems(const Json& record, const char* field) {
  const Json& value = ValueAt(record, field);
  return value.is_structured() && !value.empty();
}

bool IsGiven(const Json& record, const char* field) {
  const Json& value = ValueAt(record, field);
  return !value.is_null();
}

// A value of a wrong type counts: that it is wrong is said of its field.
bool IsNonEmpty(const Json& record, const char* field) {
  const Json& value = ValueAt(record, field);
  return !value.is_null() && value != "" && !(value.is_structured() && value.empty());
}

void RequireOneOf(const Json& route, const std::vector<const char*>& fields,
                  const std::string& phrase, Json& errors) {
  std::string names;
  for (const char* field : fields) {
    if (IsNonEmpty(route, field)) return;
    names += (names.empty() ? "'" : ", '") + std::string(field) + "'";
  }
  Fail(errors, "must set one of " + names + " when 'protocols' is " + phrase);
}

void Forbid(const Json& route, const std::vector<const char*>& fields, const std::string& phrase,
            Json& errors) {
  for (const char* field : fields) {
    if (!HasItems(route, field) || errors.contains(field)) continue;
    errors[field] = "cannot set '" + std::string(field) + "' when 'protocols' is " + phrase;
  }
}

bool HasProtocol(const Json& route, std::initializer_list<const char*> names) {
  for (const Json& protocol : ValueAt(route, "protocols")) {
    for (const char* name : names) {
      if (protocol == name) return true;
    }
  }
  return false;
}

void HttpRoute(const Json& route, Json& errors) {
  if (HasProtocol(route, {"https"})) {
    RequireOneOf(route, {"methods", "hosts", "headers", "paths", "snis"}, "'https'", errors);
  } else {
    RequireOneOf(route, {"methods", "hosts", "headers", "paths"}, "'http'", errors);
  }
  Forbid(route, {"sources", "destinations"}, "'http' or 'https'", errors);
}

void GrpcRoute(const Json& route, Json& errors) {
  if (HasProtocol(route, {"grpcs"})) {
    RequireOneOf(route, {"hosts", "headers", "paths", "snis"}, "'grpcs'", errors);
  } else {
    RequireOneOf(route, {"hosts", "headers", "paths"}, "'grpc'", errors);
  }
  if (ValueAt(route, "strip_path") == true)
    errors["strip_path"] = "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'";
  Forbid(route, {"methods", "sources", "destinations"}, "'grpc' or 'grpcs'", errors);
}

void StreamRoute(const Json& route, const std::string& first, Json& errors) {
  if (first == "tls_passthrough") {
    if (!IsGiven(route, "snis"))
      Fail(errors, "must set snis when 'protocols' is 'tls_passthrough'");
  } else {
    RequireOneOf(route, {"sources", "destinations", "snis"}, "'tcp', 'tls' or 'udp'", errors);
  }
  Forbid(route, {"methods", "hosts", "paths", "headers"},
         "'tcp', 'tls', 'tls_passthrough' or 'udp'", errors);
}

void RouteEntity(const Json& route, bool, Json& errors) {
  const Json& protocols = ValueAt(route, "protocols");
  if (!protocols.is_array()) return;
  static const std::set<std::string> kHttp = {"http", "https"}, kGrpc = {"grpc", "grpcs"},
                                     kStream = {"tcp", "tls", "udp", "tls_passthrough"};
  if (HasItems(route, "snis") &&
      !HasProtocol(route, {"grpcs", "https", "tls", "tls_passthrough"})) {
    Fail(errors,
         "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'");
    if (!errors.contains("snis")) errors["snis"] = "length must be 0";
  }
  const std::string first =
      protocols.empty() || !protocols[0].is_string() ? "nil" : protocols[0].get<std::string>();
  if (kHttp.contains(first)) {
    HttpRoute(route, errors);
  } else if (kGrpc.contains(first)) {
    GrpcRoute(route, errors);
  } else if (kStream.contains(first)) {
    StreamRoute(route, first, errors);
  } else {
    errors["protocols"] = "unknown type: " + first;
    return;
  }
}

void CertificateEntity(const Json& row, bool, Json& errors) {
  if (errors.contains("cert") || errors.contains("key")) return;
  Json found = Json::array();
  CheckCertificatePairs(row, found);
  for (const Json& message : found) Fail(errors, message);
}

void CaCertificateEntity(const Json& row, bool, Json& errors) {
  if (errors.contains("cert")) return;
  Json found = Json::array();
  CheckCaCertificate(row, found);
  for (const Json& message : found) Fail(errors, message);
}

void ReadOnlyTags(const Json&, bool, Json& errors) {
  errors["tags"] = "does not support insert/upsert/update/delete operations";
}

constexpr const char* kPeriods[] = {"second", "minute", "hour", "day", "month", "year"};

// Lua prints the numbers of this message with a fraction.
std::string LuaNumber(double number) {
  const std::string text = DumpJson(number);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

Json GrowingLimits(const Json& config) {
  for (size_t i = 0; i < std::size(kPeriods); ++i) {
    const Json& lower = ValueAt(config, kPeriods[i]);
    if (!lower.is_number()) continue;
    for (size_t j = i + 1; j < std::size(kPeriods); ++j) {
      const Json& upper = ValueAt(config, kPeriods[j]);
      if (!upper.is_number() || upper >= lower) continue;
      return std::string("The limit for ") + kPeriods[j] + "(" + LuaNumber(upper) +
             ") cannot be lower than the limit for " + kPeriods[i] + "(" + LuaNumber(lower) + ")";
    }
  }
  return nullptr;
}

Json TerminationBody(const Json& config) {
  const bool message = IsGiven(config, "message"), body = IsGiven(config, "body"),
             type = IsGiven(config, "content_type");
  if (message && (type || body)) return "message cannot be used with content_type or body";
  if (type && !body) return "content_type requires a body";
  if (ValueAt(config, "echo") == true && (type || body))
    return "echo cannot be used with content_type and body";
  return nullptr;
}

Json OneGrantEnabled(const Json& config) {
  for (const char* flag : {"enable_authorization_code", "enable_implicit_grant",
                           "enable_client_credentials", "enable_password_grant"}) {
    if (ValueAt(config, flag) == true) return nullptr;
  }
  return "at least one of these fields must be true: enable_authorization_code, "
         "enable_implicit_grant, "
         "enable_client_credentials, enable_password_grant";
}

Json DistinctTagNames(const Json& tags) {
  std::set<std::string> seen;
  for (const Json& tag : tags) {
    const std::string name = StringMember(tag, "name");
    if (!seen.insert(name).second) return "repeated tags are not allowed: " + name;
  }
  return nullptr;
}

// Without a database nothing could be written there (entity::Catalog adds the check then).
void AcmeStorage(const Json& record, bool, Json& errors) {
  if (ValueAt(record, "config.storage") == "kong")
    Fail(errors, "\"kong\" storage can't be used with dbless mode");
}

constexpr std::array<std::pair<std::string_view, EntityCheck>, 5> kEntityChecks = {
    {{"acme_storage", AcmeStorage},
     {"route", RouteEntity},
     {"certificate_pair", CertificateEntity},
     {"ca_certificate", CaCertificateEntity},
     {"read_only_tags", ReadOnlyTags}}};

constexpr std::array<std::pair<std::string_view, RecordCheck>, 4> kRecordChecks = {
    {{"growing_limits", GrowingLimits},
     {"termination_body", TerminationBody},
     {"one_grant_enabled", OneGrantEnabled},
     {"distinct_tag_names", DistinctTagNames}}};

}  // namespace

void RunNamedEntityCheck(const std::string& name, const Json& record, bool updating, Json& errors) {
  for (const auto& [known, check] : kEntityChecks) {
    if (known == name) return check(record, updating, errors);
  }
  Fail(errors, "the check '" + name + "' does not exist");
}

Json RunRecordCheck(const std::string& name, const Json& record) {
  for (const auto& [known, check] : kRecordChecks) {
    if (known == name) return check(record);
  }
  return "the check '" + name + "' does not exist";
}

}  // namespace silverback::schema

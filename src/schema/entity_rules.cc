// Rules of whole entities and plugin configurations that Kong writes as functions.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "schema/crypto_checks.h"
#include "schema/url.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

using EntityRule = void (*)(const Json& rule, const Json& record, Json& errors);
using RecordRule = Json (*)(const Json& record);

void Fail(Json& errors, const std::string& message) {
  if (!message.empty()) errors["@entity"].push_back(message);
}

void KeyMatchesCertificate(const Json&, const Json& row, Json& errors) {
  if (!IsSamePair(StringMember(row, "cert"), StringMember(row, "key")))
    Fail(errors, "certificate does not match key");
}

void AlternativeKeyMatches(const Json&, const Json& row, Json& errors) {
  if (!IsSamePair(StringMember(row, "cert_alt"), StringMember(row, "key_alt")))
    Fail(errors, "alternative certificate does not match key");
}

void AlternativeDiffers(const Json&, const Json& row, Json& errors) {
  const int type = KeyTypeOf(StringMember(row, "cert"));
  if (type == 0 || type != KeyTypeOf(StringMember(row, "cert_alt"))) return;
  Fail(errors,
       "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), "
       "the provided certificates were both of the same type");
}

void CaCertificate(const Json&, const Json& row, Json& errors) {
  Fail(errors, CaCertificateProblem(StringMember(row, "cert")));
}

void AcmeSharedMemory(const Json&, const Json& record, Json& errors) {
  if (ValueAt(record, "config.storage") == "shm")
    Fail(errors, "\"shm\" storage can't be used in Hybrid mode");
}

// "dictionaries": the names that there are.
void SharedDictionary(const Json& rule, const Json& record, Json& errors) {
  if (ValueAt(record, "config.strategy") != "memory") return;
  const Json& name = ValueAt(record, "config.memory.dictionary_name");
  const Json& known = rule["dictionaries"];
  if (std::find(known.begin(), known.end(), name) == known.end())
    Fail(errors, "missing shared dict '" + (name.is_string() ? name.get<std::string>() : "") + "'");
}

void PlainProxy(const Json&, const Json& record, Json& errors) {
  const Json& url = ValueAt(record, "config.proxy_url");
  if (!url.is_string()) return;
  const auto& text = url.get_ref<const std::string&>();
  const size_t colon = text.find(':');
  const bool has_scheme = colon != 0 && colon != text.npos && text.compare(colon, 3, "://") == 0;
  if (has_scheme && text.substr(0, colon) != "http") Fail(errors, "proxy_url scheme must be http");
}

// Without a database nothing could be written there (entity::Catalog adds the rule then).
void AcmeStorage(const Json&, const Json& record, Json& errors) {
  if (ValueAt(record, "config.storage") == "kong")
    Fail(errors, "\"kong\" storage can't be used with dbless mode");
}

constexpr const char* kPeriods[] = {"second", "minute", "hour", "day", "month", "year"};

// `article`: "The" or "the": the plugins' messages differ in that.
Json Growing(const Json& config, const char* article) {
  for (size_t i = 0; i < std::size(kPeriods); ++i) {
    const Json& lower = ValueAt(config, kPeriods[i]);
    if (!lower.is_number()) continue;
    for (size_t j = i + 1; j < std::size(kPeriods); ++j) {
      const Json& upper = ValueAt(config, kPeriods[j]);
      if (!upper.is_number() || upper >= lower) continue;
      return fmt::format("{} limit for {}({:.1f}) cannot be lower than the limit for {}({:.1f})",
                         article, kPeriods[j], upper.get<double>(), kPeriods[i],
                         lower.get<double>());
    }
  }
  return nullptr;
}

Json GrowingLimits(const Json& config) { return Growing(config, "The"); }
Json GrowingAmounts(const Json& config) { return Growing(config, "the"); }

// Who says in the URL who he is does not say it in a header too.
Json OneAuthorization(const Json& config) {
  const Json& headers = ValueAt(config, "headers");
  const bool has_user = ParseUrl(StringMember(config, "http_endpoint")).has_user;
  if (!has_user || !headers.is_object()) return nullptr;
  for (const auto& [name, value] : headers.items()) {
    if (ToLower(name) == "authorization") {
      return "specifying both an 'Authorization' header and user info in 'http_endpoint' is not "
             "allowed";
    }
  }
  return nullptr;
}

Json TerminationBody(const Json& config) {
  const auto is_given = [&](const char* field) { return !ValueAt(config, field).is_null(); };
  const bool message = is_given("message"), body = is_given("body"),
             type = is_given("content_type");
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

constexpr std::array<std::pair<std::string_view, EntityRule>, 8> kEntityRules = {
    {{"acme_storage", AcmeStorage},
     {"acme_shared_memory", AcmeSharedMemory},
     {"shared_dictionary", SharedDictionary},
     {"plain_proxy", PlainProxy},
     {"key_matches_certificate", KeyMatchesCertificate},
     {"alternative_key_matches", AlternativeKeyMatches},
     {"alternative_differs", AlternativeDiffers},
     {"ca_certificate", CaCertificate}}};

constexpr std::array<std::pair<std::string_view, RecordRule>, 6> kRecordRules = {
    {{"growing_limits", GrowingLimits},
     {"growing_amounts", GrowingAmounts},
     {"one_authorization", OneAuthorization},
     {"termination_body", TerminationBody},
     {"one_grant_enabled", OneGrantEnabled},
     {"distinct_tag_names", DistinctTagNames}}};

}  // namespace

void RunNamedEntityCheck(const Json& rule, const Json& record, Json& errors) {
  const std::string name = StringMember(rule, "check");
  for (const auto& [known, run] : kEntityRules) {
    if (known == name) return run(rule, record, errors);
  }
  Fail(errors, "the check '" + name + "' does not exist");
}

Json RunRecordCheck(const std::string& name, const Json& record) {
  for (const auto& [known, rule] : kRecordRules) {
    if (known == name) return rule(record);
  }
  return "the check '" + name + "' does not exist";
}

}  // namespace silverback::schema

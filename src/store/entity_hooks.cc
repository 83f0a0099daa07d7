#include "store/entity_hooks.h"

#include <fmt/format.h>

#include <algorithm>

#include "schema/crypto_checks.h"
#include "schema/names.h"
#include "store/errors.h"
#include "store/secret_hash.h"
#include "store/target_address.h"
#include "util/string_util.h"

namespace silverback::store {
namespace {

using CheckFunction = Status (*)(const HookContext&);
using WriteFunction = Status (*)(const HookContext&, Json& row);
using ReadFunction = void (*)(Json& row);

constexpr size_t kRowsPerRead = 1000;

Error Violation(const std::string& field, const Json& why) {
  Json fields = {{field, why}};
  std::string message = schema::ViolationMessage(fields);
  return Error(ErrorCode::kSchemaViolation, std::move(message), std::move(fields));
}

bool IsGiven(const Json& given, const char* field) {
  const Json* value = FindMember(given, field);
  return value && !value->is_null() && *value != "";
}

// --- basic-auth: the password is kept as SHA-1 of itself and the consumer's id.

void HashPasswordOf(Json& row) {
  row["password"] = ToHex(Sha1(StringMember(row, "password") + ForeignId(row, "consumer")));
}

Status HashPassword(const HookContext& context, Json& row) {
  if (context.hash_secrets && IsGiven(context.given, "password")) HashPasswordOf(row);
  return Ok();
}

// --- oauth2: the secret is kept as a slow hash when the client asks for it.

Status HashClientSecretOf(Json& row) {
  auto hash = HashSecret(StringMember(row, "client_secret"));
  if (!hash) return hash.error();
  row["client_secret"] = *std::move(hash);
  return Ok();
}

Status HashClientSecret(const HookContext& context, Json& row) {
  const bool wanted = context.hash_secrets && BoolMember(context.given, "hash_secret");
  return wanted ? HashClientSecretOf(row) : Ok();
}

// --- ca_certificates

Status AddDigestTo(Json& row) {
  row["cert_digest"] = schema::CertificateDigest(StringMember(row, "cert"));
  return Ok();
}

Status AddDigest(const HookContext&, Json& row) { return AddDigestTo(row); }

// --- plugins: protocols that are given must include one of the route's, or of a route of the
// service's.

bool HaveCommon(const Json& a, const Json& b) {
  return std::any_of(a.begin(), a.end(), [&](const Json& protocol) {
    return std::find(b.begin(), b.end(), protocol) != b.end();
  });
}

Json Protocols(const Json& row) {
  const Json* found = FindMember(row, "protocols");
  return found && found->is_array() ? *found : Json();
}

Status CheckRouteProtocols(const HookContext& context, const std::string& id,
                           const Json& protocols) {
  const schema::Schema* routes = context.catalog.Entity("routes");
  const auto route = context.transaction.Select(*routes, id);
  if (!route) return route.error();
  if (!*route || HaveCommon(protocols, Protocols(**route))) return Ok();
  return Violation("protocols", "must match the associated route's protocols");
}

Error NoCommonProtocol() {
  return Violation("protocols",
                   "must match the protocols of at least one route pointing to this Plugin's "
                   "service");
}

Status CheckServiceProtocols(const HookContext& context, const std::string& id,
                             const Json& protocols) {
  PageRequest request;
  request.size = kRowsPerRead;
  request.foreign_field = "service";
  request.foreign_id = id;
  const auto page = context.transaction.Page(*context.catalog.Entity("routes"), request);
  if (!page) return page.error();
  if (page->rows.empty()) return Ok();
  for (const Json& route : page->rows) {
    if (HaveCommon(protocols, Protocols(route))) return Ok();
  }
  return NoCommonProtocol();
}

Status CheckPluginProtocols(const HookContext& context) {
  const auto effective = [&](const char* field) {
    const Json* value = FindMember(context.given, field);
    if (!value && context.current) value = FindMember(*context.current, field);
    return value ? *value : Json();
  };
  const Json protocols = effective("protocols");
  if (!protocols.is_array()) return Ok();
  if (const Json route = effective("route"); route.is_object()) {
    return CheckRouteProtocols(context, StringMember(route, "id"), protocols);
  }
  if (const Json service = effective("service"); service.is_object()) {
    // As in Kong, only a service that is named by its id can be looked at here.
    const Json* sent = FindMember(context.sent, "service");
    if (sent && sent->is_object() && !sent->contains("id")) return NoCommonProtocol();
    return CheckServiceProtocols(context, StringMember(service, "id"), protocols);
  }
  return Ok();
}

// --- targets: kept as HOST:PORT; an upstream has each once. Updates leave the spelling alone.

Status CheckTarget(const HookContext& context) {
  const Json* target = FindMember(context.given, "target");
  if (context.current || !target || !target->is_string()) return Ok();
  if (schema::ParseHostPort(target->get_ref<const std::string&>()).valid) return Ok();
  return Violation("target", "Invalid target; not a valid hostname or ip address");
}

Status NormaliseTarget(const HookContext& context, Json& row) {
  if (context.current) return Ok();
  const std::string target = FormatTarget(StringMember(row, "target"));
  row["target"] = target;
  PageRequest request;
  request.size = kRowsPerRead;
  request.foreign_field = "upstream";
  request.foreign_id = ForeignId(row, "upstream");
  for (bool more = true; more;) {
    const auto page = context.transaction.Page(context.schema, request);
    if (!page) return page.error();
    for (const Json& other : page->rows) {
      if (StringMember(other, "target") == target && other["id"] != row["id"]) {
        return UniqueViolation({{"target", target}});
      }
    }
    more = page->more;
    if (more) request.after = StringMember(page->rows.back(), "id");
  }
  return Ok();
}

void ShowTarget(Json& row) {
  if (row.contains("target") && row["target"].is_string()) {
    row["target"] = FormatTarget(row["target"].get_ref<const std::string&>());
  }
}

struct EntityHooks {
  std::string_view entity;
  CheckFunction check = nullptr;
  WriteFunction write = nullptr;
  ReadFunction read = nullptr;
};

constexpr EntityHooks kHooks[] = {
    {"basicauth_credentials", nullptr, HashPassword, nullptr},
    {"ca_certificates", nullptr, AddDigest, nullptr},
    {"oauth2_credentials", nullptr, HashClientSecret, nullptr},
    {"plugins", CheckPluginProtocols, nullptr, nullptr},
    {"targets", CheckTarget, NormaliseTarget, ShowTarget},
};

const EntityHooks* Find(const schema::Schema& schema) {
  for (const EntityHooks& hooks : kHooks) {
    if (hooks.entity == schema.name()) return &hooks;
  }
  return nullptr;
}

}  // namespace

Status CheckGiven(const HookContext& context) {
  const EntityHooks* hooks = Find(context.schema);
  return hooks && hooks->check ? hooks->check(context) : Ok();
}

Status BeforeWrite(const HookContext& context, Json& row) {
  const EntityHooks* hooks = Find(context.schema);
  return hooks && hooks->write ? hooks->write(context, row) : Ok();
}

Status CompleteRow(const schema::Schema& schema, Json& row, bool hash_secrets) {
  const std::string& entity = schema.name();
  if (entity == "ca_certificates") return AddDigestTo(row);
  if (entity == "targets") row["target"] = FormatTarget(StringMember(row, "target"));
  if (!hash_secrets) return Ok();
  if (entity == "basicauth_credentials" && IsGiven(row, "password")) HashPasswordOf(row);
  if (entity == "oauth2_credentials" && BoolMember(row, "hash_secret"))
    return HashClientSecretOf(row);
  return Ok();
}

bool CompletesRows(const schema::Schema& schema) {
  const EntityHooks* hooks = Find(schema);
  return hooks && hooks->write;
}

void AfterRead(const schema::Schema& schema, Json& row) {
  const EntityHooks* hooks = Find(schema);
  if (hooks && hooks->read) hooks->read(row);
}

}  // namespace silverback::store

#include <optional>
#include <string>
#include <vector>

#include "admin/routes/routes.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

// A cache key names the entity, the values of its key fields and its workspace:
// "keyauth_credentials:KEY::::WORKSPACE".
constexpr size_t kKeyValues = 5;

struct Cached {
  const schema::Schema& schema;
  store::Key key;
};

std::optional<Cached> Parse(const Call& call) {
  const std::string& cache_key = call.params[0];
  const std::vector<std::string_view> parts = Split(cache_key, ':');
  if (parts.size() < kKeyValues + 2) return std::nullopt;
  const schema::Schema* schema = call.context.catalog.Entity(parts[0]);
  if (schema == nullptr) return std::nullopt;
  const std::string value(parts[1]);
  const std::vector<std::string>& fields = schema->cache_key();
  if (fields.size() > 1) return Cached{*schema, {"cache_key", cache_key}};
  if (value.empty()) return std::nullopt;
  const bool primary = fields.empty() || fields.front() == schema->primary_key();
  return Cached{*schema, {primary ? "" : fields.front(), value}};
}

Response GetCached(Call& call) {
  const auto cached = Parse(call);
  if (!cached || !call.context.node.CacheHas(cached->schema.name(), cached->key)) return NotFound();
  const auto row = call.context.dao.Select(cached->schema.name(), cached->key);
  if (!row) return ErrorResponse(row.error());
  if (!*row) return JsonResponse(200, Json::object());  // known to be absent
  Json entry = Json::object();
  for (const auto& [name, value] : (*row)->items()) {
    if (!value.is_null()) entry[name] = value;
  }
  return JsonResponse(200, entry);
}

Response DeleteCached(Call& call) {
  if (const auto cached = Parse(call))
    call.context.node.CacheDelete(cached->schema.name(), cached->key);
  return NoContent();
}

}  // namespace

void AddCacheEndpoints(const Context&, EndpointTable& table) {
  table.At("/cache").methods["DELETE"] = [](Call& call) {
    call.context.node.CacheClear();
    return NoContent();
  };
  Endpoint& entry = table.At("/cache/{key}");
  entry.methods["GET"] = GetCached;
  entry.methods["DELETE"] = DeleteCached;
}

}  // namespace silverback::admin

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

std::optional<store::Key> EntityKey(const schema::Schema& schema, const std::string& cache_key,
                                    const std::vector<std::string_view>& parts) {
  const std::vector<std::string>& fields = schema.cache_key();
  if (fields.size() > 1) return store::Key{"cache_key", cache_key};
  // Without workspace and the values that are not the first, a value may hold colons itself.
  const std::string value(parts[1]);
  if (value.empty()) return std::nullopt;
  if (fields.empty() || fields.front() == schema.primary_key()) return store::Key{"", value};
  return store::Key{fields.front(), value};
}

Response GetCached(Call& call) {
  const std::string& cache_key = call.params[0];
  if (!call.context.node.CacheHas(cache_key)) return NotFound();
  const std::vector<std::string_view> parts = Split(cache_key, ':');
  if (parts.size() < kKeyValues + 2) return NotFound();
  const schema::Schema* schema = call.context.catalog.Entity(parts[0]);
  if (schema == nullptr) return NotFound();
  const auto key = EntityKey(*schema, cache_key, parts);
  if (!key) return NotFound();
  const auto row = call.context.dao.Select(schema->name(), *key);
  if (!row) return ErrorResponse(row.error());
  if (!*row) return NotFound();
  Json entry = Json::object();
  for (const auto& [name, value] : (*row)->items()) {
    if (!value.is_null()) entry[name] = value;
  }
  entry["ws_id"] = parts.back();
  return JsonResponse(200, entry);
}

}  // namespace

void AddCacheEndpoints(const Context&, EndpointTable& table) {
  table.At("/cache").methods["DELETE"] = [](Call& call) {
    call.context.node.CacheClear();
    return NoContent();
  };
  Endpoint& entry = table.At("/cache/{key}");
  entry.methods["GET"] = GetCached;
  entry.methods["DELETE"] = [](Call& call) {
    call.context.node.CacheDelete(call.params[0]);
    return NoContent();
  };
}

}  // namespace silverback::admin

#include "store/cluster_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "util/string_util.h"

namespace silverback::store {
namespace {

using schema::Schema;

constexpr size_t kKeyParts = 5;  // between the entity's name and the workspace

std::string PartText(const Json& row, const std::string& member) {
  const Json* value = FindMember(row, member);
  if (!value || value->is_null()) return "";
  if (value->is_object()) return StringMember(*value, "id");
  return value->is_string() ? value->get<std::string>() : DumpJson(*value);
}

std::vector<std::string> KeyFields(const Schema& schema) {
  if (schema.cache_key().empty()) return {schema.primary_key()};
  return {schema.cache_key().begin(), schema.cache_key().end()};
}

class Collector {
 public:
  void Add(std::string_view channel, std::string data) {
    ClusterEvent event{std::string(channel), std::move(data)};
    if (std::find(events_.begin(), events_.end(), event) == events_.end() || events_.size() > kFew)
      events_.push_back(std::move(event));
  }
  void Invalidate(std::string key) { Add(kInvalidations, std::move(key)); }
  std::vector<ClusterEvent> Take() { return std::move(events_); }

 private:
  static constexpr size_t kFew = 200;  // a repeated event does no harm, looking for it in many does
  std::vector<ClusterEvent> events_;
};

std::string_view OperationOf(const Change& change) {
  if (!change.row) return "delete";
  return change.old_row ? "update" : "create";
}

// Certificates are cached by name, also by the wildcards that the name falls under.
void InvalidateName(const std::string& name, Collector& out) {
  if (name.empty()) return;
  out.Invalidate("snis:" + name);
  const size_t first = name.find('.'), last = name.rfind('.');
  if (name.find('*') != std::string::npos || first == std::string::npos) return;
  if (first != last) out.Invalidate("snis:*" + name.substr(first));
  out.Invalidate("snis:" + name.substr(0, last + 1) + "*");
}

// What Kong tells besides the row's own key.
void AddFollowing(const Change& change, Collector& out) {
  const std::string& name = change.schema->name();
  const Json& row = change.row ? *change.row : *change.old_row;
  if (name == "routes" || (name == "services" && OperationOf(change) == "update")) {
    out.Invalidate("router:version");
  } else if (name == "plugins") {
    out.Invalidate("plugins_iterator:version");
  } else if (name == "snis") {
    InvalidateName(StringMember(row, "name"), out);
    if (change.old_row) InvalidateName(StringMember(*change.old_row, "name"), out);
  } else if (name == "certificates") {
    out.Invalidate("certificates:" + change.primary_key);
  } else if (name == "targets") {
    out.Add(kTargetEvents, std::string(OperationOf(change)) + ":" + ForeignId(row, "upstream"));
  } else if (name == "upstreams") {
    out.Add(kUpstreamEvents, std::string(OperationOf(change)) + ":" + change.primary_key + ":" +
                                 StringMember(row, "name"));
  } else if (name == "acls") {
    // The groups of a consumer are cached as a whole.
    out.Invalidate("acls:" + ForeignId(row, "consumer") + ":::::" + StringMember(row, "ws_id"));
  }
}

// NAME:VALUE:::::WORKSPACE without the name, the workspace and the places that are empty; nullopt:
// it has another form.
std::optional<std::string_view> SingleValue(std::string_view rest) {
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view workspace = rest.substr(colon + 1);
  if (!workspace.empty() && !IsUuid(workspace)) return std::nullopt;
  const std::string_view empty = "::::";
  rest = rest.substr(0, colon);
  if (!rest.ends_with(empty)) return std::nullopt;
  return rest.substr(0, rest.size() - empty.size());
}

std::vector<Mention> EntityMentions(const Schema& schema, std::string_view key,
                                    std::string_view rest) {
  if (schema.name() == "snis" && rest.find(':') == std::string_view::npos) {
    return {{Mention::Kind::kUnique, &schema, "name", std::string(rest)}};
  }
  if (IsUuid(rest)) return {{Mention::Kind::kRow, &schema, "", ToLower(rest)}};
  const auto single = SingleValue(rest);
  if (schema.cache_key().size() > 1) {
    // Only the consumer of a group: the group is told of too.
    if (schema.name() == "acls" && single && IsUuid(*single)) return {};
    return {{Mention::Kind::kUnique, &schema, "cache_key", std::string(key)}};
  }
  if (!single) return {{Mention::Kind::kEntity, &schema, "", ""}};
  const std::string field = KeyFields(schema).front();
  if (field == schema.primary_key()) {
    return {{Mention::Kind::kRow, &schema, "", std::string(*single)}};
  }
  return {{Mention::Kind::kUnique, &schema, field, std::string(*single)}};
}

std::vector<Mention> InvalidationMentions(const entity::Catalog& catalog, std::string_view key) {
  const std::string_view name = key.substr(0, key.find(':'));
  const auto entity = [&](std::string_view of) -> std::vector<Mention> {
    return {{Mention::Kind::kEntity, catalog.Entity(of), "", ""}};
  };
  if (key == "router:version") return entity("routes");
  if (key == "plugins_iterator:version") return entity("plugins");
  const Schema* schema = catalog.Entity(name);
  if (schema && name.size() < key.size()) {
    return EntityMentions(*schema, key, key.substr(name.size() + 1));
  }
  return {{Mention::Kind::kAnything, nullptr, "", ""}};
}

// OPERATION:ID[:...]; "all" in place of the id: any of them.
std::vector<Mention> BalancerMentions(const Schema* schema, std::string_view data,
                                      Mention::Kind kind, std::string field) {
  const auto parts = Split(data, ':');
  if (!schema || parts.size() < 2) return {};
  if (!IsUuid(parts[1])) return {{Mention::Kind::kEntity, schema, "", ""}};
  return {{kind, schema, std::move(field), ToLower(parts[1])}};
}

}  // namespace

std::string CacheKeyOf(const Schema& schema, const Json& row) {
  const std::vector<std::string> fields = KeyFields(schema);
  std::string key = schema.name();
  for (size_t i = 0; i < kKeyParts; ++i) {
    key += ':';
    if (i < fields.size()) key += PartText(row, fields[i]);
  }
  key += ':';
  return key += StringMember(row, "ws_id");
}

std::vector<ClusterEvent> EventsOf(const std::vector<Change>& changes) {
  Collector out;
  for (const Change& change : changes) {
    if (!change.row && !change.old_row) {
      out.Add(kRowEvents, change.schema->name() + ":" + change.primary_key);
      continue;
    }
    if (change.row) out.Invalidate(CacheKeyOf(*change.schema, *change.row));
    if (change.old_row) out.Invalidate(CacheKeyOf(*change.schema, *change.old_row));
    AddFollowing(change, out);
  }
  return out.Take();
}

std::vector<Mention> MentionsOf(const entity::Catalog& catalog, const ClusterEvent& event) {
  const std::string_view data = event.data;
  if (event.channel == kInvalidations) return InvalidationMentions(catalog, data);
  if (event.channel == kTargetEvents) {
    return BalancerMentions(catalog.Entity("targets"), data, Mention::Kind::kForeign, "upstream");
  }
  if (event.channel == kUpstreamEvents) {
    return BalancerMentions(catalog.Entity("upstreams"), data, Mention::Kind::kRow, "");
  }
  if (event.channel == kRowEvents) {
    const size_t colon = data.find(':');
    const Schema* schema = catalog.Entity(data.substr(0, colon));
    if (!schema || colon == std::string_view::npos) return {};
    return {{Mention::Kind::kRow, schema, "", std::string(data.substr(colon + 1))}};
  }
  return {};
}

std::string TargetHealth::ToData() const {
  return fmt::format("{}|{}|{}|{}|{}|{}", host, ip, port, healthy ? 1 : 0, upstream_id,
                     upstream_name);
}

std::optional<TargetHealth> TargetHealth::Parse(std::string_view data) {
  constexpr size_t kParts = 6;
  const auto parts = Split(data, '|');
  if (parts.size() < kParts || parts[0].empty() || parts[4].empty()) return std::nullopt;
  TargetHealth health{std::string(parts[0]), std::string(parts[1]), 0,
                      parts[3] == "1",       std::string(parts[4]), std::string(parts[5])};
  std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), health.port);
  return health;
}

std::string CachePurge::ToData() const { return plugin_id + ":" + (key.empty() ? "nil" : key); }

std::optional<CachePurge> CachePurge::Parse(std::string_view data) {
  const size_t colon = data.find(':');
  if (colon == data.npos || !IsUuid(data.substr(0, colon))) return std::nullopt;
  const std::string_view key = data.substr(colon + 1);
  return CachePurge{std::string(data.substr(0, colon)), std::string(key == "nil" ? "" : key)};
}

}  // namespace silverback::store

#include "entity/catalog.h"

#include <algorithm>
#include <array>
#include <map>

#include "util/embedded.h"

namespace silverback::embedded {
std::span<const util::EmbeddedFile> entity_schemas();
}  // namespace silverback::embedded

namespace silverback::entity {
namespace {

// In the order of `plugins = bundled`.
constexpr std::array<std::string_view, 36> kBundled = {"jwt",
                                                       "acl",
                                                       "correlation-id",
                                                       "cors",
                                                       "oauth2",
                                                       "tcp-log",
                                                       "udp-log",
                                                       "file-log",
                                                       "http-log",
                                                       "key-auth",
                                                       "hmac-auth",
                                                       "basic-auth",
                                                       "ip-restriction",
                                                       "request-transformer",
                                                       "response-transformer",
                                                       "request-size-limiting",
                                                       "rate-limiting",
                                                       "response-ratelimiting",
                                                       "syslog",
                                                       "loggly",
                                                       "datadog",
                                                       "ldap-auth",
                                                       "statsd",
                                                       "bot-detection",
                                                       "aws-lambda",
                                                       "request-termination",
                                                       "prometheus",
                                                       "proxy-cache",
                                                       "session",
                                                       "acme",
                                                       "grpc-gateway",
                                                       "grpc-web",
                                                       "pre-function",
                                                       "post-function",
                                                       "azure-functions",
                                                       "zipkin"};

using SchemaPtr = std::unique_ptr<schema::Schema>;

Json ParseEmbedded(const util::EmbeddedFile& file) {
  return Json::parse(file.text, nullptr, false);
}

// Without a database counters can only be local, and that is the default then; certificates cannot
// be kept there.
void AdaptToStore(Json& definition, bool db_less) {
  if (!db_less) return;
  const std::string name = StringMember(definition, "name");
  if (name == "acme") definition["hidden_entity_checks"].push_back({{"check", "acme_storage"}});
  if (name != "rate-limiting" && name != "response-ratelimiting") return;
  for (Json& field : definition["fields"]) {
    if (!field.contains("config")) continue;
    for (Json& inner : field["config"]["fields"]) {
      if (!inner.contains("policy")) continue;
      inner["policy"]["default"] = "local";
      inner["policy"]["one_of"] = {"local", "redis"};
    }
  }
}

}  // namespace

struct Catalog::Impl {
  std::vector<SchemaPtr> entities;
  std::map<std::string, SchemaPtr, std::less<>> plugins;
  std::map<std::string, const schema::Schema*, std::less<>> by_name;
  std::map<std::string, int, std::less<>> kinds;
  std::map<std::string, std::vector<Referrer>, std::less<>> referrers;

  Status Add(const Json& definition) {
    auto parsed = schema::Schema::Parse(definition);
    if (!parsed) return parsed.error();
    entities.push_back(std::move(*parsed));
    return Ok();
  }

  // What is referred to comes first; among equals by name.
  void Order(std::vector<const schema::Schema*>& out) {
    std::sort(entities.begin(), entities.end(),
              [](const auto& a, const auto& b) { return a->name() < b->name(); });
    for (const auto& entity : entities) by_name[entity->name()] = entity.get();
    std::vector<const schema::Schema*> visiting;
    const std::function<void(const schema::Schema*)> visit = [&](const schema::Schema* schema) {
      if (std::find(visiting.begin(), visiting.end(), schema) != visiting.end()) return;
      visiting.push_back(schema);
      for (const schema::Field& field : schema->fields()) {
        const auto found = by_name.find(field.reference);
        if (found != by_name.end()) visit(found->second);
      }
      out.push_back(schema);
    };
    for (const auto& entity : entities) visit(entity.get());
  }
};

Catalog::Catalog() : impl_(std::make_unique<Impl>()) {}
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::Create(const std::vector<std::string>& enabled_plugins,
                                                 bool db_less) {
  std::unique_ptr<Catalog> catalog(new Catalog);
  Impl& impl = *catalog->impl_;
  catalog->enabled_ = enabled_plugins;
  const auto enabled = [&](const std::string& name) {
    return std::find(enabled_plugins.begin(), enabled_plugins.end(), name) != enabled_plugins.end();
  };
  for (const util::EmbeddedFile& file : embedded::entity_schemas()) {
    Json definition = ParseEmbedded(file);
    if (definition.is_discarded())
      return Error(ErrorCode::kInternal, std::string(file.path) + " is not valid JSON");
    if (file.path.ends_with("/schema.json")) {
      const std::string name = StringMember(definition, "name");
      if (!enabled(name)) continue;
      AdaptToStore(definition, db_less);
      auto parsed = schema::Schema::Parse(definition);
      if (!parsed) return parsed.error();
      impl.plugins[name] = std::move(*parsed);
    } else if (definition.is_array()) {
      for (const Json& entity : definition) {
        if (!enabled(StringMember(entity, "plugin"))) continue;
        if (auto added = impl.Add(entity); !added) return added.error();
      }
    } else if (auto added = impl.Add(definition); !added) {
      return added.error();
    }
  }
  impl.Order(catalog->ordered_);
  for (size_t i = 0; i < catalog->ordered_.size(); ++i) {
    const schema::Schema* schema = catalog->ordered_[i];
    impl.kinds[schema->name()] = static_cast<int>(i);
    for (const schema::Field& field : schema->fields()) {
      if (!field.reference.empty()) impl.referrers[field.reference].push_back({schema, &field});
    }
  }
  for (const auto& entity : impl.entities) {
    if (entity->name() != "plugins") continue;
    entity->set_subschemas(
        [plugins = &impl.plugins](std::string_view name) -> const schema::Schema* {
          const auto found = plugins->find(name);
          return found == plugins->end() ? nullptr : found->second.get();
        });
  }
  return catalog;
}

const schema::Schema* Catalog::Entity(std::string_view name) const {
  const auto found = impl_->by_name.find(name);
  return found == impl_->by_name.end() ? nullptr : found->second;
}

const schema::Schema* Catalog::Plugin(std::string_view name) const {
  const auto found = impl_->plugins.find(name);
  return found == impl_->plugins.end() ? nullptr : found->second.get();
}

int Catalog::KindIndex(std::string_view name) const {
  const auto found = impl_->kinds.find(name);
  return found == impl_->kinds.end() ? -1 : found->second;
}

std::span<const Catalog::Referrer> Catalog::ReferrersOf(std::string_view target) const {
  const auto found = impl_->referrers.find(target);
  if (found == impl_->referrers.end()) return {};
  return found->second;
}

std::span<const std::string_view> Catalog::BundledPlugins() { return kBundled; }

}  // namespace silverback::entity

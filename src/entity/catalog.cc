#include "entity/catalog.h"

#include <algorithm>
#include <array>
#include <map>

#include "entity/plugin_adapter.h"
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
using Kinds = std::map<std::string, SchemaPtr, std::less<>>;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A plugin's or a vault's schema, when it is enabled.
Status AddKind(const Json& definition, const std::vector<std::string>& enabled, Kinds& kinds) {
  const std::string name = StringMember(definition, "name");
  if (!Contains(enabled, name)) return Ok();
  auto parsed = schema::Schema::Parse(definition);
  if (!parsed) return parsed.error();
  kinds[name] = *std::move(parsed);
  return Ok();
}

Json ParseEmbedded(const util::EmbeddedFile& file) {
  return Json::parse(file.text, nullptr, false);
}

}  // namespace

struct Catalog::Impl {
  std::vector<SchemaPtr> entities;
  Kinds plugins, vaults;
  std::map<std::string, const schema::Schema*, std::less<>> by_name;
  std::map<std::string, int, std::less<>> kinds;
  std::map<std::string, std::vector<Referrer>, std::less<>> referrers;

  Status Add(const Json& definition) {
    auto parsed = schema::Schema::Parse(definition);
    if (!parsed) return parsed.error();
    entities.push_back(std::move(*parsed));
    return Ok();
  }

  // One entity, or the list of those that a plugin brings.
  Status AddEntities(const Json& definition, const std::vector<std::string>& enabled_plugins) {
    if (!definition.is_array()) return Add(definition);
    for (const Json& entity : definition) {
      if (!Contains(enabled_plugins, StringMember(entity, "plugin"))) continue;
      if (Status added = Add(entity); !added) return added;
    }
    return Ok();
  }

  // Who refers to whom, and where the kinds of plugins and vaults are.
  void Connect(const std::vector<const schema::Schema*>& ordered) {
    for (size_t i = 0; i < ordered.size(); ++i) {
      const schema::Schema* schema = ordered[i];
      kinds[schema->name()] = static_cast<int>(i);
      for (const schema::Field& field : schema->fields()) {
        if (!field.reference.empty()) referrers[field.reference].push_back({schema, &field});
      }
    }
    for (const auto& entity : entities) {
      entity->set_entities([this](std::string_view name) -> const schema::Schema* {
        const auto known = by_name.find(name);
        return known == by_name.end() ? nullptr : known->second;
      });
      const Kinds* found = entity->name() == "plugins"       ? &plugins
                           : entity->name() == "vaults_beta" ? &vaults
                                                             : nullptr;
      if (!found) continue;
      entity->set_subschemas([found](std::string_view name) -> const schema::Schema* {
        const auto kind = found->find(name);
        return kind == found->end() ? nullptr : kind->second.get();
      });
    }
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
  return Create(enabled_plugins, db_less, {});
}

Result<std::unique_ptr<Catalog>> Catalog::Create(const std::vector<std::string>& enabled_plugins,
                                                 bool db_less, const Environment& environment) {
  std::unique_ptr<Catalog> catalog(new Catalog);
  Impl& impl = *catalog->impl_;
  catalog->enabled_ = enabled_plugins;
  for (const util::EmbeddedFile& file : embedded::entity_schemas()) {
    Json definition = ParseEmbedded(file);
    if (definition.is_discarded())
      return Error(ErrorCode::kInternal, std::string(file.path) + " is not valid JSON");
    Status added = Ok();
    if (file.path.ends_with("/schema.json")) {
      AdaptPlugin(db_less, environment, definition);
      added = AddKind(definition, enabled_plugins, impl.plugins);
    } else if (file.path.find("/vaults/") != std::string_view::npos) {
      added = AddKind(definition, environment.vaults, impl.vaults);
    } else {
      added = impl.AddEntities(definition, enabled_plugins);
    }
    if (!added) return added.error();
  }
  impl.Order(catalog->ordered_);
  impl.Connect(catalog->ordered_);
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

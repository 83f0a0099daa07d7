#include "entity/plugin_adapter.h"

#include "util/string_util.h"

namespace silverback::entity {
namespace {

// Shared memory that every node of Kong has by these names.
constexpr const char* kDictionaries[] = {"kong",
                                         "kong_cluster_events",
                                         "kong_core_db_cache",
                                         "kong_core_db_cache_miss",
                                         "kong_db_cache",
                                         "kong_db_cache_miss",
                                         "kong_healthchecks",
                                         "kong_locks",
                                         "kong_process_events",
                                         "kong_rate_limiting_counters",
                                         "prometheus_metrics"};

Json Dictionaries(const Catalog::Environment& environment) {
  Json names = kDictionaries;
  for (const std::string& name : environment.dictionaries) names.push_back(name);
  return names;
}

// Calls `change` with every field named `name`, at any depth.
template <class Change>
void ForFields(Json& node, std::string_view name, const Change& change) {
  if (!node.is_structured()) return;
  for (auto& [key, value] : node.items()) {
    if (node.is_object() && key == name && value.is_object()) change(value);
    ForFields(value, name, change);
  }
}

// Without a database counters can only be local, and that is the default then.
void CountLocally(Json& definition) {
  ForFields(definition, "policy", [](Json& policy) {
    policy["default"] = "local";
    policy["one_of"] = {"local", "redis"};
  });
}

// Without a database certificates cannot be kept there, and a control plane has none of its own.
void RestrictStorage(bool db_less, const std::string& role, Json& definition) {
  const auto refuse = [&](const char* check) {
    definition["hidden_entity_checks"].push_back(
        {{"custom", {{"check", check}, {"fields", {"config.storage"}}}}});
  };
  if (db_less && role != "data_plane") refuse("acme_storage");
  if (role == "control_plane") refuse("acme_shared_memory");
}

// A secret that is the same everywhere protects nothing.
void MakeSecret(Json& definition) {
  ForFields(definition, "secret",
            [](Json& secret) { secret["default"] = Base64Encode(RandomBytes(33)); });
}

void NameDictionaries(const Json& names, Json& definition) {
  ForFields(definition, "shm_name", [&](Json& field) { field["dictionary_of"] = names; });
  ForFields(definition, "custom", [&](Json& rule) {
    if (StringMember(rule, "check") == "shared_dictionary") rule["dictionaries"] = names;
  });
}

}  // namespace

std::span<const char* const> KnownDictionaries() { return kDictionaries; }

void AdaptPlugin(bool db_less, const Catalog::Environment& environment, Json& definition) {
  const std::string name = StringMember(definition, "name");
  const bool counts = name == "rate-limiting" || name == "response-ratelimiting";
  if (db_less && counts) CountLocally(definition);
  if (name == "acme") RestrictStorage(db_less, environment.role, definition);
  if (name == "session") MakeSecret(definition);
  if (name == "acme" || name == "proxy-cache")
    NameDictionaries(Dictionaries(environment), definition);
  if (!environment.untrusted_lua) {
    ForFields(definition, "custom_fields_by_lua",
              [](Json& field) { field["values"]["check"] = "no_lua_field"; });
  }
}

}  // namespace silverback::entity

#include "store/migration_names.h"

#include <algorithm>

namespace silverback::store {

std::span<const Subsystem> MigrationNames() {
  static const auto& names = *new std::vector<Subsystem>{
      {"core",
       {"000_base", "003_100_to_110", "004_110_to_120", "005_120_to_130", "006_130_to_140",
        "007_140_to_150", "008_150_to_200", "009_200_to_210", "010_210_to_211", "011_212_to_213",
        "012_213_to_220", "013_220_to_230", "014_230_to_270", "015_270_to_280"}},
      {"acl", {"000_base_acl", "002_130_to_140", "003_200_to_210", "004_212_to_213"}},
      {"acme", {"000_base_acme"}},
      {"basic-auth", {"000_base_basic_auth", "002_130_to_140", "003_200_to_210"}},
      {"bot-detection", {"001_200_to_210"}},
      {"hmac-auth", {"000_base_hmac_auth", "002_130_to_140", "003_200_to_210"}},
      {"ip-restriction", {"001_200_to_210"}},
      {"jwt", {"000_base_jwt", "002_130_to_140", "003_200_to_210"}},
      {"key-auth", {"000_base_key_auth", "002_130_to_140", "003_200_to_210"}},
      {"oauth2", {"000_base_oauth2", "003_130_to_140", "004_200_to_210", "005_210_to_211"}},
      {"rate-limiting", {"000_base_rate_limiting", "003_10_to_112", "004_200_to_210"}},
      {"response-ratelimiting", {"000_base_response_rate_limiting"}},
      {"session", {"000_base_session", "001_add_ttl_index"}},
  };
  return names;
}

bool IsEnabled(const Subsystem& subsystem, const entity::Catalog& catalog) {
  const auto& plugins = catalog.enabled_plugins();
  return subsystem.name == "core" ||
         std::find(plugins.begin(), plugins.end(), subsystem.name) != plugins.end();
}

}  // namespace silverback::store

#include "plugins/acme/domains.h"

#include <algorithm>

#include "util/string_util.h"

namespace silverback::plugins::acme {

Domains::Domains(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string lower = ToLower(name);
    if (lower.starts_with('*')) {
      suffixes_.push_back(lower.substr(1));
    } else {
      names_.insert(lower);
    }
  }
}

bool Domains::Has(std::string_view host) const {
  if (names_.contains(host)) return true;
  return std::any_of(suffixes_.begin(), suffixes_.end(),
                     [&](const std::string& suffix) { return host.ends_with(suffix); });
}

}  // namespace silverback::plugins::acme

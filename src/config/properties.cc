#include "config/properties.h"

#include <algorithm>
#include <array>
#include <span>

#include "util/embedded.h"
#include "util/string_util.h"

namespace silverback::embedded {
std::span<const util::EmbeddedFile> config_properties();
}  // namespace silverback::embedded

namespace silverback::config {
namespace {

constexpr std::array<std::string_view, 12> kDynamicPrefixes = {
    "nginx_main_",   "nginx_events_", "nginx_http_",      "nginx_upstream_",
    "nginx_proxy_",  "nginx_status_", "nginx_admin_",     "nginx_stream_",
    "nginx_sproxy_", "pluginserver_", "nginx_supstream_", "vault_"};

PropertyType TypeOf(std::string_view name) {
  if (name == "number") return PropertyType::kNumber;
  if (name == "boolean") return PropertyType::kBoolean;
  if (name == "ngx_boolean") return PropertyType::kNgxBoolean;
  if (name == "array") return PropertyType::kArray;
  return PropertyType::kString;
}

Property ParseRow(const std::vector<std::string_view>& cells) {
  const auto cell = [&](size_t i) { return i < cells.size() ? cells[i] : std::string_view(); };
  Property property;
  if (cell(1) != "NONE") property.default_value = cell(1);
  property.type = TypeOf(cell(2));
  if (!cell(3).empty()) {
    for (const std::string_view value : Split(cell(3), '|')) property.allowed.emplace_back(value);
  }
  if (!cell(4).empty()) {
    property.directives = {"nginx_http_" + std::string(cell(4)),
                           "nginx_stream_" + std::string(cell(4))};
  }
  property.alias_of = cell(5);
  property.deprecated = !cell(6).empty();
  if (cell(6) != "-") property.replacement = cell(6);
  return property;
}

PropertyTable ReadTable() {
  PropertyTable table;
  for (const std::string_view line : Split(embedded::config_properties()[0].text, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::vector<std::string_view> cells = Split(line, '\t');
    table.emplace(cells[0], ParseRow(cells));
  }
  PropertyTable made;
  for (const auto& [name, property] : table) {
    for (const std::string& directive : property.directives) {
      Property& target = made[directive];
      if (const auto known = table.find(directive); known != table.end()) {
        target = known->second;
      } else {
        target.in_the_file = false;
      }
      target.default_value = property.default_value;
    }
  }
  for (auto& [name, property] : made) table[name] = std::move(property);
  return table;
}

}  // namespace

const PropertyTable& Properties() {
  static const PropertyTable* const kTable = new PropertyTable(ReadTable());
  return *kTable;
}

bool IsSensitive(std::string_view property) {
  return property == "pg_password" || property == "pg_ro_password" ||
         property == "cassandra_password" || property == "admin_token";
}

bool IsDynamicProperty(std::string_view name) {
  return std::any_of(kDynamicPrefixes.begin(), kDynamicPrefixes.end(),
                     [&](std::string_view prefix) {
                       return name.size() > prefix.size() && name.starts_with(prefix);
                     });
}

}  // namespace silverback::config

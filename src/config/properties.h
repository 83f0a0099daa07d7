// The table of kong.conf's properties (properties.tsv): names, defaults, types. Constant after the
// first use; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::config {

enum class PropertyType {
  kString,
  kNumber,
  kBoolean,     // true or false
  kNgxBoolean,  // the string on or off
  kArray,       // of strings, written with commas between
};

struct Property {
  std::string default_value;  // "" for none
  PropertyType type = PropertyType::kString;
  std::vector<std::string> allowed;  // empty: anything
  // Directives that a value is also put into: "nginx_http_ssl_protocols", ...
  std::vector<std::string> directives;
  std::string alias_of;     // the property that it is another name of
  bool deprecated = false;  // in favour of:
  std::string replacement;  // "" for nothing
  bool in_the_file = true;  // false: made by a `directives` of another property
};

using PropertyTable = std::map<std::string, Property, std::less<>>;

const PropertyTable& Properties();

// Values that may never be printed.
bool IsSensitive(std::string_view property);
// What stands in their place.
inline constexpr std::string_view kHidden = "******";

// Prefixes of properties that are not in the table but are accepted with any ending:
// "nginx_http_", "pluginserver_", ...
bool IsDynamicProperty(std::string_view name);

}  // namespace silverback::config

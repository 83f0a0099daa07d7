// URLs as Kong's validators and the `url` of services take them apart. Pure functions.
#pragma once

#include <optional>
#include <string>

namespace silverback::schema {

struct Url {
  std::optional<std::string> scheme;  // as it is written
  bool has_user = false;
  std::string host;                 // "" when there is none; addresses of IPv6 without brackets
  std::optional<std::string> port;  // whatever follows the last colon of the authority
  std::string path;                 // without query and parameters
  bool has_fragment = false;
};

// Takes any text; what is not there stays empty.
Url ParseUrl(std::string text);

}  // namespace silverback::schema

// What ssl_cipher_suite and ssl_dhparam stand for. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace silverback::config {

struct CipherSuite {
  std::string_view name, protocols, ciphers, dhparam;  // "" for none
  std::string_view prefer_server_ciphers;              // on or off
};

// Mozilla's recommendations, version 5: modern, intermediate, old. nullptr for other names.
const CipherSuite* FindCipherSuite(std::string_view name);

// Whether it is the name of a group that OpenSSL knows ("ffdhe2048").
bool IsDhGroup(std::string_view name);
// The group's parameters in PEM form; nothing for unknown ones.
std::optional<std::string> DhGroupPem(std::string_view name);

}  // namespace silverback::config

// Texts that are sealed: nobody without the secret can read or change them (AES-256-GCM), nor use
// them elsewhere than where they were meant for. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace silverback::plugins {

class Sealer {
 public:
  explicit Sealer(std::string_view secret);
  // In base64 as cookies may hold it. `purpose` must be the same for opening.
  std::string Seal(std::string_view text, std::string_view purpose) const;
  std::optional<std::string> Open(std::string_view sealed, std::string_view purpose) const;

 private:
  const std::string key_;
};

}  // namespace silverback::plugins

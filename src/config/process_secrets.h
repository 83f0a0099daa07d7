// Values of references, kept for nginx beside .kong_env: the master of a running node must find
// them again at every reload, from whatever shell that comes. Blocking.
#pragma once

#include <string>
#include <string_view>

#include "config/conf_file.h"
#include "util/result.h"

namespace silverback::config {

// The text of PREFIX/.kong_process_secrets: `secrets` by reference, encrypted (AES-256-GCM) with a
// key made of what .kong_env holds, so that neither file alone gives them away.
Result<std::string> SealSecrets(const Settings& secrets, std::string_view env_file_text);

// Error: kInvalidInput when the text was not made with that .kong_env.
Result<Settings> OpenSecrets(std::string_view sealed, std::string_view env_file_text);

// Those that lie beside the .kong_env at `env_file_path`; none when there are none, or they do not
// belong to it.
Settings SecretsBeside(const std::string& env_file_path, std::string_view env_file_text);

std::string SecretsPath(const std::string& env_file_path);

}  // namespace silverback::config

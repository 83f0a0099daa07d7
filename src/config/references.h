// References to secrets in settings: {vault://env/NAME}. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "config/conf_file.h"
#include "util/result.h"

namespace silverback::config {

bool IsReference(std::string_view value);

// What the reference stands for: the environment variable NAME (upper-case, with _ for -, with the
// prefix that ?prefix= or the setting vault_env_prefix gives); of {vault://env/NAME/KEY} the member
// KEY of the JSON object in it. `environment` holds the process's variables, `settings` the raw
// settings. Error: kInvalidInput with the reason.
Result<std::string> Dereference(std::string_view reference, const Settings& environment,
                                const Settings& settings);

}  // namespace silverback::config

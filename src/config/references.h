// References to secrets in settings: {vault://env/NAME}. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "config/conf_file.h"
#include "util/result.h"

namespace silverback::config {

bool IsReference(std::string_view value);

struct Reference {
  std::string text;      // {vault://VAULT/RESOURCE/KEY?prefix=PREFIX#VERSION}
  std::string vault;     // "env", or the prefix of one that is configured
  std::string resource;  // the variable's name, in any case, with - or _
  std::string key;       // a member of the JSON object that the variable holds; "" for all of it
  std::string prefix;    // of the variable's name
};

// REQUIRES: IsReference(text). Error: kInvalidInput with the reason.
Result<Reference> ParseReference(std::string_view text);

// What a reference to environment variables stands for: the variable RESOURCE (upper-case, with _
// for -), with the reference's prefix, or else `prefix`, before its name. `environment` holds the
// process's variables. Error: kInvalidInput with the reason.
Result<std::string> ReadVariable(const Reference& reference, std::string_view prefix,
                                 const Settings& environment);

// The same for settings, of which `settings` holds all, raw: only the environment can be referred
// to, and its prefix is the setting vault_env_prefix.
Result<std::string> Dereference(std::string_view text, const Settings& environment,
                                const Settings& settings);

}  // namespace silverback::config

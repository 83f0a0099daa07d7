// Slow hashes of secrets in the PHC string format that Kong writes and reads:
// $pbkdf2-sha512$i=10000,l=32$SALT$HASH, base64 without padding. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace silverback::store {

Result<std::string> HashSecret(std::string_view secret);

}  // namespace silverback::store

// Changes of rows that SQL cannot express. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "util/result.h"

namespace silverback::store::postgres::migrations {

// A configuration of acl, ip-restriction or bot-detection, as JSON: `whitelist` and `blacklist`
// become `allow` and `deny`; nullopt when it stays as it is. Of an old and a new list the new one
// wins, unless it is null or empty; in Kong it is lost. In a configuration that is rewritten empty
// lists become empty objects, as they did in Kong.
std::optional<std::string> RenameAllowAndDeny(std::string_view config);

// The SHA-256 digest, in hex, of the first certificate in a PEM text (of its DER form).
// Error: kInvalidInput, naming the row `id`.
Result<std::optional<std::string>> CertificateDigest(std::string_view id, std::string_view pem);

}  // namespace silverback::store::postgres::migrations

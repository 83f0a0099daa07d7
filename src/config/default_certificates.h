// Self-signed certificates for listeners that have none of their own. Blocking.
#pragma once

#include <string>

#include "util/result.h"

namespace silverback::config {

enum class KeyKind { kRsa, kEcdsa };

// Writes a new key (2048 bits or P-256, readable by its owner only) and a certificate for it in PEM
// form: CN localhost, valid for 20 years, for TLS clients and servers. Error: kIo.
Status WriteDefaultCertificate(KeyKind kind, const std::string& certificate,
                               const std::string& key);

}  // namespace silverback::config

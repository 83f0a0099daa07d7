// The certificate that the nodes of a hybrid deployment know each other by.
#pragma once

#include <cstdint>
#include <string>

#include "util/result.h"

namespace silverback::cli {

// Writes a new self-signed certificate (P-384, CN kong_clustering, valid for `seconds` from now)
// and its key (0600) as PEM files. Error: kIo; neither file is left behind then.
Status WriteClusterCertificate(const std::string& certificate_path, const std::string& key_path,
                               int64_t seconds);

}  // namespace silverback::cli

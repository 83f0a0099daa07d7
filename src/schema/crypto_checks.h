// Checks of PEM material with OpenSSL.
#pragma once

#include <string>

#include "util/json.h"

namespace silverback::schema {

Json CheckCertificate(const std::string& pem);  // "invalid certificate: ..."
Json CheckPrivateKey(const std::string& pem);   // "invalid key: ..."
Json CheckPublicKey(const std::string& pem);    // "invalid key"
// The pairs of a certificates row; gives entity messages.
void CheckCertificatePairs(const Json& row, Json& entity_errors);
// The rules for a row of ca_certificates.
void CheckCaCertificate(const Json& row, Json& entity_errors);
// SHA-256 of the certificate's DER form in lower-case hex; "" when it cannot be read.
std::string CertificateDigest(const std::string& pem);

}  // namespace silverback::schema

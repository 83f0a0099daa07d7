// Checks of PEM material with OpenSSL.
#pragma once

#include <string>

#include "util/json.h"

namespace silverback::schema {

Json CheckCertificate(const std::string& pem);  // "invalid certificate: ..."
Json CheckPrivateKey(const std::string& pem);   // "invalid key: ..."
Json CheckPublicKey(const std::string& pem);    // "invalid key"
// Whether the key belongs to the certificate; also when one of them cannot be read.
bool IsSamePair(const std::string& certificate, const std::string& key);
// OpenSSL's number of the certificate's kind of key; 0 when it cannot be read.
int KeyTypeOf(const std::string& certificate);
// Why the text is no CA certificate for a row of ca_certificates, or "".
std::string CaCertificateProblem(const std::string& pem);
// SHA-256 of the certificate's DER form in lower-case hex; "" when it cannot be read.
std::string CertificateDigest(const std::string& pem);

}  // namespace silverback::schema

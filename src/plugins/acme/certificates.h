// Certificates and what asks for them, as texts. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::plugins::acme {

// PKCS #10, DER, for one name; signed with the key, which is PEM.
Result<std::string> SigningRequest(std::string_view key, const std::string& host);

struct CertificateFacts {
  std::string host, issuer;  // common names
  std::string digest, serial, key_type;
  int64_t not_before = 0, not_after = 0;  // seconds since the epoch
};

// Of the first certificate of a chain; nullopt: it cannot be read.
std::optional<CertificateFacts> FactsOf(std::string_view chain);
// "2026-01-31 12:00:00", as people there read their clocks.
std::string LocalTime(int64_t seconds);
// As GET /acme/certificates shows them.
Json DescribeCertificate(const CertificateFacts& facts, double now);

// The common name of who has issued the last certificate of a chain; "" when there is none.
std::string RootIssuer(std::string_view chain);

}  // namespace silverback::plugins::acme

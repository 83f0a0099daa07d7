// Requests to an ACME server as signed documents (RFC 8555 sections 6.2 and 7.3.4). Any thread.
#pragma once

#include <string>

#include "plugins/acme/keys.h"

namespace silverback::plugins::acme {

struct Envelope {
  std::string url, nonce;
  std::string account;  // its URL; "": it is not known yet, the key itself is shown
};

// `payload`: a document's text, or "" for reading (POST-as-GET). Gives the body of the request.
Result<std::string> SignRequest(const AccountKey& key, const Envelope& envelope,
                                const std::string& payload);

// What ties a new account to one that the authority knows already. `secret` is in base64 for URLs.
Result<Json> BindAccount(const AccountKey& key, const std::string& url, const std::string& name,
                         const std::string& secret);

}  // namespace silverback::plugins::acme

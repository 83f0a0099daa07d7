#include "plugins/acme/jws.h"

#include "util/crypto.h"

namespace silverback::plugins::acme {
namespace {

Json Signed(const std::string& header, const std::string& payload, std::string_view signature) {
  return {{"payload", payload}, {"protected", header}, {"signature", Base64UrlEncode(signature)}};
}

}  // namespace

Result<std::string> SignRequest(const AccountKey& key, const Envelope& envelope,
                                const std::string& payload) {
  Json header = {{"alg", "RS256"}, {"nonce", envelope.nonce}, {"url", envelope.url}};
  if (envelope.account.empty()) {
    header["jwk"] = key.jwk();
  } else {
    header["kid"] = envelope.account;
  }
  const std::string header_text = Base64UrlEncode(DumpJson(header));
  const std::string payload_text = Base64UrlEncode(payload);
  const auto signature = key.Sign(header_text + "." + payload_text);
  if (!signature) return signature.error();
  return DumpJson(Signed(header_text, payload_text, *signature));
}

Result<Json> BindAccount(const AccountKey& key, const std::string& url, const std::string& name,
                         const std::string& secret) {
  const auto bytes = Base64UrlDecode(secret);
  if (!bytes || bytes->empty())
    return Error(ErrorCode::kInvalidInput, "eab_hmac_key is not in base64 for URLs");
  const std::string header =
      Base64UrlEncode(DumpJson(Json{{"alg", "HS256"}, {"kid", name}, {"url", url}}));
  const std::string payload = Base64UrlEncode(DumpJson(key.jwk()));
  return Signed(header, payload, Hmac(HashKind::kSha256, *bytes, header + "." + payload));
}

}  // namespace silverback::plugins::acme

#include "plugins/oauth2/pkce.h"

#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins::oauth2 {
namespace {

constexpr size_t kShortest = 43, kLongest = 128;

std::string Unpadded(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  return text;
}

Challenge Refused(const std::string& why) { return {{}, Failure("invalid_request", why)}; }

}  // namespace

Challenge ChallengeFor(const Settings& settings, const Parameters& parameters, const Json& client) {
  const std::string challenge = Unpadded(parameters.Text("code_challenge"));
  if (parameters.Has("code_challenge_method")) {
    if (!parameters.Has("code_challenge"))
      return Refused("code_challenge is required when code_method is present");
    if (!EqualsIgnoreCase(parameters.Text("code_challenge_method"), "S256"))
      return Refused("code_challenge_method is not supported, must be S256");
  }
  if (challenge.empty()) {
    if (IsPublic(client)) return Refused("code_challenge is required for public clients");
    if (settings.pkce == Pkce::kStrict)
      return Refused("code_challenge is required for confidential clients");
    return {};
  }
  return {Json{{"challenge", challenge}, {"challenge_method", "S256"}}, std::nullopt};
}

std::optional<Reply> CheckVerifier(const Settings& settings, const Parameters& parameters,
                                   const Json& client, const Json& code) {
  const std::string challenge = StringMember(code, "challenge");
  const bool wanted = IsPublic(client) || settings.pkce == Pkce::kStrict ||
                      (settings.pkce == Pkce::kLax && !challenge.empty());
  if (!wanted) return std::nullopt;
  const Json* verifier = parameters.Find("code_verifier");
  if (!parameters.Has("code_verifier"))
    return Failure("invalid_request", "code_verifier is required for PKCE authorization requests");
  if (!verifier->is_string()) return Failure("invalid_request", "code_verifier is not a string");
  const auto& text = verifier->get_ref<const std::string&>();
  if (text.size() < kShortest || text.size() > kLongest)
    return Failure("invalid_request", "code_verifier must be between 43 and 128 characters");
  if (challenge.empty() || !SecretEquals(Base64UrlEncode(Sha256(text)), challenge))
    return Failure("invalid_grant", "Invalid code");
  return std::nullopt;
}

}  // namespace silverback::plugins::oauth2

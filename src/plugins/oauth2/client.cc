#include "plugins/oauth2/client.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "plugin/config.h"
#include "plugins/pattern/pattern.h"
#include "util/string_util.h"

namespace silverback::plugins::oauth2 {
namespace {

std::optional<std::string> Decoded(std::string_view header) {
  static const auto basic = Pattern::Compile("\\s*[Bb]asic\\s*(.+)");
  const auto caught = basic->Captures(header);
  return caught.empty() ? std::nullopt : Base64Decode(Trim(caught[1]));
}

int NumberAfter(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  int number = 0;
  if (at != text.npos)
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
  return number;
}

// $pbkdf2-sha512$i=10000,l=32$SALT$HASH
bool MatchesHash(const std::string& stored, const std::string& secret) {
  constexpr int kMostIterations = 10'000'000;
  constexpr size_t kParts = 5, kMostBytes = 128;
  const auto parts = Split(stored, '$');
  if (parts.size() != kParts || parts[1] != "pbkdf2-sha512") return false;
  const int iterations = NumberAfter(parts[2], "i=");
  const auto salt = Base64Decode(parts[3]), hash = Base64Decode(parts[4]);
  if (iterations < 1 || iterations > kMostIterations || !salt || !hash || hash->empty() ||
      hash->size() > kMostBytes)
    return false;
  std::string made(hash->size(), '\0');
  const int done = PKCS5_PBKDF2_HMAC(secret.data(), static_cast<int>(secret.size()),
                                     reinterpret_cast<const unsigned char*>(salt->data()),
                                     static_cast<int>(salt->size()), iterations, EVP_sha512(),
                                     static_cast<int>(made.size()),
                                     reinterpret_cast<unsigned char*>(made.data()));
  return done == 1 && SecretEquals(made, *hash);
}

}  // namespace

ClientClaim ClaimOf(const plugin::Exchange& exchange, const Settings& settings,
                    const Parameters& parameters) {
  ClientClaim claim;
  if (parameters.Has("client_id") && parameters.Has("client_secret")) {
    claim.id = parameters.Text("client_id");
    claim.secret = parameters.Text("client_secret");
    return claim;
  }
  const auto header = exchange.RequestHeader(settings.auth_header);
  if (!header) return claim;
  claim.by_header = true;
  const auto decoded = Decoded(*header);
  if (!decoded) return claim;
  const auto parts = Split(*decoded, ':');
  claim.id = std::string(parts[0]);
  if (parts.size() > 1) claim.secret = std::string(parts[1]);
  return claim;
}

plugin::EntityRef FindClient(plugin::PluginEnv& env, const std::optional<std::string>& client_id) {
  if (!client_id || client_id->empty()) return nullptr;
  return env.entities.FindUnique("oauth2_credentials", "client_id", *client_id);
}

bool HasRedirectUris(const Json& client) {
  const Json* uris = FindMember(client, "redirect_uris");
  return uris && uris->is_array();
}

RedirectUri RedirectUriFor(const Json& client, const Parameters& parameters) {
  const auto uris = plugin::StringList(client, "redirect_uris");
  const std::string first = uris.empty() ? "" : uris.front();
  if (!parameters.Has("redirect_uri")) return {first, !uris.empty()};
  const std::string asked = parameters.Text("redirect_uri");
  const bool known = std::find(uris.begin(), uris.end(), asked) != uris.end();
  return {known ? asked : first, known};
}

bool VerifySecret(const Json& client, const std::string& secret) {
  const std::string stored = StringMember(client, "client_secret");
  if (stored.empty()) return false;
  return BoolMember(client, "hash_secret") ? MatchesHash(stored, secret)
                                           : SecretEquals(stored, secret);
}

}  // namespace silverback::plugins::oauth2

#include "plugins/hmac_auth/hmac_auth.h"

#include <algorithm>
#include <cmath>

#include "http/date.h"
#include "plugin/authentication.h"
#include "plugin/config.h"
#include "plugins/pattern/pattern.h"
#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr char kNotVerified[] = "HMAC signature cannot be verified";
constexpr char kNotSame[] = "HMAC signature does not match";
constexpr char kNoDate[] =
    "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC "
    "Authentication";

constexpr std::pair<std::string_view, HashKind> kAlgorithms[] = {
    {"hmac-sha1", HashKind::kSha1},
    {"hmac-sha256", HashKind::kSha256},
    {"hmac-sha384", HashKind::kSha384},
    {"hmac-sha512", HashKind::kSha512}};

std::optional<HashKind> HashOf(std::string_view name) {
  for (const auto& [known, hash] : kAlgorithms) {
    if (known == name) return hash;
  }
  return std::nullopt;
}

// What the client says of its signature.
struct Given {
  std::string username, algorithm, signature;
  std::vector<std::string> headers;
};

class HmacAuth final : public plugin::Plugin {
 public:
  HmacAuth(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        anonymous_(StringMember(config, "anonymous")),
        enforced_(plugin::StringList(config, "enforce_headers")),
        algorithms_(plugin::StringList(config, "algorithms")),
        hide_(BoolMember(config, "hide_credentials")),
        with_body_(BoolMember(config, "validate_request_body")),
        skew_(NumberMember(config, "clock_skew", 300)),
        credentials_(Pattern::Compile("\\s*[Hh]mac\\s*username=\"(.+)\",\\s*algorithm=\"(.+)\","
                                      "\\s*headers=\"(.+)\",\\s*signature=\"(.+)\"")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!anonymous_.empty() && exchange.credential()) return Next::kContinue;
    plugin::EntityRef credential;
    const std::string refusal = Check(exchange, credential);
    if (!refusal.empty()) return Refuse(exchange, refusal);
    if (!with_body_) return Accept(exchange, credential);
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, credential, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      const Next next = body && HasDigest(exchange, *body) ? Accept(exchange, credential)
                                                           : Refuse(exchange, kNotSame);
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

 private:
  // Why the signature is not accepted; "" and the credential when it is.
  std::string Check(Exchange& exchange, plugin::EntityRef& credential) const {
    if (!exchange.RequestHeader("authorization") && !exchange.RequestHeader("proxy-authorization"))
      return "Unauthorized";
    if (!IsTimely(exchange, "x-date") && !IsTimely(exchange, "date")) return kNoDate;
    auto given = Read(exchange, "proxy-authorization");
    const std::string_view used = given ? "proxy-authorization" : "authorization";
    if (!given) given = Read(exchange, used);
    // Also when it makes no sense: the anonymous consumer's requests do not pass it on either.
    if (hide_) exchange.ClearRequestHeader(used);
    if (!given || !IsAllowed(*given)) return kNotVerified;
    credential = env_.entities.FindUnique("hmacauth_credentials", "username", given->username);
    if (!credential) return kNotVerified;
    return IsSigned(exchange, *given, StringMember(*credential, "secret")) ? "" : kNotSame;
  }

  bool IsTimely(const Exchange& exchange, std::string_view name) const {
    const auto header = exchange.RequestHeader(name);
    const auto time = header ? http::ParseDate(*header) : std::nullopt;
    return time && std::abs(std::floor(env_.now()) - static_cast<double>(*time)) <= skew_;
  }

  std::optional<Given> Read(const Exchange& exchange, std::string_view name) const {
    const auto header = exchange.RequestHeader(name);
    if (!header) return std::nullopt;
    auto caught = credentials_->Captures(*header);
    if (caught.empty()) return std::nullopt;
    Given given{std::move(caught[1]), std::move(caught[2]), std::move(caught[4]), {}};
    for (const std::string_view part : Split(caught[3], ' ')) given.headers.emplace_back(part);
    return given;
  }

  bool IsAllowed(const Given& given) const {
    const auto signs = [&](const std::string& header) {
      return std::find(given.headers.begin(), given.headers.end(), header) != given.headers.end();
    };
    return std::all_of(enforced_.begin(), enforced_.end(), signs) &&
           std::find(algorithms_.begin(), algorithms_.end(), given.algorithm) != algorithms_.end();
  }

  static bool IsSigned(const Exchange& exchange, const Given& given, const std::string& secret) {
    const auto hash = HashOf(given.algorithm);
    const auto signature = Base64Decode(given.signature);
    if (!hash || !signature || secret.empty()) return false;
    const auto matches = [&](std::string_view target) {
      return SecretEquals(Hmac(*hash, secret, SignedText(exchange, given, target)), *signature);
    };
    // Clients of old versions sign the path alone.
    return matches(exchange.RawTarget()) ||
           matches(exchange.Variable("uri").value_or(std::string(exchange.Path())));
  }

  static std::string SignedText(const Exchange& exchange, const Given& given,
                                std::string_view target) {
    std::string text;
    for (const std::string& name : given.headers) {
      if (!text.empty()) text += '\n';
      const auto value = exchange.RequestHeader(name);
      if (value) {
        text.append(name).append(": ").append(*value);
      } else if (name == "@request-target") {
        text.append(name).append(": ").append(ToLower(exchange.Method()));
        text.append(" ").append(target);
      } else if (name == "request-line") {
        text += fmt::format("{} {} HTTP/{:.1f}", exchange.Method(), target, exchange.HttpVersion());
      } else {
        text.append(name).append(":");
      }
    }
    return text;
  }

  static bool HasDigest(const Exchange& exchange, std::string_view body) {
    const auto digest = exchange.RequestHeader("digest");
    if (!digest) return body.empty();
    return *digest == "SHA-256=" + Base64Encode(Sha256(body));
  }

  Next Accept(Exchange& exchange, plugin::EntityRef credential) const {
    plugin::EntityRef consumer = plugin::ConsumerOf(env_, *credential);
    if (!consumer) return Refuse(exchange, kNotVerified);
    exchange.Authenticate(std::move(consumer), std::move(credential));
    return Next::kContinue;
  }

  Next Refuse(Exchange& exchange, std::string message) const {
    return plugin::RefuseOrAnonymous(exchange, env_, anonymous_, {.message = std::move(message)});
  }

  plugin::PluginEnv& env_;
  const std::string anonymous_;
  const std::vector<std::string> enforced_, algorithms_;
  const bool hide_, with_body_;
  const double skew_;
  const std::unique_ptr<const Pattern> credentials_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new HmacAuth(instance.config, env));
}

}  // namespace

const plugin::PluginType kHmacAuth = {"hmac-auth", 1000, "2.4.0", plugin::kAccess, Create};

}  // namespace silverback::plugins

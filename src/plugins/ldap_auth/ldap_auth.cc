#include "plugins/ldap_auth/ldap_auth.h"

#include <unordered_map>

#include "plugin/answers.h"
#include "plugin/authentication.h"
#include "plugins/ldap_auth/directory.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr size_t kMostAnswers = 10000;

enum class Verdict { kGood, kBad, kUnknown };

struct Credentials {
  std::string username, password;
};

// What the directory has said, for a while, and who waits for an answer: one question for the same
// credentials is enough. Event loop only. Outlives its plugin while a question is under way.
class Answers : public std::enable_shared_from_this<Answers> {
 public:
  Answers(Directory::Options options, double ttl, plugin::PluginEnv& env)
      : directory_(std::make_shared<Directory>(std::move(options))),
        ttl_(ttl),
        env_(env),
        salt_(RandomBytes(16)) {}

  using Done = std::function<void(Verdict)>;
  // `done` may run before Ask returns.
  void Ask(const std::string& name, const Credentials& credentials, const Done& done) {
    // Passwords are not kept.
    const std::string key = Sha256(salt_ + name + '\0' + credentials.password);
    const auto known = known_.find(key);
    if (known != known_.end() && known->second.until > env_.now())
      return done(known->second.good ? Verdict::kGood : Verdict::kBad);
    auto& waiting = waiting_[key];
    waiting.push_back(done);
    if (waiting.size() > 1) return;
    auto answer = std::make_shared<std::optional<Result<bool>>>();
    env_.network_background->Run(
        [directory = directory_, answer, name, password = credentials.password] {
          *answer = directory->Binds(name, password);
        },
        [self = shared_from_this(), answer, key] { self->Tell(key, *answer); });
  }

 private:
  struct Known {
    bool good;
    double until;
  };

  void Tell(const std::string& key, const std::optional<Result<bool>>& answer) {
    Verdict verdict = Verdict::kUnknown;
    if (!answer || !*answer) {
      env_.log.Log(plugin::LogLevel::kError,
                   "[ldap-auth] " + (answer ? answer->error().message() : "no answer"));
    } else {
      verdict = **answer ? Verdict::kGood : Verdict::kBad;
      if (known_.size() >= kMostAnswers) known_.clear();
      if (ttl_ > 0) known_.insert_or_assign(key, Known{**answer, env_.now() + ttl_});
    }
    auto waiting = waiting_.extract(key);
    if (waiting.empty()) return;
    for (const Done& done : waiting.mapped()) done(verdict);
  }

  const std::shared_ptr<Directory> directory_;
  const double ttl_;
  plugin::PluginEnv& env_;
  const std::string salt_;
  std::unordered_map<std::string, Known> known_;
  std::unordered_map<std::string, std::vector<Done>> waiting_;
};

Directory::Options OptionsOf(const Json& config) {
  const auto number = [&](const char* name, double otherwise) {
    return static_cast<int>(NumberMember(config, name, otherwise));
  };
  return {.host = StringMember(config, "ldap_host"),
          .port = number("ldap_port", 389),
          .ldaps = BoolMember(config, "ldaps"),
          .start_tls = BoolMember(config, "start_tls"),
          .verify = BoolMember(config, "verify_ldap_host"),
          .timeout_ms = number("timeout", 10000),
          .keepalive_ms = number("keepalive", 60000)};
}

class LdapAuth final : public plugin::Plugin {
 public:
  LdapAuth(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        answers_(std::make_shared<Answers>(OptionsOf(config), NumberMember(config, "cache_ttl", 60),
                                           env)),
        base_dn_(StringMember(config, "base_dn")),
        attribute_(StringMember(config, "attribute")),
        anonymous_(StringMember(config, "anonymous")),
        scheme_(StringMember(config, "header_type", "ldap")),
        hide_(BoolMember(config, "hide_credentials")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!anonymous_.empty() && exchange.credential()) return Next::kContinue;
    const auto proxy = exchange.RequestHeader("proxy-authorization");
    const auto own = exchange.RequestHeader("authorization");
    if (!proxy && !own) {
      const std::string realm = (scheme_ == "ldap" ? "LDAP" : scheme_) + " realm=\"kong\"";
      return Refuse(exchange,
                    {.message = "Unauthorized", .headers = {{"WWW-Authenticate", realm}}});
    }
    std::vector<Credentials> given;
    for (const auto& header : {proxy, own}) {
      if (auto credentials = header ? Parse(*header) : std::nullopt)
        given.push_back(*std::move(credentials));
    }
    if (given.empty()) return RefuseCredentials(exchange);
    Try(exchange, exchange.Suspend(), std::move(given), 0);
    return Next::kSuspend;
  }

 private:
  // "LDAP " and then name and password, in base64, with the last colon between them.
  std::optional<Credentials> Parse(std::string_view header) const {
    header = Trim(header);
    if (!EqualsIgnoreCase(header.substr(0, scheme_.size()), scheme_)) return std::nullopt;
    header.remove_prefix(scheme_.size());
    if (header.empty() || Trim(header.substr(0, 1)).size() == 1) return std::nullopt;
    const auto decoded = Base64Decode(Trim(header));
    const size_t colon = decoded ? decoded->rfind(':') : std::string::npos;
    // Directories take a bind without a password for an anonymous one.
    if (colon == std::string::npos || colon == 0 || colon + 1 == decoded->size())
      return std::nullopt;
    return Credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
  }

  void Try(Exchange& exchange, const std::shared_ptr<Exchange::Resumer>& resumer,
           std::vector<Credentials> given, size_t at) const {
    const Credentials credentials = given[at];
    const std::string name = attribute_ + "=" + credentials.username + "," + base_dn_;
    answers_->Ask(name, credentials,
                  [this, &exchange, resumer, given = std::move(given), at](Verdict verdict) {
                    if (!resumer->Alive()) return;
                    if (verdict == Verdict::kBad && at + 1 < given.size())
                      return Try(exchange, resumer, given, at + 1);
                    resumer->Resume(Decide(exchange, verdict, given[at]) == Next::kRespond);
                  });
  }

  Next Decide(Exchange& exchange, Verdict verdict, const Credentials& credentials) const {
    if (verdict == Verdict::kUnknown)
      return plugin::RespondJson(exchange, 500, "An unexpected error occurred");
    if (verdict == Verdict::kBad) return RefuseCredentials(exchange);
    if (hide_) {
      exchange.ClearRequestHeader("authorization");
      exchange.ClearRequestHeader("proxy-authorization");
    }
    exchange.Authenticate(nullptr,
                          std::make_shared<const Json>(Json{{"username", credentials.username}}));
    return Next::kContinue;
  }

  Next RefuseCredentials(Exchange& exchange) const {
    return Refuse(exchange, {.message = "Invalid authentication credentials"});
  }

  Next Refuse(Exchange& exchange, plugin::Refusal refusal) const {
    return plugin::RefuseOrAnonymous(exchange, env_, anonymous_, std::move(refusal));
  }

  plugin::PluginEnv& env_;
  const std::shared_ptr<Answers> answers_;
  const std::string base_dn_, attribute_, anonymous_, scheme_;
  const bool hide_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new LdapAuth(instance.config, env));
}

}  // namespace

const plugin::PluginType kLdapAuth = {"ldap-auth", 1002, "2.2.0", plugin::kAccess, Create};

}  // namespace silverback::plugins

#include "plugins/acme/acme.h"

#include "plugin/answers.h"
#include "plugin/config.h"
#include "plugins/acme/domains.h"
#include "plugins/acme/shown.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using namespace acme;
using plugin::Exchange;
using plugin::Next;

constexpr double kRenewalSeconds = 3600;
constexpr double kTickSeconds = 60;
// A timer that fires earlier fires because the worker ends.
constexpr double kEarliest = 50;
constexpr std::string_view kChallengePath = "/.well-known/acme-challenge/";

// Looks for certificates that end soon, once an hour, on one worker of the node. Workers look often
// whether it is time: they may be replaced long before an hour has passed.
class Renewals : public std::enable_shared_from_this<Renewals> {
 public:
  Renewals(std::shared_ptr<Certifier> certifier, const std::string& name, plugin::PluginEnv& env)
      : certifier_(std::move(certifier)), name_("acme:renewals:" + name), env_(env) {}

  void Arm() {
    const double armed = env_.now();
    timer_ =
        env_.timers.After(static_cast<int>(kTickSeconds * 1000), [weak = weak_from_this(), armed] {
          const auto self = weak.lock();
          if (!self || self->env_.now() - armed < kEarliest) return;
          self->Arm();
          if (self->IsTime()) self->certifier_->Renew([] {});
        });
  }

 private:
  bool IsTime() {
    const double now = env_.now();
    return env_.counters.Add(name_, 1, now + kRenewalSeconds, now) == 1;
  }

  const std::shared_ptr<Certifier> certifier_;
  const std::string name_;
  plugin::PluginEnv& env_;
  std::shared_ptr<void> timer_;
};

class Acme final : public plugin::Plugin {
 public:
  Acme(const plugin::PluginInstance& instance, std::shared_ptr<Certifier> certifier,
       std::shared_ptr<Storage> storage, plugin::PluginEnv& env)
      : env_(env),
        domains_(plugin::StringList(instance.config, "domains")),
        storage_(std::move(storage)),
        certifier_(std::move(certifier)),
        shown_(std::make_shared<Shown>(certifier_, env)),
        renewals_(std::make_shared<Renewals>(certifier_, StringMember(instance.row, "id"), env)) {}

  void OnStart() const override {
    if (certifier_->can_write()) renewals_->Arm();
  }

  void OnCertificate(plugin::Handshake& handshake) const override {
    const std::string host = ToLower(handshake.ServerName());
    if (!IsHostName(host) || !domains_.Has(host) || handshake.HasCertificate()) return;
    shown_->Present(host, handshake);
  }

  // The authority asks over plain HTTP whether the name is ours.
  Next OnAccess(Exchange& exchange) const override {
    const std::string_view path = exchange.Path();
    if (!path.starts_with(kChallengePath) || path.size() == kChallengePath.size() ||
        exchange.Scheme() != "http" || !domains_.Has(ToLower(exchange.Host())))
      return Next::kContinue;
    const std::string key = ChallengeKey(path.substr(kChallengePath.size()));
    auto answer = std::make_shared<std::optional<Storage::Value>>();
    auto resumer = std::make_shared<std::shared_ptr<Exchange::Resumer>>();
    storage_->Get(key, [this, answer, resumer, &exchange](Storage::Value value) {
      if (!*resumer) {
        *answer = std::move(value);
        return;
      }
      if (!(*resumer)->Alive()) return;
      Answer(exchange, value);
      (*resumer)->Resume(true);
    });
    if (*answer) return Answer(exchange, **answer);
    *resumer = exchange.Suspend();
    return Next::kSuspend;
  }

 private:
  // Without a body the gateway's own pages are sent.
  Next Answer(Exchange& exchange, const Storage::Value& value) const {
    if (!value) {
      env_.log.Log(
          plugin::LogLevel::kError,
          "[acme] error getting challenge response from storage " + value.error().message());
      return plugin::RespondRaw(exchange, 500, "");
    }
    if (!*value) return plugin::RespondRaw(exchange, 404, "");
    return plugin::RespondRaw(exchange, 200, **value + "\n", {{"Content-Type", "text/plain"}});
  }

  plugin::PluginEnv& env_;
  const Domains domains_;
  const std::shared_ptr<Storage> storage_;
  const std::shared_ptr<Certifier> certifier_;
  const std::shared_ptr<Shown> shown_;
  const std::shared_ptr<Renewals> renewals_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  auto certifier = Certifier::Create(instance.config, env);
  if (!certifier) return certifier.error();
  auto storage = MakeStorage(instance.config, env);
  if (!storage) return storage.error();
  return std::unique_ptr<plugin::Plugin>(
      std::make_unique<Acme>(instance, *std::move(certifier), *std::move(storage), env));
}

}  // namespace

constinit const plugin::PluginType kAcme = {"acme", 1007, "0.4.0",
                                            plugin::kAccess | plugin::kCertificate, &Create};

}  // namespace silverback::plugins

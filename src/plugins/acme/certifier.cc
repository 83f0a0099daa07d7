#include "plugins/acme/certifier.h"

#include <cctype>

#include "plugins/acme/certificates.h"
#include "plugins/acme/task.h"
#include "util/string_util.h"

namespace silverback::plugins::acme {
namespace {

using plugin::LogLevel;

constexpr char kPlanPrefix[] = "kong_acme:renew_config:";
constexpr char kLastRun[] = "kong_acme:renew_last_run";
constexpr char kCertificatePrefix[] = "kong_acme:cert_key:";
constexpr char kBackoffPrefix[] = "kong_acme:fail_backoff:";
constexpr char kLockPrefix[] = "kong_acme:update_lock:";
// Of an order that its worker does not live to end. Longer than any order should take.
constexpr int kLockSeconds = 120;
constexpr unsigned kAccountKeyBits = 4096;
constexpr double kDaySeconds = 86400;
constexpr size_t kLongestHostName = 253;

std::optional<CertificateAndKey> ReadPair(const std::string& text) {
  const auto document = ParseJson(text);
  if (!document) return std::nullopt;
  CertificateAndKey pair{StringMember(*document, "cert"), StringMember(*document, "key")};
  if (pair.certificate.empty() || pair.key.empty()) return std::nullopt;
  return pair;
}

std::string AccountKeyName(const Authority& authority) {
  return "kong_acme:account:" + authority.directory + ":" + Base64Encode(authority.email);
}

}  // namespace

bool IsHostName(std::string_view text) {
  if (text.empty() || text.size() > kLongestHostName) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
}

Result<std::shared_ptr<Certifier>> Certifier::Create(const Json& config, plugin::PluginEnv& env) {
  auto storage = MakeStorage(config, env);
  if (!storage) return storage.error();
  return std::shared_ptr<Certifier>(new Certifier(config, env, *std::move(storage)));
}

Certifier::Certifier(const Json& config, plugin::PluginEnv& env, std::shared_ptr<Storage> storage)
    : env_(env),
      storage_(std::move(storage)),
      key_type_(StringMember(config, "cert_type", "rsa")),
      rsa_bits_(static_cast<unsigned>(NumberMember(config, "rsa_key_size", kAccountKeyBits))),
      renew_seconds_(kDaySeconds * NumberMember(config, "renew_threshold_days", 14)),
      backoff_seconds_(static_cast<int>(60 * NumberMember(config, "fail_backoff_minutes", 5))),
      keeps_in_storage_(env.db_less || env.propagation_seconds > 0),
      can_write_(!env.db_less || StringMember(config, "storage") != "kong") {
  authority_.directory = StringMember(config, "api_uri");
  authority_.email = StringMember(config, "account_email");
  authority_.account_name = StringMember(config, "eab_kid");
  authority_.account_secret = StringMember(config, "eab_hmac_key");
  authority_.preferred_chain = StringMember(config, "preferred_chain");
}

void Certifier::Log(LogLevel level, const std::string& message) {
  env_.log.Log(level, "[acme] " + message);
}

void Certifier::Obtain(const std::string& host, Obtained done) {
  Update(std::make_shared<Task>(Task{.host = host, .done = std::move(done)}));
}

void Certifier::ObtainMissing(const std::string& host, Obtained done) {
  Update(std::make_shared<Task>(Task{.host = host, .only_missing = true, .done = std::move(done)}));
}

void Certifier::Update(TaskRef task) {
  if (!IsHostName(task->host))
    return task->done(Error(ErrorCode::kInvalidInput, "invalid host name"));
  storage_->Get(
      kBackoffPrefix + task->host, [self = shared_from_this(), task](const Storage::Value& until) {
        if (!until) {
          self->Log(LogLevel::kWarn, fmt::format("failed to read backoff status for {} : {}",
                                                 task->host, until.error().message()));
        } else if (*until) {
          const double wait = std::atof((*until)->c_str()) - self->env_.now();
          if (wait > 0) {
            return task->done(Error(
                ErrorCode::kUnavailable,
                fmt::format("please try again in {:.0f} seconds for host {} because of previous "
                            "failure; this is configurable with config.fail_backoff_minutes",
                            wait, task->host)));
          }
        }
        self->Lock(task);
      });
}

void Certifier::Lock(TaskRef task) {
  storage_->Add(kLockPrefix + task->host, "placeholder", kLockSeconds,
                [self = shared_from_this(), task](const Result<bool>& added) {
                  if (!added) return task->done(added.error());
                  if (*added) return self->LookAgain(task);
                  self->Log(LogLevel::kInfo,
                            "update_certificate for " + task->host + " is already running");
                  task->done(false);
                });
}

// Since the handshake that asks for it another worker may have begun and ended.
void Certifier::LookAgain(TaskRef task) {
  if (!task->only_missing) return FindAccount(task);
  Load(task->host,
       [self = shared_from_this(), task](const Result<std::optional<CertificateAndKey>>& found) {
         const auto facts = found && *found ? FactsOf((*found)->certificate) : std::nullopt;
         if (facts && static_cast<double>(facts->not_after) > self->env_.now())
           return self->EndTask(task, false);
         self->FindAccount(task);
       });
}

void Certifier::FindAccount(TaskRef task) {
  storage_->Get(AccountKeyName(authority_),
                [self = shared_from_this(), task](const Storage::Value& account) {
                  if (!account) return self->FailTask(task, account.error());
                  if (*account) return self->UseAccount(task, **account);
                  self->MakeAccount(task);
                });
}

void Certifier::MakeAccount(TaskRef task) {
  auto made = std::make_shared<Result<std::string>>(std::string());
  env_.background.Run([made] { *made = NewRsaKey(kAccountKeyBits); },
                      [self = shared_from_this(), task, made] {
                        if (!*made) return self->FailTask(task, made->error());
                        const std::string account = DumpJson(Json{{"key", **made}});
                        // Where others were faster theirs counts.
                        self->storage_->Add(AccountKeyName(self->authority_), account, 0,
                                            [self, task, account](const Result<bool>& added) {
                                              if (!added)
                                                return self->FailTask(task, added.error());
                                              if (!*added) return self->FindAccount(task);
                                              self->UseAccount(task, account);
                                            });
                      });
}

void Certifier::UseAccount(TaskRef task, const std::string& account) {
  const auto document = ParseJson(account);
  auto key = std::make_shared<Result<std::shared_ptr<const AccountKey>>>(
      AccountKey::Read(document ? StringMember(*document, "key") : ""));
  if (!*key) return FailTask(task, key->error());
  task->account = **key;
  if (!task->key.empty()) return PlaceOrder(task);
  MakeKey(task);
}

void Certifier::MakeKey(TaskRef task) {
  auto made = std::make_shared<Result<std::string>>(std::string());
  env_.background.Run([made, rsa = key_type_ == "rsa",
                       bits = rsa_bits_] { *made = rsa ? NewRsaKey(bits) : NewEcKey(); },
                      [self = shared_from_this(), task, made] {
                        if (!*made) return self->FailTask(task, made->error());
                        task->key = **made;
                        self->PlaceOrder(task);
                      });
}

void Certifier::PlaceOrder(TaskRef task) {
  Order::Start({env_, storage_, authority_, task->account, task->host, task->key},
               [self = shared_from_this(), task](const Result<std::string>& chain) {
                 if (!chain) {
                   return self->FailTask(task, {chain.error().code(),
                                                fmt::format("could not create certificate for "
                                                            "host: {} err: {}",
                                                            task->host, chain.error().message())});
                 }
                 task->certificate = *chain;
                 self->Keep(task);
               });
}

void Certifier::Keep(TaskRef task) {
  if (!keeps_in_storage_) return KeepRows(task);
  const std::string pair = DumpJson(Json{{"cert", task->certificate}, {"key", task->key}});
  storage_->Set(kCertificatePrefix + task->host, pair, 0,
                [self = shared_from_this(), task](const Status& kept) {
                  if (!kept) return self->FailTask(task, kept.error());
                  self->Plan(task);
                });
}

// Until when the certificate is good: so that renewals need not read all certificates.
void Certifier::Plan(TaskRef task) {
  const auto facts = FactsOf(task->certificate);
  const Json plan = {{"host", task->host}, {"expire_at", facts ? facts->not_after : 0}};
  storage_->Set(kPlanPrefix + task->host, DumpJson(plan), 0,
                [self = shared_from_this(), task](const Status& stored) {
                  if (!stored) {
                    self->Log(LogLevel::kError,
                              "failed to store renew config: " + stored.error().message());
                  }
                  self->EndTask(task, true);
                });
}

// When only this worker ends, there is nothing to wait for.
void Certifier::FailTask(const TaskRef& task, const Error& why) {
  if (why.code() == ErrorCode::kUnavailable || backoff_seconds_ <= 0) return EndTask(task, why);
  const double until = env_.now() + backoff_seconds_;
  storage_->Set(kBackoffPrefix + task->host, fmt::format("{:.0f}", until), backoff_seconds_,
                [self = shared_from_this(), task, why](const Status& stored) {
                  if (!stored) {
                    self->Log(LogLevel::kWarn, fmt::format("failed to set fallback key for {}: {}",
                                                           task->host, stored.error().message()));
                  }
                  self->EndTask(task, why);
                });
}

void Certifier::EndTask(const TaskRef& task, const Result<bool>& result) {
  storage_->Remove(kLockPrefix + task->host, [self = shared_from_this(), task,
                                              result](const Status& removed) {
    if (!removed) {
      self->Log(LogLevel::kWarn, fmt::format("failed to delete update_certificate lock for {}: {}",
                                             task->host, removed.error().message()));
    }
    task->done(result);
  });
}

void Certifier::Load(const std::string& host, Loaded done) {
  if (!keeps_in_storage_) return done(LoadRows(host));
  storage_->Get(kCertificatePrefix + host, [done = std::move(done)](const Storage::Value& text) {
    if (!text) return done(text.error());
    if (!*text) return done(std::optional<CertificateAndKey>());
    auto pair = ReadPair(**text);
    if (!pair) return done(Error(ErrorCode::kInvalidInput, "no key or cert found in storage"));
    done(std::move(pair));
  });
}

void Certifier::ListHosts(Storage::Keys done) {
  storage_->List(kPlanPrefix,
                 [done = std::move(done)](const Result<std::vector<std::string>>& keys) {
                   if (!keys) return done(keys.error());
                   std::vector<std::string> hosts;
                   for (const std::string& key : *keys)
                     hosts.push_back(key.substr(sizeof(kPlanPrefix) - 1));
                   done(std::move(hosts));
                 });
}

void Certifier::Renew(std::function<void()> done) {
  storage_->Set(
      kLastRun, LocalTime(static_cast<int64_t>(env_.now())), 0,
      [self = shared_from_this(), done](const Status& stored) {
        if (!stored)
          self->Log(LogLevel::kWarn, "can't set renew_last_run: " + stored.error().message());
        self->storage_->List(
            kPlanPrefix, [self, done](const Result<std::vector<std::string>>& keys) {
              if (keys)
                return self->RenewNext(std::make_shared<std::vector<std::string>>(*keys), done);
              self->Log(LogLevel::kError, "can't list renew hosts: " + keys.error().message());
              done();
            });
      });
}

void Certifier::RenewNext(std::shared_ptr<std::vector<std::string>> keys,
                          std::function<void()> done) {
  if (keys->empty()) return done();
  const std::string key = keys->back();
  keys->pop_back();
  storage_->Get(key, [self = shared_from_this(), keys, key, done](const Storage::Value& plan) {
    if (plan && *plan)
      return self->RenewPlanned(key, **plan, [self, keys, done] { self->RenewNext(keys, done); });
    self->Log(LogLevel::kError,
              "can't read renew conf: " + (plan ? key + " is empty" : plan.error().message()));
    self->RenewNext(keys, done);
  });
}

void Certifier::RenewPlanned(const std::string& plan_key, const std::string& plan,
                             std::function<void()> done) {
  const auto document = ParseJson(plan);
  const std::string host = document ? StringMember(*document, "host") : "";
  if (document && NumberMember(*document, "expire_at") - renew_seconds_ > env_.now()) {
    Log(LogLevel::kInfo, "certificate for host " + host + " is not due for renewal");
    return done();
  }
  Load(host, [self = shared_from_this(), plan_key, host,
              done](const Result<std::optional<CertificateAndKey>>& old) {
    if (old) return self->RenewIfDue(plan_key, host, *old, done);
    self->Log(LogLevel::kError, fmt::format("error loading existing certkey for host: {}: {}", host,
                                            old.error().message()));
    done();
  });
}

void Certifier::RenewIfDue(const std::string& plan_key, const std::string& host,
                           const std::optional<CertificateAndKey>& old,
                           std::function<void()> done) {
  if (!old) {
    // Somebody has deleted the certificate: it is not wanted any more.
    Log(LogLevel::kWarn, "deleting renewal config for host: " + host);
    return storage_->Remove(plan_key, [done](const Status&) { done(); });
  }
  const auto facts = FactsOf(old->certificate);
  if (facts && static_cast<double>(facts->not_after) - renew_seconds_ > env_.now()) {
    Log(LogLevel::kInfo, "certificate for " + host + " is not due for renewal");
    return done();
  }
  Log(LogLevel::kInfo, "renew certificate for host " + host);
  const auto ended = [self = shared_from_this(), done](const Result<bool>& renewed) {
    if (!renewed)
      self->Log(LogLevel::kError, "failed to renew certificate: " + renewed.error().message());
    done();
  };
  Update(std::make_shared<Task>(Task{.host = host, .key = old->key, .done = ended}));
}

}  // namespace silverback::plugins::acme

// What the Admin API asks of the acme plugin: begun on the event loop, and waited for on a thread
// of the API's.
#include <future>

#include "nginx/node.h"
#include "plugins/acme/certificates.h"
#include "plugins/acme/certifier.h"
#include "plugins/acme/probe.h"

namespace silverback::nginx {
namespace {

using plugins::acme::Certifier;

constexpr std::chrono::milliseconds kLook{200};

// Runs `begin` on the event loop; gives what it calls its argument with. A worker that is told to
// end at once does not wait for it.
template <class T, class Begin>
Result<T> Await(EventLoop& loop, Begin begin) {
  const auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  loop.Post([promise, begin = std::move(begin)] {
    begin([promise](Result<T> result) { promise->set_value(std::move(result)); });
  });
  while (future.wait_for(kLook) != std::future_status::ready) {
    if (ngx_terminate) return Error(ErrorCode::kUnavailable, "the worker ends");
  }
  return future.get();
}

// The facts of the certificates of `hosts`, one after the other.
void Describe(const std::shared_ptr<Certifier>& certifier, plugin::PluginEnv& env,
              std::vector<std::string> hosts, std::vector<Json> described,
              std::function<void(Result<std::vector<Json>>)> done) {
  if (hosts.empty()) return done(std::move(described));
  const std::string host = hosts.back();
  hosts.pop_back();
  certifier->Load(host, [=, &env](const auto& pair) mutable {
    if (!pair) return done(pair.error());
    auto facts = *pair ? plugins::acme::FactsOf((*pair)->certificate) : std::nullopt;
    if (facts) {
      if (facts->host.empty()) facts->host = host;
      described.push_back(plugins::acme::DescribeCertificate(*facts, env.now()));
    } else if (*pair) {
      return done(Error(ErrorCode::kInvalidInput, "the certificate of " + host + " is broken"));
    }
    Describe(certifier, env, std::move(hosts), std::move(described), std::move(done));
  });
}

}  // namespace

silverback::Status RunningNode::AcmeOrder(const Json& config, const std::string& host) {
  const auto made = Await<bool>(parts_.loop, [this, config, host](auto done) {
    auto certifier = Certifier::Create(config, parts_.env);
    if (!certifier) return done(certifier.error());
    (*certifier)->Obtain(host, done);
  });
  return made ? Ok() : silverback::Status(made.error());
}

silverback::Status RunningNode::AcmeTest(const Json& config, const std::string& host) {
  const auto tested = Await<bool>(parts_.loop, [this, config, host](auto done) {
    plugins::acme::ProbeChallenges(config, host, parts_.env,
                                   [done](const silverback::Status& status) {
                                     done(status ? Result<bool>(true) : status.error());
                                   });
  });
  return tested ? Ok() : silverback::Status(tested.error());
}

void RunningNode::AcmeRenew(const Json& config) {
  parts_.loop.Post([this, config] {
    const auto certifier = Certifier::Create(config, parts_.env);
    if (certifier) (*certifier)->Renew([] {});
  });
}

Result<std::vector<Json>> RunningNode::AcmeCertificates(const Json& config,
                                                        const std::string& host) {
  return Await<std::vector<Json>>(parts_.loop, [this, config, host](auto done) {
    auto made = Certifier::Create(config, parts_.env);
    if (!made) return done(made.error());
    const std::shared_ptr<Certifier> certifier = *made;
    if (!host.empty()) return Describe(certifier, parts_.env, {host}, {}, done);
    certifier->ListHosts([this, certifier, done](const Result<std::vector<std::string>>& hosts) {
      if (!hosts) return done(hosts.error());
      Describe(certifier, parts_.env, *hosts, {}, done);
    });
  });
}

}  // namespace silverback::nginx

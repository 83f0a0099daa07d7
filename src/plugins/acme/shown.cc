#include "plugins/acme/shown.h"

namespace silverback::plugins::acme {
namespace {

using plugin::LogLevel;

constexpr double kFreshSeconds = 10;  // what a storage far away has said
constexpr double kAbsentSeconds = 5;  // that it has nothing, or that nothing could be made
constexpr double kSoonSeconds = 0.5;
constexpr size_t kMostHosts = 10000;  // any client may ask for any name that a wildcard stands for
constexpr int kMostOrders = 8;        // at once

}  // namespace

void Shown::Present(const std::string& host, plugin::Handshake& handshake) {
  if (hosts_.size() >= kMostHosts && !hosts_.contains(host))
    std::erase_if(hosts_, [](const auto& known) { return !known.second.busy; });
  Host& known = hosts_[host];
  if (!known.busy && known.look_again_at <= env_.now()) Look(host);
  const Host& now = hosts_[host];
  if (!now.pair) return;
  const Status shown = handshake.Present(now.pair->certificate, now.pair->key);
  if (!shown) env_.log.Log(LogLevel::kWarn, "[acme] " + host + ": " + shown.error().message());
}

void Shown::Look(const std::string& host) {
  hosts_[host].busy = true;
  // Rows are shown by the gateway itself: there is none.
  if (!certifier_->keeps_in_storage()) return Make(host);
  certifier_->Load(
      host, [self = shared_from_this(), host](Result<std::optional<CertificateAndKey>> found) {
        self->Take(host, std::move(found));
      });
}

void Shown::Take(const std::string& host, Result<std::optional<CertificateAndKey>> found) {
  if (!found) {
    env_.log.Log(LogLevel::kWarn,
                 "[acme] can't load cert and key from storage: " + found.error().message());
    return Rest(host, kAbsentSeconds);
  }
  hosts_[host].pair = *std::move(found);
  if (hosts_[host].pair) return Rest(host, certifier_->is_near() ? 0 : kFreshSeconds);
  Make(host);
}

void Shown::Make(const std::string& host) {
  if (!certifier_->can_write()) {
    env_.log.Log(LogLevel::kError,
                 "[acme] creating new certificate through proxy side with \"kong\" storage in "
                 "Hybrid mode is not supported; consider create certificate using Admin API or use "
                 "other external storages");
    return Rest(host, kFreshSeconds);
  }
  if (orders_ >= kMostOrders) return Rest(host, 0);
  ++orders_;
  certifier_->ObtainMissing(host, [self = shared_from_this(), host](const Result<bool>& made) {
    --self->orders_;
    if (!made) {
      self->env_.log.Log(LogLevel::kError,
                         "[acme] failed to update certificate: " + made.error().message());
    }
    // Where another one is making it, it is there soon.
    self->Rest(host, made ? (*made ? 0 : kSoonSeconds) : kAbsentSeconds);
  });
}

void Shown::Rest(const std::string& host, double seconds) {
  Host& known = hosts_[host];
  known.busy = false;
  known.look_again_at = env_.now() + seconds;
}

}  // namespace silverback::plugins::acme

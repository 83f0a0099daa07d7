#include "nginx/upstream_choice.h"

#include "dns/client.h"
#include "nginx/gateway.h"
#include "runtime/upstreams.h"

namespace silverback::nginx {
namespace {

// How many targets with names that lead nowhere are passed over.
constexpr int kMostLostNames = 16;

// What DNS says when it says no, in Kong's words.
Refusal RefusalFor(const Error& error) {
  const std::string& why = error.message();
  if (why == "dns server error: 3 name error" ||
      why == "dns client error: 101 empty record received")
    return {503, "name resolution failed"};
  return {500, why};
}

Choice NoPeer(Refusal& refusal) {
  refusal = {503, "failure to get a peer from the ring-balancer"};
  return Choice::kRefused;
}

}  // namespace

std::string_view UpstreamChoice::HostName(std::string& buffer) const {
  if (balancer_ && !balancer_->upstream().host_header.empty())
    return balancer_->upstream().host_header;
  const balancer::Peer* peer = tried_.current();
  const std::string_view name = peer != nullptr ? std::string_view(peer->bare_host) : hostname_;
  if (name.find(':') == name.npos || name.starts_with('[')) return name;
  buffer.assign("[").append(name).append("]");
  return buffer;
}

Choice UpstreamChoice::Take(const dns::Endpoint& endpoint) {
  auto address = balancer::MakeAddress(endpoint.ip, endpoint.port);
  if (!address) return Choice::kRefused;
  own_ = *std::move(address);
  address_ = &own_;
  return Choice::kChosen;
}

Choice UpstreamChoice::Pick(Gateway& gateway, Refusal& refusal, bool may_wait) {
  while (true) {
    const auto peer = balancer_->Pick({hash_value_}, tried_);
    if (!peer) return may_wait && balancer_->Resolving() ? Choice::kMustWait : NoPeer(refusal);
    if (!(*peer)->is_name()) {
      address_ = &(*peer)->address;
      return Choice::kChosen;
    }
    const auto endpoint = gateway.dns().KnownEndpoint((*peer)->ip, (*peer)->port);
    if (endpoint && Take(*endpoint) == Choice::kChosen) return Choice::kChosen;
    if (may_wait) return Choice::kMustWait;
    if (++lost_names_ > kMostLostNames) return NoPeer(refusal);
  }
}

Choice UpstreamChoice::LookUpNow(Gateway& gateway) {
  const auto endpoint = gateway.dns().KnownEndpoint(hostname_, port_);
  return endpoint ? Take(*endpoint) : Choice::kMustWait;
}

Choice UpstreamChoice::First(Gateway& gateway, std::string_view hostname, int port,
                             const HashOf& hash, Refusal& refusal) {
  hostname_ = hostname;
  port_ = port;
  balancer_ = gateway.upstreams().ByName(hostname);
  if (balancer_) {
    if (balancer_->upstream().hash_on != balancer::HashOn::kNone && hash)
      hash_value_ = hash(balancer_->upstream());
    return Pick(gateway, refusal, true);
  }
  if (auto literal = balancer::MakeAddress(hostname, port)) {
    own_ = *std::move(literal);
    address_ = &own_;
    return Choice::kChosen;
  }
  return LookUpNow(gateway);
}

// The name of the host, or of the target that was picked, has been looked up.
void UpstreamChoice::TakeAnswer(Gateway& gateway, std::weak_ptr<void> alive,
                                const Result<dns::Endpoint>& result, const Done& done) {
  Refusal refusal;
  if (result && Take(*result) == Choice::kChosen) return done(Choice::kChosen, refusal);
  if (!balancer_) {
    const Error error = result ? Error(ErrorCode::kInvalidInput, "bad address") : result.error();
    gateway.log().Log(plugin::LogLevel::kError, "DNS resolution failed: " + error.message() +
                                                    ". Tried: " + std::string(hostname_));
    return done(Choice::kRefused, RefusalFor(error));
  }
  if (++lost_names_ > kMostLostNames) return done(NoPeer(refusal), refusal);
  const Choice choice = Pick(gateway, refusal, true);
  if (choice != Choice::kMustWait) return done(choice, refusal);
  Later(gateway, std::move(alive), done);
}

void UpstreamChoice::Later(Gateway& gateway, std::weak_ptr<void> alive, Done done) {
  const balancer::Peer* peer = tried_.current();
  if (balancer_ && peer == nullptr) {
    return gateway.upstreams().WhenResolved(balancer_,
                                            [this, &gateway, alive, done = std::move(done)] {
                                              if (alive.expired()) return;
                                              Refusal refusal;
                                              const Choice choice = Pick(gateway, refusal, true);
                                              if (choice != Choice::kMustWait)
                                                return done(choice, refusal);
                                              Later(gateway, alive, done);
                                            });
  }
  const std::string name(peer != nullptr ? std::string_view(peer->ip) : hostname_);
  gateway.dns().ToEndpoint(name, peer != nullptr ? peer->port : port_,
                           [this, &gateway, alive, done = std::move(done)](const auto& result) {
                             if (!alive.expired()) TakeAnswer(gateway, alive, result, done);
                           });
}

Choice UpstreamChoice::Next(Gateway& gateway, Refusal& refusal) {
  if (balancer_) return Pick(gateway, refusal, false);
  // Another address of the host, if there is one and it is known.
  if (!balancer::MakeAddress(hostname_, port_)) LookUpNow(gateway);
  return Choice::kChosen;
}

void UpstreamChoice::ReportFailure(bool timed_out) {
  if (!balancer_) return;
  if (timed_out) {
    balancer_->ReportTimeout(tried_);
  } else {
    balancer_->ReportTcpFailure(tried_);
  }
}

void UpstreamChoice::ReportStatus(int status) {
  if (balancer_) balancer_->ReportStatus(tried_, status);
}

}  // namespace silverback::nginx

#include "dns/lookup.h"

#include <algorithm>

namespace silverback::dns {
namespace {

// How long a caller waits for a new answer when there is an old one.
constexpr double kPatience = 1;

constexpr int kDeepest = 16;

Error NothingThere() {
  return Error(ErrorCode::kNotFound, "dns client error: 101 empty record received");
}

Error ServerError(int code) {
  return Error(code == kNameError ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
               fmt::format("dns server error: {} {}", code, CodeText(code)));
}

// Some servers give every name an SRV record that points at the name itself.
bool LeadsNowhere(const std::string& asked, const std::vector<Record>& records) {
  return std::all_of(records.begin(), records.end(), [&](const Record& record) {
    return record.type == Type::kSrv && record.value == asked;
  });
}

}  // namespace

void Client::Lookup::Add(Done done, AnswerRef otherwise) {
  auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  if (otherwise) {
    waiter->timer = client.loop_.After(
        kPatience, [weak = std::weak_ptr(waiter), otherwise = std::move(otherwise)] {
          const auto mine = weak.lock();
          if (!mine || !mine->done) return;
          std::exchange(mine->done, nullptr)(otherwise);
        });
  }
  waiters_.push_back(std::move(waiter));
}

void Client::Lookup::End(const Result<AnswerRef>& result) {
  for (const auto& waiter : std::exchange(waiters_, {})) {
    waiter->timer.reset();
    if (waiter->done) std::exchange(waiter->done, nullptr)(result);
  }
}

void Client::Lookup::Step() {
  if (next_ >= candidates.size()) {
    return client.Fail(*this, error_ ? *error_ : NothingThere(), !failing_);
  }
  const auto& [asked, type] = candidates[next_++];
  client.Ask(
      asked, type, refresh,
      [self = shared_from_this(), asked = asked, type = type](
          const Reply& reply, double expires_at) { self->Take(asked, type, reply, expires_at); });
}

void Client::Lookup::Take(const std::string& asked, Type type, const Reply& reply,
                          double expires_at) {
  if (!reply.failure.empty()) {
    // Another type might lead elsewhere than the one that nobody answers for.
    return client.Fail(*this, Error(ErrorCode::kUnavailable, reply.failure), false);
  }
  if (reply.code != 0) {
    failing_ = failing_ || reply.code != kNameError;
    error_ = ServerError(reply.code);
  } else if (reply.records.empty()) {
    error_ = NothingThere();
  } else if (LeadsNowhere(asked, reply.records)) {
    error_ = Error(ErrorCode::kNotFound, "recursion detected");
  } else if (type == Type::kCname) {
    return FollowAlias(reply, expires_at);
  } else {
    return client.Finish(*this, type, reply.records, expires_at);
  }
  Step();
}

void Client::Lookup::FollowAlias(const Reply& reply, double expires_at) {
  if (depth >= kDeepest) {
    return client.Fail(*this, Error(ErrorCode::kNotFound, "recursion detected"), true);
  }
  client.ResolveAt(reply.records.front().value, depth + 1,
                   [self = shared_from_this(), expires_at](const Result<AnswerRef>& result) {
                     if (!result) {
                       const bool definite = result.error().code() == ErrorCode::kNotFound;
                       return self->client.Fail(*self, result.error(), definite);
                     }
                     self->client.Finish(*self, Type::kCname, (*result)->records(),
                                         std::min(expires_at, (*result)->expires_at()));
                   });
}

}  // namespace silverback::dns

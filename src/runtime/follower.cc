#include "runtime/follower.h"

#include <fmt/format.h>

#include "runtime/worker.h"

namespace silverback::runtime {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTryRoleEvery{50};
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2000};
constexpr std::chrono::seconds kCleanEvery{60};
// A position that only moved on is not worth a write each time.
constexpr std::chrono::seconds kSaveEvery{60};

}  // namespace

Follower::Follower(Setup setup)
    : setup_(std::move(setup)),
      role_(setup_.lock_path),
      synchroniser_(setup_.catalog, setup_.store, setup_.replica,
                    [this](size_t rows) {
                      setup_.log(Severity::kNotice,
                                 fmt::format("reading the database: {} rows so far", rows));
                    }),
      applier_(setup_.catalog, setup_.store, setup_.replica, synchroniser_) {}

void Follower::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Follower::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

bool Follower::Over() const { return stopping_ || setup_.leaving(); }

void Follower::Pause(milliseconds time) {
  const auto end = Clock::now() + time;
  while (!Over() && Clock::now() < end) {
    std::this_thread::sleep_for(std::min<Clock::duration>(end - Clock::now(), kTryRoleEvery));
  }
}

void Follower::Run() {
  while (!stopping_) {
    if (!setup_.leaving() && role_.TryTake()) {
      Follow();
      role_.Release();
    }
    if (!stopping_) std::this_thread::sleep_for(kTryRoleEvery);
  }
}

std::string Follower::Text(const std::string& feed_position) const {
  NodePosition position = position_;
  position.feed = feed_position;
  return position.ToText(setup_.catalog, setup_.store.strategy());
}

void Follower::Follow() {
  position_ =
      NodePosition::Parse(setup_.replica.position(), setup_.catalog, setup_.store.strategy());
  saved_feed_ = position_.feed;
  saved_at_ = cleaned_at_ = Clock::now();
  std::unique_ptr<store::ChangeFeed> feed;
  while (!Over()) {
    if (!feed) feed = setup_.store.Feed();
    if (feed) {
      StepOnce(*feed);
    } else {
      if (!position_.complete) {
        if (Status done = CatchUp(""); !done) Failed(done.error());
      }
      Pause(setup_.interval);
    }
    if (failures_ == 0 && Clock::now() - cleaned_at_ > kCleanEvery) CleanUp(feed.get());
  }
}

void Follower::StepOnce(store::ChangeFeed& feed) {
  // What was put off by an error is not to wait for the next event.
  const milliseconds patience = position_.complete ? setup_.interval : milliseconds(0);
  auto batch = feed.Next(position_.feed, patience, [this] { return Over(); });
  const Status done = batch ? Heed(*batch) : Status(batch.error());
  if (!done) return Failed(done.error());
  position_.feed = batch->position;
  Works();
  PassOn(*batch);
}

Status Follower::Heed(const store::ChangeFeed::Batch& batch) {
  if (batch.gap) position_.complete = false;
  // What happened since the node was here last comes first: it is quick.
  if (!batch.events.empty()) {
    const Status done = applier_.Apply(batch.events, Text(batch.position));
    if (!done) return done;
    saved_feed_ = batch.position;
    Publish();
  }
  if (!position_.complete) return CatchUp(batch.position);
  if (batch.position != saved_feed_ && Clock::now() - saved_at_ > kSaveEvery) {
    if (Status done = setup_.replica.SetPosition(Text(batch.position)); !done) return done;
    saved_feed_ = batch.position;
    saved_at_ = Clock::now();
  }
  return Ok();
}

Status Follower::CatchUp(const std::string& feed_position) {
  NodePosition complete = position_;
  complete.feed = feed_position;
  complete.complete = true;
  const auto start = Clock::now();
  const auto changed =
      synchroniser_.CompareAll(complete.ToText(setup_.catalog, setup_.store.strategy()));
  if (!changed) return changed.error();
  position_ = complete;
  saved_feed_ = feed_position;
  saved_at_ = Clock::now();
  const double seconds = std::chrono::duration<double>(saved_at_ - start).count();
  setup_.log(Severity::kNotice, fmt::format("the configuration was compared with the database in "
                                            "{:.1f} s: {} rows differed",
                                            seconds, *changed));
  Publish();
  return Ok();
}

void Follower::PassOn(const store::ChangeFeed::Batch& batch) {
  if (!setup_.heard) return;
  // Health that was set while this node was away is of no meaning any more.
  const double recent = std::chrono::duration<double>(setup_.interval).count() * 2 + 10;
  for (const store::ClusterEvent& event : batch.events) {
    setup_.log(Severity::kDebug,
               fmt::format("[cluster_events] new event (channel: '{}') data: '{}'", event.channel,
                           event.data));
    const bool health = event.channel == store::kHealthEvents && event.age < recent;
    if (!event.own && (health || event.channel == store::kPurgeEvents)) setup_.heard(event);
  }
}

void Follower::Publish() {
  const auto read = setup_.replica.Read();
  if (read) PublishReplica(setup_.catalog, *read, setup_.shared);
}

void Follower::CleanUp(store::ChangeFeed* feed) {
  cleaned_at_ = Clock::now();
  const auto removed = setup_.dao.DeleteExpired();
  Status done = removed ? Ok() : Status(removed.error());
  if (done && feed) done = feed->Clean();
  if (!done) {
    setup_.log(Severity::kWarning, "unable to clean up expired rows: " + done.error().message());
  }
}

void Follower::Failed(const Error& error) {
  if (failures_++ == 0) {
    failing_since_ = Clock::now();
    setup_.log(Severity::kWarning,
               fmt::format("the database cannot be followed: {}; this node goes on with what it "
                           "knows",
                           error.message()));
  }
  milliseconds pause = kFirstPause;
  for (int i = 1; i < failures_ && pause < kLongestPause; ++i) pause *= 2;
  Pause(std::min(pause, kLongestPause));
}

void Follower::Works() {
  if (failures_ == 0) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - failing_since_).count();
  setup_.log(Severity::kNotice,
             fmt::format("the database is followed again, after {:.1f} s", seconds));
  failures_ = 0;
}

}  // namespace silverback::runtime

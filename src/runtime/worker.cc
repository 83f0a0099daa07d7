#include "runtime/worker.h"

#include <unistd.h>

#include "util/allocator.h"
#include "util/low_priority.h"

namespace silverback::runtime {
namespace {

// How often a worker looks for changes that another process made in the replica without telling (an
// import).
constexpr std::chrono::milliseconds kLookEvery{200};

}  // namespace

void PublishReplica(const entity::Catalog& catalog, const replica::ReadTransaction& read,
                    SharedState& shared, Wake wake) {
  const int kinds = static_cast<int>(catalog.entities().size());
  for (int kind = 0; kind < kinds && kind < kMaxKinds; ++kind)
    shared.SetVersion(kind, read.version(kind));
  if (wake == Wake::kBuilders) {
    shared.SetGeneration(read.generation());
  } else {
    shared.SetGenerationQuietly(read.generation());
  }
}

Worker::Worker(Setup setup) : setup_(std::move(setup)), builder_(setup_.catalog, setup_.env) {}

Worker::~Worker() {
  Stop();
  *alive_ = false;
}

Status Worker::Start() {
  slot_ = setup_.shared.TakeSlot(getpid());
  if (slot_ < 0) return Error(ErrorCode::kInternal, "too many workers");
  const auto read = setup_.replica.Read();
  if (!read) return Error(ErrorCode::kIo, "cannot read the replica");
  PublishReplica(setup_.catalog, *read, setup_.shared);
  Swap(builder_.Build(*read));
  built_ = snapshot_->generation;
  thread_ = std::thread([this] { BuilderLoop(); });
  return Ok();
}

void Worker::Stop() {
  stopping_ = true;
  setup_.shared.Wake();
  if (thread_.joinable()) thread_.join();
  setup_.shared.LeaveSlot(slot_);
  slot_ = -1;
}

void Worker::BuilderLoop() {
  LowerPriorityOfThisThread();
  while (!stopping_) {
    setup_.shared.WaitForGeneration(built_, kLookEvery);
    if (stopping_) return;
    FreeOld();
    StaySmall();
    if (setup_.shared.generation() > built_ || setup_.replica.generation() > built_) BuildAndPost();
  }
}

void Worker::BuildAndPost() {
  // Taken before reading: what is announced from now on may not be in what is read.
  const uint64_t announced = setup_.shared.generation();
  const auto read = setup_.replica.Read();
  if (!read) {
    std::this_thread::sleep_for(kLookEvery);
    return;
  }
  if (read->generation() > setup_.shared.generation())
    PublishReplica(setup_.catalog, *read, setup_.shared);
  auto next = builder_.Build(*read);
  // A replica that was removed and made anew counts from the start again; it must not be built over
  // and over.
  built_ = std::max(next->generation, announced);
  setup_.post([this, alive = std::weak_ptr<bool>(alive_), next = std::move(next),
               retired = builder_.TakeRetired()]() mutable {
    const auto still = alive.lock();
    if (!still || !*still) return;
    Old old{snapshot_, std::move(retired)};
    Swap(std::move(next));
    Retire(std::move(old));
  });
}

void Worker::Retire(Old old) {
  const std::scoped_lock lock(old_mutex_);
  old_.push_back(std::move(old));
}

void Worker::LetGoOnLoop(Old old) {
  setup_.post([old = std::move(old)]() mutable { old = {}; });
}

// In their order: plugin objects are in all snapshots up to the one that they are retired with.
void Worker::FreeOld() {
  constexpr size_t kMany = 4;
  bool freed = false;
  for (;;) {
    Old old;
    bool in_use = false;
    {
      const std::scoped_lock lock(old_mutex_);
      if (old_.empty()) break;
      in_use = old_.front().snapshot.use_count() > 1;
      if (in_use && old_.size() <= kMany) break;
      old = std::move(old_.front());
      old_.pop_front();
    }
    // Requests that last very long end by taking theirs apart on the event loop.
    if (!in_use) old.snapshot.reset();
    LetGoOnLoop(std::move(old));
    freed = true;
  }
  ReturnMemory(freed);
}

// Once nothing more has come for a while: what is given back between two changes is taken again by
// the next one, page by page, also on the event loop.
void Worker::ReturnMemory(bool freed) {
  constexpr std::chrono::seconds kCalm{5};
  const auto now = std::chrono::steady_clock::now();
  if (freed) {
    memory_left_at_ = now;
  } else if (memory_left_at_ && now - *memory_left_at_ >= kCalm) {
    memory_left_at_.reset();
    ReturnFreeMemory();
  }
}

// The replica may be much larger than what a worker should take: what was needed once is not kept.
void Worker::StaySmall() {
  constexpr std::chrono::seconds kEvery{2};
  constexpr size_t kEnough = size_t{32} << 20;
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_memory_ < kEvery) return;
  looked_at_memory_ = now;
  if (MappedBytes() > kEnough) setup_.replica.ReturnPages();
}

void Worker::Swap(std::shared_ptr<const Snapshot> next) {
  snapshot_ = std::move(next);
  if (setup_.swapped) setup_.swapped(*snapshot_);
  setup_.shared.Acknowledge(slot_, snapshot_->generation);
}

}  // namespace silverback::runtime

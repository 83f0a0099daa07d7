#include "runtime/worker.h"

#include <unistd.h>

namespace silverback::runtime {
namespace {

// How often a worker looks for changes that another process made in the replica without telling (an
// import).
constexpr std::chrono::milliseconds kLookEvery{200};

}  // namespace

void PublishReplica(const entity::Catalog& catalog, const replica::ReadTransaction& read,
                    SharedState& shared) {
  const int kinds = static_cast<int>(catalog.entities().size());
  for (int kind = 0; kind < kinds && kind < kMaxKinds; ++kind)
    shared.SetVersion(kind, read.version(kind));
  shared.SetGeneration(read.generation());
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
  while (!stopping_) {
    setup_.shared.WaitForGeneration(built_, kLookEvery);
    if (stopping_) return;
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
    if (still && *still) Swap(std::move(next));
    retired.clear();
  });
}

void Worker::Swap(std::shared_ptr<const Snapshot> next) {
  snapshot_ = std::move(next);
  if (setup_.swapped) setup_.swapped(*snapshot_);
  setup_.shared.Acknowledge(slot_, snapshot_->generation);
}

}  // namespace silverback::runtime

#include "runtime/patient_store.h"

namespace silverback::runtime {

Result<store::Store*> PatientStore::Opened() const {
  const std::scoped_lock lock(mutex_);
  if (!store_) {
    auto opened = open_();
    if (!opened) return Error(ErrorCode::kUnavailable, opened.error().message());
    store_ = std::move(*opened);
  }
  return store_.get();
}

Result<std::unique_ptr<store::Transaction>> PatientStore::Begin(Mode mode) {
  auto opened = Opened();
  if (!opened) return opened.error();
  return (*opened)->Begin(mode);
}

Status PatientStore::Ping() {
  auto opened = Opened();
  if (!opened) return opened.error();
  return (*opened)->Ping();
}

std::string PatientStore::Version() const {
  auto opened = Opened();
  return opened ? (*opened)->Version() : std::string();
}

Status PatientStore::Tell(const std::vector<store::ClusterEvent>& events) {
  auto opened = Opened();
  return opened ? (*opened)->Tell(events) : Status(opened.error());
}

Result<std::vector<int64_t>> PatientStore::CountUsage(
    const std::vector<store::UsageCount>& counts) {
  auto opened = Opened();
  if (!opened) return opened.error();
  return (*opened)->CountUsage(counts);
}

std::unique_ptr<store::ChangeFeed> PatientStore::Feed() {
  auto opened = Opened();
  return opened ? (*opened)->Feed() : nullptr;
}

}  // namespace silverback::runtime

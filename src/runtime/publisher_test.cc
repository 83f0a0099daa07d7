#include "runtime/publisher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "runtime/worker.h"
#include "store/memory_store.h"
#include "store/store_test_util.h"

namespace silverback::runtime {
namespace {

class PublisherTest : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/publisher-test-XXXXXX";
    path_ = mkdtemp(folder);
    auto opened = replica::Replica::Open(catalog_, {.path = path_, .map_size = size_t{1} << 28});
    ASSERT_TRUE(opened) << opened.error().message();
    replica_ = *std::move(opened);
    shared_ = SharedState::Create(&memory_);
    publisher_ =
        std::make_unique<Publisher>(catalog_, *store_, *replica_, shared_,
                                    [this](std::string_view message) { warnings_ += message; });
    dao_ = std::make_unique<store::Dao>(catalog_, *store_, publisher_.get());
    ASSERT_TRUE(dao_->WorkspaceId());
  }
  void TearDown() override {
    dao_.reset();
    publisher_.reset();
    replica_.reset();
    std::filesystem::remove_all(path_);
  }

  uint64_t Version(std::string_view kind) { return shared_->version(catalog_.KindIndex(kind)); }

  const entity::Catalog& catalog_ = store::TestCatalog();
  std::unique_ptr<store::Store> store_ = store::NewMemoryStore("shared");
  std::string path_;
  std::unique_ptr<replica::Replica> replica_;
  alignas(SharedState) unsigned char memory_[sizeof(SharedState)] = {};
  SharedState* shared_ = nullptr;
  std::string warnings_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<store::Dao> dao_;
};

TEST_F(PublisherTest, NoWorkerHasToBuildForWhatNoSnapshotHolds) {
  // A worker that never acknowledges: whoever waited for it would warn in the end.
  ASSERT_GE(shared_->TakeSlot(getpid()), 0);
  const uint64_t before = shared_->generation();
  ASSERT_TRUE(dao_->Insert("consumers", {{"username", "u"}}));
  EXPECT_GT(shared_->generation(), before);
  EXPECT_EQ(Version("consumers"), shared_->generation());
  EXPECT_EQ(replica_->generation(), shared_->generation());
  EXPECT_EQ(warnings_, "");
}

TEST_F(PublisherTest, AnswersAWriteOfARouteWhenTheWorkersServeByIt) {
  const int slot = shared_->TakeSlot(getpid());
  const uint64_t before = shared_->generation();
  std::thread worker([&] {
    while (shared_->generation() == before)
      shared_->WaitForGeneration(before, std::chrono::seconds(10));
    shared_->Acknowledge(slot, shared_->generation());
  });
  ASSERT_TRUE(dao_->Insert("routes", {{"paths", {"/"}}}));
  EXPECT_EQ(Version("routes"), shared_->generation());
  worker.join();
  EXPECT_EQ(warnings_, "");
}

TEST_F(PublisherTest, WaitsForTheWorkersWhenACascadeRemovesWhatTheyHold) {
  ASSERT_TRUE(dao_->Insert("consumers", {{"username", "u"}}));
  ASSERT_TRUE(dao_->Insert(
      "plugins",
      {{"name", "rate-limiting"}, {"config", {{"minute", 1}}}, {"consumer", {{"username", "u"}}}}));
  const uint64_t plugins = Version("plugins");
  ASSERT_TRUE(dao_->Delete("consumers", {"username", "u"}));
  EXPECT_GT(Version("plugins"), plugins);
  EXPECT_EQ(Version("plugins"), Version("consumers"));
}

TEST(Snapshots, HoldWhatRequestsAreServedBy) {
  for (const char* kind : {"services", "routes", "plugins", "upstreams", "targets", "certificates",
                           "snis", "ca_certificates"}) {
    EXPECT_TRUE(IsHeldBySnapshots(kind)) << kind;
  }
  for (const char* kind : {"consumers", "keyauth_credentials", "acls", "sessions", "tags"})
    EXPECT_FALSE(IsHeldBySnapshots(kind)) << kind;
}

}  // namespace
}  // namespace silverback::runtime

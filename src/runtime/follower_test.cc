#include "runtime/follower.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>

#include "store/memory_store.h"
#include "store/store_test_util.h"

namespace silverback::runtime {
namespace {

using std::chrono::milliseconds;
using store::ClusterEvent;

// What other nodes tell, as the test says it.
class Wire {
 public:
  void Tell(std::vector<ClusterEvent> events) {
    const std::scoped_lock lock(mutex_);
    batches_.push_back(std::move(events));
  }
  void Break(bool broken) { broken_ = broken; }

  Result<store::ChangeFeed::Batch> Next(const std::string& position) {
    const std::scoped_lock lock(mutex_);
    if (broken_) return Error(ErrorCode::kUnavailable, "the server is gone");
    store::ChangeFeed::Batch batch;
    batch.gap = position.empty();
    batch.position = position.empty() ? "0" : position;
    const size_t heeded = std::stoul(batch.position);
    if (heeded < batches_.size()) {
      batch.events = batches_[heeded];
      batch.position = std::to_string(heeded + 1);
    }
    return batch;
  }

 private:
  std::mutex mutex_;
  std::vector<std::vector<ClusterEvent>> batches_;
  std::atomic<bool> broken_{false};
};

class WireFeed final : public store::ChangeFeed {
 public:
  explicit WireFeed(Wire& wire) : wire_(wire) {}
  Result<Batch> Next(const std::string& position, milliseconds,
                     const std::function<bool()>&) override {
    std::this_thread::sleep_for(milliseconds(1));
    return wire_.Next(position);
  }
  Status Clean() override { return Ok(); }

 private:
  Wire& wire_;
};

class SharedStore final : public store::Store {
 public:
  Result<std::unique_ptr<store::Transaction>> Begin(Mode mode) override {
    if (broken) return Error(ErrorCode::kUnavailable, "the server is gone");
    return rows_->Begin(mode);
  }
  std::string_view strategy() const override { return "shared"; }
  Status Ping() override { return Ok(); }
  std::string Version() const override { return "1"; }
  std::unique_ptr<store::ChangeFeed> Feed() override { return std::make_unique<WireFeed>(wire); }

  Wire wire;
  std::atomic<bool> broken{false};

 private:
  std::unique_ptr<store::Store> rows_ = store::NewMemoryStore("shared");
};

class FollowerTest : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/follower-test-XXXXXX";
    path_ = mkdtemp(folder);
    auto opened = replica::Replica::Open(catalog_, {.path = path_, .map_size = size_t{1} << 28});
    ASSERT_TRUE(opened) << opened.error().message();
    replica_ = *std::move(opened);
    shared_ = SharedState::Create(&memory_);
  }
  void TearDown() override {
    replica_.reset();
    std::filesystem::remove_all(path_);
  }

  // A write of another node: the store has it, and its events are known.
  template <class Work>
  std::vector<ClusterEvent> Elsewhere(Work work) {
    store::CollectingSink sink;
    store::Dao dao(catalog_, store_, &sink);
    EXPECT_TRUE(dao.WorkspaceId());
    sink.all.clear();
    work(dao);
    return store::EventsOf(sink.all);
  }
  std::vector<ClusterEvent> MakeService(const std::string& name) {
    return Elsewhere([&](store::Dao& dao) {
      EXPECT_TRUE(dao.Insert("services", {{"name", name}, {"host", "h.test"}}));
    });
  }

  bool Has(const char* entity, const char* field, const std::string& value) {
    const auto read = replica_->Read();
    return read->FindUnique(*catalog_.Entity(entity), field, value).has_value();
  }

  Follower::Setup Parts() {
    return {.catalog = catalog_,
            .store = store_,
            .replica = *replica_,
            .dao = dao_,
            .shared = *shared_,
            .lock_path = path_ + "/follower.lock",
            .interval = milliseconds(5),
            .leaving = [this] { return leaving_.load(); },
            .log =
                [this](Follower::Severity, std::string_view line) {
                  const std::scoped_lock lock(mutex_);
                  log_ += std::string(line) + "\n";
                },
            .heard =
                [this](const ClusterEvent& event) {
                  const std::scoped_lock lock(mutex_);
                  log_ += "heard " + event.data + "\n";
                }};
  }

  bool Soon(const std::function<bool()>& condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
  }
  bool Logged(const std::string& text) {
    const std::scoped_lock lock(mutex_);
    return log_.find(text) != std::string::npos;
  }

  const entity::Catalog& catalog_ = store::TestCatalog();
  std::string path_;
  std::unique_ptr<replica::Replica> replica_;
  SharedStore store_;
  store::Dao dao_{catalog_, store_, nullptr};
  alignas(SharedState) unsigned char memory_[sizeof(SharedState)] = {};
  SharedState* shared_ = nullptr;
  std::atomic<bool> leaving_{false};
  std::mutex mutex_;
  std::string log_;
};

TEST_F(FollowerTest, TakesOverTheChangesOfOthers) {
  MakeService("before");
  Follower follower(Parts());
  follower.Start();
  EXPECT_TRUE(Soon([&] { return Has("services", "name", "before"); }));
  const uint64_t generation = shared_->generation();
  store_.wire.Tell(MakeService("after"));
  EXPECT_TRUE(Soon([&] { return Has("services", "name", "after"); }));
  EXPECT_TRUE(Soon([&] { return shared_->generation() > generation; }));
}

TEST_F(FollowerTest, GoesOnWhereTheOneBeforeStopped) {
  {
    Follower follower(Parts());
    follower.Start();
    EXPECT_TRUE(Soon([&] { return Logged("compared"); }));
  }
  MakeService("untold");  // only a comparison would find it
  store_.wire.Tell(MakeService("told"));
  Follower follower(Parts());
  follower.Start();
  EXPECT_TRUE(Soon([&] { return Has("services", "name", "told"); }));
  EXPECT_FALSE(Has("services", "name", "untold"));
}

TEST_F(FollowerTest, OutlastsAnOutage) {
  Follower follower(Parts());
  follower.Start();
  EXPECT_TRUE(Soon([&] { return Logged("compared"); }));
  store_.wire.Break(true);
  EXPECT_TRUE(Soon([&] { return Logged("cannot be followed: the server is gone"); }));
  store_.wire.Tell(MakeService("meanwhile"));
  store_.wire.Break(false);
  EXPECT_TRUE(Soon([&] { return Has("services", "name", "meanwhile"); }));
  EXPECT_TRUE(Soon([&] { return Logged("is followed again"); }));
  // The events come, but the rows cannot be read: nothing is lost nor deleted.
  const auto events = MakeService("unreadable");
  store_.broken = true;
  store_.wire.Tell(events);
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_TRUE(Has("services", "name", "meanwhile"));
  store_.broken = false;
  EXPECT_TRUE(Soon([&] { return Has("services", "name", "unreadable"); }));
}

TEST_F(FollowerTest, OneAtATime) {
  Follower first(Parts());
  first.Start();
  EXPECT_TRUE(Soon([&] { return Logged("compared"); }));
  auto setup = Parts();
  std::atomic<bool> second_asked{false};
  setup.leaving = [&] {
    second_asked = true;
    return false;
  };
  setup.log = [this](Follower::Severity, std::string_view line) {
    const std::scoped_lock lock(mutex_);
    log_ += "second: " + std::string(line);
  };
  setup.heard = [this](const ClusterEvent& event) {
    const std::scoped_lock lock(mutex_);
    log_ += "second heard " + event.data;
  };
  Follower second(std::move(setup));
  second.Start();
  EXPECT_TRUE(Soon([&] { return second_asked.load(); }));
  store_.wire.Tell({{"balancer:post_health", "one"}});
  EXPECT_TRUE(Soon([&] { return Logged("heard one"); }));
  leaving_ = true;
  EXPECT_TRUE(Soon([&] {
    store_.wire.Tell({{"balancer:post_health", "two"}});
    return Logged("second heard two");
  }));
  EXPECT_FALSE(Logged("second heard one"));
}

class ApplierTest : public FollowerTest {
 protected:
  void SetUp() override {
    FollowerTest::SetUp();
    ASSERT_TRUE(dao_.WorkspaceId());
    synchroniser_.emplace(catalog_, store_, *replica_);
    applier_.emplace(catalog_, store_, *replica_, *synchroniser_);
    ASSERT_TRUE(synchroniser_->ReadAll());
  }
  void Apply(const std::vector<ClusterEvent>& events) {
    const Status done = applier_->Apply(events, "p");
    EXPECT_TRUE(done) << done.error().message();
  }

  std::optional<Synchroniser> synchroniser_;
  std::optional<ChangeApplier> applier_;
};

TEST_F(ApplierTest, RenamedCredentials) {
  Apply(Elsewhere([](store::Dao& dao) {
    EXPECT_TRUE(dao.Insert("consumers", {{"username", "c"}}));
    EXPECT_TRUE(
        dao.Insert("keyauth_credentials", {{"key", "old"}, {"consumer", {{"username", "c"}}}}));
  }));
  EXPECT_TRUE(Has("keyauth_credentials", "key", "old"));
  const auto events = Elsewhere([](store::Dao& dao) {
    EXPECT_TRUE(dao.Update("keyauth_credentials", {"key", "old"}, {{"key", "new"}}));
  });
  // Either event alone is enough.
  for (const size_t i : {1, 0}) {
    Apply({events[i]});
    EXPECT_FALSE(Has("keyauth_credentials", "key", "old"));
    EXPECT_TRUE(Has("keyauth_credentials", "key", "new"));
  }
}

TEST_F(ApplierTest, WhatReferredToADeletedRowGoesToo) {
  Apply(Elsewhere([](store::Dao& dao) {
    EXPECT_TRUE(dao.Insert("consumers", {{"username", "c"}}));
    EXPECT_TRUE(
        dao.Insert("keyauth_credentials", {{"key", "k"}, {"consumer", {{"username", "c"}}}}));
    EXPECT_TRUE(dao.Insert("plugins", {{"name", "cors"}}));
  }));
  const auto events = Elsewhere([](store::Dao& dao) {
    EXPECT_TRUE(dao.Delete("consumers", {"username", "c"}));
  });
  for (const ClusterEvent& event : events) {
    if (event.data.find("consumers:") == 0) Apply({event});
  }
  EXPECT_FALSE(Has("consumers", "username", "c"));
  EXPECT_FALSE(Has("keyauth_credentials", "key", "k"));
}

TEST_F(ApplierTest, KeysThatNameNoRowMeanAComparison) {
  MakeService("s");
  Apply({{"invalidations", "router:version"}});  // of routes, and nobody told of one
  EXPECT_FALSE(Has("services", "name", "s"));
  Apply({{"invalidations", "some-plugin's-own-key"}});
  EXPECT_TRUE(Has("services", "name", "s"));
  Elsewhere([](store::Dao& dao) {
    EXPECT_TRUE(dao.Insert("routes", {{"name", "r"}, {"paths", {"/"}}}));
  });
  Apply({{"invalidations", "router:version"}});
  EXPECT_TRUE(Has("routes", "name", "r"));
}

TEST_F(ApplierTest, TargetsOfAnUpstream) {
  const auto events = Elsewhere([](store::Dao& dao) {
    EXPECT_TRUE(dao.Insert("upstreams", {{"name", "u"}}));
    EXPECT_TRUE(dao.Insert("targets", {{"target", "t.test"}, {"upstream", {{"name", "u"}}}}));
  });
  for (const ClusterEvent& event : events) {
    if (event.channel != "invalidations") Apply({event});
  }
  EXPECT_TRUE(Has("upstreams", "name", "u"));
  EXPECT_EQ(replica_->Read()->Count(*catalog_.Entity("targets")), 1u);
}

TEST_F(ApplierTest, ComparingFindsWhatIsMissingChangedAndGone) {
  for (int i = 0; i < 2500; ++i) {
    EXPECT_TRUE(dao_.Insert("consumers", {{"username", "u" + std::to_string(i)}}));
  }
  ASSERT_EQ(*synchroniser_->CompareAll(), 2500u);
  EXPECT_EQ(*synchroniser_->CompareAll(), 0u);
  EXPECT_TRUE(dao_.Delete("consumers", {"username", "u7"}));
  EXPECT_TRUE(dao_.Update("consumers", {"username", "u1999"}, {{"custom_id", "x"}}));
  EXPECT_TRUE(dao_.Insert("consumers", {{"username", "new"}}));
  ASSERT_EQ(*synchroniser_->CompareAll("here"), 3u);
  EXPECT_EQ(replica_->position(), "here");
  EXPECT_FALSE(Has("consumers", "username", "u7"));
  EXPECT_TRUE(Has("consumers", "custom_id", "x"));
  EXPECT_TRUE(Has("consumers", "username", "new"));
  EXPECT_EQ(*synchroniser_->CompareAll(), 0u);
}

}  // namespace
}  // namespace silverback::runtime

#include "runtime/cached_entities.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "runtime/worker.h"

namespace silverback::runtime {
namespace {

class CachedEntitiesTest : public ::testing::Test {
 protected:
  CachedEntitiesTest() : shared_(SharedState::Create(memory_)) {
    char folder[] = "/tmp/cached-entities-test-XXXXXX";
    path_ = mkdtemp(folder);
    catalog_ = std::move(*entity::Catalog::Create({"key-auth"}, true));
    replica_ =
        std::move(*replica::Replica::Open(*catalog_, {.path = path_, .map_size = size_t{1} << 28}));
    entities_ =
        std::make_unique<CachedEntities>(*catalog_, *replica_, *shared_, [this] { return now_; });
  }
  ~CachedEntitiesTest() override {
    entities_.reset();
    replica_.reset();
    std::filesystem::remove_all(path_);
  }

  void Apply(const std::vector<replica::Put>& puts) {
    ASSERT_TRUE(replica_->Apply(puts));
    PublishReplica(*catalog_, *replica_->Read(), *shared_);
  }
  replica::Put Key(int number, const std::string& key) {
    const std::string id = std::to_string(number);
    return {catalog_->Entity("keyauth_credentials"), id, Json{{"id", id}, {"key", key}}};
  }
  std::string Find(const std::string& key) {
    const auto row = entities_->FindUnique("keyauth_credentials", "key", key);
    return row ? StringMember(*row, "id") : "";
  }

  double now_ = 1;
  alignas(64) char memory_[sizeof(SharedState)] = {};
  std::string path_;
  std::unique_ptr<entity::Catalog> catalog_;
  std::unique_ptr<replica::Replica> replica_;
  SharedState* shared_;
  std::unique_ptr<CachedEntities> entities_;
};

TEST_F(CachedEntitiesTest, AnswersAreAsNewAsWhatWasPublished) {
  EXPECT_EQ(Find("k"), "");
  Apply({Key(1, "k")});
  EXPECT_EQ(Find("k"), "1");
  Apply({replica::Put{catalog_->Entity("keyauth_credentials"), "1", std::nullopt}});
  EXPECT_EQ(Find("k"), "");
  Apply({Key(2, "k")});
  EXPECT_EQ(Find("k"), "2");
}

// More rows than are kept, some of them again and again.
TEST_F(CachedEntitiesTest, FindsAllOfVeryMany) {
  constexpr int kMany = 40000;
  std::vector<replica::Put> puts;
  for (int i = 0; i < kMany; ++i) puts.push_back(Key(i, "k" + std::to_string(i)));
  Apply(puts);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kMany; ++i) {
      ASSERT_EQ(Find("k" + std::to_string(i)), std::to_string(i));
      ASSERT_EQ(Find("k" + std::to_string(i % 100)), std::to_string(i % 100));
    }
  }
  Apply({Key(7, "new")});
  EXPECT_EQ(Find("k7"), "");
  EXPECT_EQ(Find("new"), "7");
  EXPECT_EQ(Find("k8"), "8");
}

TEST_F(CachedEntitiesTest, ExpiredRowsAreNotFound) {
  replica::Put key = Key(1, "k");
  (*key.row)["ttl"] = 10;
  Apply({key});
  EXPECT_EQ(Find("k"), "1");
  now_ = 10;
  EXPECT_EQ(Find("k"), "");
}

}  // namespace
}  // namespace silverback::runtime

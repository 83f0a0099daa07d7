// What the Dao does without a database; the rest of it is tested on every store by the contract.
#include "store/dao.h"

#include "store/memory_store.h"
#include "store/store_test_util.h"

namespace silverback::store {
namespace {

class ReadOnlyDao : public testing::Test {
 protected:
  ReadOnlyDao() : store_("off"), dao_(TestCatalog(), store_, nullptr) {
    const schema::Schema* services = TestCatalog().Entity("services");
    auto row =
        services->CheckInsert({{"id", kId}, {"name", "s"}, {"host", "h.test"}, {"tags", {"t"}}});
    store_.Replace({{services, {*row}}});
  }
  static constexpr char kId[] = "00000000-0000-4000-8000-000000000001";
  MemoryStore store_;
  Dao dao_;
};

TEST_F(ReadOnlyDao, RefusesWritesAfterValidation) {
  auto row = dao_.Insert("services", {{"host", "h.test"}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kOperationUnsupported);
  EXPECT_EQ(row.error().message(), "cannot create 'services' entities when not using a database");
  EXPECT_EQ(dao_.Insert("services", Json::object()).error().code(), ErrorCode::kSchemaViolation);
  EXPECT_EQ(dao_.Upsert("services", {"name", "s"}, {{"host", "h.test"}}).error().message(),
            "cannot create or update 'services' entities by 'name' when not using a database");
  EXPECT_EQ(dao_.Update("services", {"name", "s"}, {{"retries", 1}}).error().message(),
            "cannot update 'services' entities by 'name' when not using a database");
  EXPECT_EQ(dao_.Update("services", {"name", "none"}, {{"retries", 1}}).error().code(),
            ErrorCode::kNotFound);
  // Nobody looks at what a change refers to before there is something to change.
  const Json elsewhere = {{"service", {{"name", "none"}}}};
  EXPECT_EQ(dao_.Update("routes", {"name", "none"}, elsewhere).error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(dao_.Delete("services", {"name", "s"}).error().message(),
            "cannot remove 'services' entities by 'name' when not using a database");
  EXPECT_EQ(dao_.Delete("services", {"", kId}).error().message(),
            "cannot remove 'services' entities when not using a database");
  auto deleted = dao_.Delete("services", {"name", "none"});
  ASSERT_TRUE(deleted);
  EXPECT_FALSE(*deleted);
}

TEST_F(ReadOnlyDao, AFullPageHasAnOffset) {
  ListOptions options;
  options.size = 1;
  auto page = dao_.List("services", options);
  ASSERT_TRUE(page && page->offset);
  options.offset = *page->offset;
  page = dao_.List("services", options);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->rows.empty());
  EXPECT_FALSE(page->offset);
}

TEST_F(ReadOnlyDao, AnOffsetThatIsNone) {
  ListOptions options;
  options.offset = "WyJhIl0=";
  EXPECT_EQ(dao_.List("services", options).error().message(),
            "'WyJhIl0=' is not a valid offset: invalid offset");
  options.offset = "!";
  EXPECT_EQ(dao_.List("services", options).error().message(),
            "'!' is not a valid offset: bad base64 encoding");
}

TEST_F(ReadOnlyDao, TagsOfOneAreEmpty) {
  EXPECT_TRUE(dao_.ListTags("t", {})->rows.empty());
  EXPECT_EQ(dao_.ListTags("", {})->rows.size(), 1u);
}

}  // namespace
}  // namespace silverback::store

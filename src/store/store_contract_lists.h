// The part of the contract of stores (store_contract.h) that is about lists: pages, rows of another
// row, tags.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "store/store_contract_fixture.h"
#include "util/json.h"

namespace silverback::store {

TEST_P(StoreContract, PagesSurviveChanges) {
  std::vector<std::string> ids;
  for (int i = 0; i < 25; ++i) {
    ids.push_back(Make("consumers", {{"username", "u" + std::to_string(i)}})["id"]);
  }
  std::sort(ids.begin(), ids.end());
  ListOptions options;
  options.size = 10;
  auto page = dao_->List("consumers", options);
  ASSERT_TRUE(page && page->offset);
  EXPECT_EQ(page->rows.size(), 10u);
  EXPECT_EQ(page->rows[9]["id"], ids[9]);
  // Neither the loss of the row that the offset names nor rows before it move the next page.
  ASSERT_TRUE(dao_->Delete("consumers", {"", ids[9]}));
  ASSERT_TRUE(dao_->Delete("consumers", {"", ids[3]}));
  options.offset = *page->offset;
  page = dao_->List("consumers", options);
  ASSERT_TRUE(page && page->offset);
  EXPECT_EQ(page->rows[0]["id"], ids[10]);
  options.offset = *page->offset;
  page = dao_->List("consumers", options);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 5u);
  EXPECT_FALSE(page->offset);
  options.offset = "x";
  EXPECT_EQ(dao_->List("consumers", options).error().message(),
            "'x' is not a valid offset: bad base64 encoding");
  options.offset = "zzz";
  EXPECT_EQ(dao_->List("consumers", options).error().message(),
            "'zzz' is not a valid offset: bad json encoding");
  options.offset = "";
  options.size = 1001;
  EXPECT_EQ(dao_->List("consumers", options).error().code(), ErrorCode::kInvalidSize);
}

TEST_P(StoreContract, ListsOfForeignRows) {
  const Json one = Make("services", {{"host", "h.test"}});
  const Json two = Make("services", {{"host", "h.test"}});
  for (int i = 0; i < 3; ++i) Make("routes", {{"paths", {"/"}}, {"service", Ref(one)}});
  Make("routes", {{"paths", {"/"}}, {"service", Ref(two)}});
  Make("routes", {{"paths", {"/"}}});
  ListOptions options;
  options.size = 2;
  auto page = dao_->ListFor("routes", "service", one["id"].get<std::string>(), options);
  ASSERT_TRUE(page && page->offset);
  options.offset = *page->offset;
  page = dao_->ListFor("routes", "service", one["id"].get<std::string>(), options);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 1u);
  EXPECT_FALSE(page->offset);
}

TEST_P(StoreContract, Tags) {
  Make("services", {{"host", "h.test"}, {"tags", {"red", "blue"}}});
  Make("services", {{"host", "h.test"}, {"tags", {"red"}}});
  Make("services", {{"host", "h.test"}});
  Make("consumers", {{"username", "c"}, {"tags", {"red", "über"}}});
  const auto count = [&](std::vector<std::string> tags, bool any) {
    ListOptions options;
    options.tags = std::move(tags);
    options.tags_any = any;
    auto page = dao_->List("services", options);
    EXPECT_TRUE(page);
    return page ? page->rows.size() : 0;
  };
  EXPECT_EQ(count({"red"}, false), 2u);
  EXPECT_EQ(count({"red", "blue"}, false), 1u);
  EXPECT_EQ(count({"none", "blue"}, true), 1u);
  EXPECT_EQ(count({"none"}, true), 0u);
  auto of_red = dao_->ListTags("red", {});
  ASSERT_TRUE(of_red) << of_red.error().message();
  EXPECT_EQ(of_red->rows.size(), 3u);
  // All of them, one by one, none twice.
  std::set<std::string> seen;
  ListOptions options;
  options.size = 1;
  for (int i = 0; i < 10; ++i) {
    auto page = dao_->ListTags("", options);
    ASSERT_TRUE(page) << page.error().message();
    for (const Json& row : page->rows) EXPECT_TRUE(seen.insert(DumpJson(row)).second);
    if (!page->offset) break;
    options.offset = *page->offset;
  }
  EXPECT_EQ(seen.size(), 5u);
}

TEST_P(StoreContract, EntitiesThatAreNotStored) {
  auto page = dao_->List("tags", {});
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_TRUE(page->rows.empty());
}

}  // namespace silverback::store

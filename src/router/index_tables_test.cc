#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "router/postings.h"
#include "router/prefix_table.h"

namespace silverback::router {
namespace {

std::vector<uint32_t> Walk(const PrefixTable& table, std::string_view text) {
  std::vector<uint32_t> ids;
  table.Walk(text, [&](uint32_t id) { ids.push_back(id); });
  return ids;
}

TEST(PrefixTableTest, FindsAllStoredPrefixes) {
  PrefixTable table;
  EXPECT_EQ(Walk(table, "/ab"), std::vector<uint32_t>{});
  table.Build({{"", 1}, {"/", 2}, {"/a", 3}, {"/ab/c", 4}, {"/abd", 5}, {"/b", 6}});
  EXPECT_EQ(Walk(table, "/ab/cd"), (std::vector<uint32_t>{1, 2, 3, 4}));
  EXPECT_EQ(Walk(table, "/abd"), (std::vector<uint32_t>{1, 2, 3, 5}));
  EXPECT_EQ(Walk(table, "x"), (std::vector<uint32_t>{1}));
  EXPECT_EQ(Walk(table, ""), (std::vector<uint32_t>{1}));
}

// More lengths than one batch has; what is on the way to longer strings is no prefix itself.
TEST(PrefixTableTest, GoesOnAsLongAsStoredStringsDo) {
  std::vector<std::string> texts;
  for (size_t size = 3; size < 200; size += 3) {
    texts.push_back(std::string(size, 'a'));
    texts.push_back(std::string(size - 1, 'a') + "\xff");
    texts.push_back("/" + std::string(size / 2, 'b') + std::string(size / 2, 'c'));
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::vector<std::pair<std::string_view, uint32_t>> strings;
  for (const auto& text : texts) strings.emplace_back(text, strings.size() + 1);
  PrefixTable table;
  table.Build(strings);
  const auto expect_same = [&](const std::string& text) {
    std::vector<uint32_t> ids;
    for (const auto& [string, id] : strings) {
      if (text.starts_with(string)) ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end(), [&](uint32_t a, uint32_t b) {
      return strings[a - 1].first.size() < strings[b - 1].first.size();
    });
    EXPECT_EQ(Walk(table, text), ids) << text;
  };
  for (const auto& text : texts) {
    expect_same(text);
    expect_same(text + "a");
    expect_same(text.substr(0, text.size() / 2) + "\xff" + text);
  }
}

TEST(PostingsTest, KeepShortAndLongLists) {
  Postings postings;
  const auto key = [](uint32_t host) { return PostingKey{8, host}; };
  for (uint32_t host = 1; host <= 100; ++host) {
    for (uint32_t i = 0; i < host % 4; ++i) postings.Count(key(host));
  }
  postings.Seal();
  for (uint32_t host = 1; host <= 100; ++host) {
    for (uint32_t i = 0; i < host % 4; ++i) postings.Add(key(host), host + i);
  }
  for (uint32_t host = 1; host <= 100; ++host) {
    const auto list = postings.Find(key(host));
    ASSERT_EQ(list.size(), host % 4);
    for (uint32_t i = 0; i < host % 4; ++i) EXPECT_EQ(list[i], host + i);
  }
}

}  // namespace
}  // namespace silverback::router

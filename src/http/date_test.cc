#include "http/date.h"

#include <gtest/gtest.h>

namespace silverback::http {
namespace {

TEST(Dates, ThreeFormatsOneTime) {
  constexpr int64_t kTime = 784111777;
  EXPECT_EQ(ParseDate("Sun, 06 Nov 1994 08:49:37 GMT"), kTime);
  EXPECT_EQ(ParseDate("Sunday, 06-Nov-94 08:49:37 GMT"), kTime);
  EXPECT_EQ(ParseDate("Sun Nov  6 08:49:37 1994"), kTime);
  EXPECT_EQ(FormatDate(kTime), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const char* bad : {"", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMTx"})
    EXPECT_FALSE(ParseDate(bad)) << bad;
}

}  // namespace
}  // namespace silverback::http

#include "store/postgres/migrations/nodes.h"

#include <gtest/gtest.h>

namespace silverback::store::postgres::migrations {
namespace {

TEST(IsOlderNode, ComparesVersionsByNumbers) {
  for (const char* older :
       {"silverback 2.8.4", "silverback 2.7.10", "silverback 1.9", "silverback "})
    EXPECT_TRUE(IsOlderNode(older)) << older;
  for (const char* other : {"silverback 2.8.5", "silverback 2.10.0", "silverback 2.8.5 listener",
                            "silverback 10.0", "pgmoon", ""})
    EXPECT_FALSE(IsOlderNode(other)) << other;
}

}  // namespace
}  // namespace silverback::store::postgres::migrations

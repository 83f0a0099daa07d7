#include "store/postgres/migrations/retry.h"

#include <gtest/gtest.h>

namespace silverback::store::postgres::migrations {
namespace {

Error WithState(const char* state) {
  return Error(ErrorCode::kDatabaseError, "ERROR", {{"sqlstate", state}});
}

TEST(IsOfTheMoment, TellsMishapsFromMistakes) {
  for (const char* state : {"55P03", "40P01", "57014", "57P01", "53100", "08006"})
    EXPECT_TRUE(IsOfTheMoment(WithState(state))) << state;
  for (const char* state : {"23505", "42P01", "42501", ""})
    EXPECT_FALSE(IsOfTheMoment(WithState(state))) << state;
  EXPECT_TRUE(IsOfTheMoment(Error(ErrorCode::kUnavailable, "connection refused")));
}

}  // namespace
}  // namespace silverback::store::postgres::migrations

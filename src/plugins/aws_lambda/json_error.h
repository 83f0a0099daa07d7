// What is wrong with a text that should be JSON, in the words that Kong's users know from
// lua-cjson.
#pragma once

#include <string>
#include <string_view>

namespace silverback::plugins::aws {

// REQUIRES: the text is no JSON. "Expected value but found T_END at character 1"
std::string DescribeJsonError(std::string_view text);

}  // namespace silverback::plugins::aws

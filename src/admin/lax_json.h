// JSON as Kong's decoder reads it, which is laxer than the standard. Pure function; any thread.
#pragma once

#include <string>
#include <string_view>

namespace silverback::admin {

// `text` with what that decoder takes and JSON forbids written as JSON has it: characters below a
// blank within texts (the line ends of a pasted certificate), numbers with leading zeros, in
// hexadecimal or with nothing after their point. All else stays, right or wrong.
std::string AsStrictJson(std::string_view text);

}  // namespace silverback::admin

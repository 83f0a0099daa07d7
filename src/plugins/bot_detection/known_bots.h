// What User-Agent headers of crawlers look like. The names are those of the ua-parser project's
// list (github.com/ua-parser/uap-core, Apache License 2.0) as Kong 2.8 knows them.
#pragma once

#include <string_view>

namespace silverback::plugins {

bool IsKnownBot(std::string_view user_agent);

}  // namespace silverback::plugins

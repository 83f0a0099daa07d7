// Text files that gw_embed compiled into a library (schemas, templates): read-only, alive as long
// as the program.
#pragma once

#include <span>
#include <string_view>

namespace silverback::util {

struct EmbeddedFile {
  std::string_view path;  // below src/
  std::string_view text;
};

}  // namespace silverback::util

// Each library's list is declared where it is used:
//   namespace silverback::embedded { std::span<const util::EmbeddedFile> entity_schemas(); }

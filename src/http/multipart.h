// multipart/form-data bodies (RFC 7578). Pure functions; any thread. Damaged bodies give the parts
// that are whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::http {

struct Part {
  std::string name;          // of Content-Disposition; "" when there is none
  std::string file_name;     // "" when the part is no file
  std::string content_type;  // "" when not given
  std::string data;
};

// The boundary parameter of a Content-Type value; "" when there is none.
std::string MultipartBoundary(std::string_view content_type);

// At most `limit` parts.
std::vector<Part> ParseMultipart(std::string_view body, std::string_view boundary,
                                 size_t limit = 1000);

}  // namespace silverback::http

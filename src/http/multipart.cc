#include "http/multipart.h"

#include "http/header.h"
#include "util/string_util.h"

namespace silverback::http {
namespace {

constexpr auto kNone = std::string_view::npos;

void ReadPartHeader(std::string_view line, Part& part) {
  const size_t colon = line.find(':');
  if (colon == kNone) return;
  const std::string_view name = Trim(line.substr(0, colon));
  const std::string_view value = Trim(line.substr(colon + 1));
  if (EqualsIgnoreCase(name, "Content-Disposition")) {
    part.name = HeaderParameter(value, "name");
    part.file_name = HeaderParameter(value, "filename");
  } else if (EqualsIgnoreCase(name, "Content-Type")) {
    part.content_type = std::string(value);
  }
}

// `text`: headers, an empty line, data. False when the empty line is missing.
bool ReadPart(std::string_view text, Part& part) {
  while (true) {
    const size_t end = text.find("\r\n");
    if (end == kNone) return false;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty()) break;
    ReadPartHeader(line, part);
  }
  part.data = std::string(text);
  return true;
}

}  // namespace

std::string MultipartBoundary(std::string_view content_type) {
  return HeaderParameter(content_type, "boundary");
}

std::vector<Part> ParseMultipart(std::string_view body, std::string_view boundary, size_t limit) {
  std::vector<Part> parts;
  if (boundary.empty()) return parts;
  const std::string delimiter = "--" + std::string(boundary);
  const std::string inner = "\r\n" + delimiter;
  size_t at = body.substr(0, delimiter.size()) == delimiter ? delimiter.size() : kNone;
  if (at == kNone) {
    at = body.find(inner);
    if (at != kNone) at += inner.size();
  }
  while (at != kNone && parts.size() < limit) {
    if (body.substr(at, 2) == "--") break;
    const size_t line_end = body.find("\r\n", at);
    if (line_end == kNone) break;
    // An empty part's data ends where its header's empty line ends, hence the search from that line
    // on.
    const size_t end = body.find(inner, line_end);
    if (end == kNone) break;
    Part part;
    const size_t start = line_end + 2;
    if (start <= end + 2 &&
        ReadPart(body.substr(start, end + 2 > start ? end + 2 - start : 0), part)) {
      if (part.data.size() >= 2) part.data.resize(part.data.size() - 2);
      parts.push_back(std::move(part));
    }
    at = end + inner.size();
  }
  return parts;
}

}  // namespace silverback::http

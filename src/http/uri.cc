#include "http/uri.h"

#include "util/string_util.h"

namespace silverback::http {
namespace {

// An absolute-form target carries the authority first; what follows it is the path.
std::string_view WithoutAuthority(std::string_view target) {
  if (target.empty() || target.front() == '/') return target;
  const size_t scheme = target.find("://");
  const size_t stop = target.find_first_of("/?");
  if (scheme == std::string_view::npos || scheme > stop) return target;
  const size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

Target SplitTarget(std::string_view target) {
  target = WithoutAuthority(target);
  if (const size_t fragment = target.find('#'); fragment != std::string_view::npos) {
    target = target.substr(0, fragment);
  }
  const size_t mark = target.find('?');
  Target result{target.substr(0, mark), {}};
  if (mark != std::string_view::npos) result.query = target.substr(mark + 1);
  if (result.path.empty()) result.path = "/";
  return result;
}

std::vector<std::string_view> PathSegments(std::string_view path) {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (path.empty()) return {};
  return Split(path, '/');
}

}  // namespace silverback::http

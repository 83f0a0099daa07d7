#include "router/upstream_path.h"

#include "router/normalize.h"

namespace silverback::router {
namespace {

// A rest that begins with a dot segment must not climb out of the service's path.
std::string_view WithoutDotSegment(std::string_view rest) {
  if (rest == "." || rest == "..") return "";
  if (rest.starts_with("./")) return rest.substr(2);
  if (rest.starts_with("../")) return rest.substr(3);
  return rest;
}

struct Joined {
  std::string_view head, middle, tail;
};

// path_handling v1: the texts are put side by side, one of two slashes dropped.
Joined JoinV1(std::string_view base, std::string_view rest, const PathParts& parts) {
  if (!parts.strip)
    return {base, "", parts.request_path.substr(parts.request_path.empty() ? 0 : 1)};
  if (base.ends_with('/') && rest.starts_with('/')) base.remove_suffix(1);
  return {base, "", rest};
}

// path_handling v0: exactly one slash between the two; the request decides about one at the end.
Joined JoinV0(std::string_view base, std::string_view rest, const PathParts& parts) {
  const std::string_view path = parts.request_path;
  const bool base_ends = base.ends_with('/');
  if (!parts.strip) {
    if (base_ends) return {base, "", path.substr(path.empty() ? 0 : 1)};
    return {base, "", path == "/" ? "" : path};
  }
  if (rest.empty()) {
    const bool slash = base == "/" || (path.size() > 1 && path.ends_with('/')) ||
                       (base_ends && path.ends_with('/'));
    if (base_ends) base.remove_suffix(1);
    return {base, slash ? "/" : "", ""};
  }
  if (base_ends && rest.starts_with('/')) base.remove_suffix(1);
  const bool missing = !base_ends && !rest.starts_with('/');
  return {base, missing ? "/" : "", rest};
}

}  // namespace

std::string UpstreamPath(const PathParts& parts) {
  const std::string_view base = parts.service_path.empty() ? "/" : parts.service_path;
  std::string_view rest;
  if (parts.rest) {
    rest = WithoutDotSegment(*parts.rest);
  } else if (!parts.request_path.empty()) {
    rest = parts.request_path.substr(1);
  }
  const Joined joined = parts.v1 ? JoinV1(base, rest, parts) : JoinV0(base, rest, parts);
  std::string out;
  out.reserve(joined.head.size() + joined.tail.size() + 8);
  AppendEscapedPath(joined.head, out);
  AppendEscapedPath(joined.middle, out);
  AppendEscapedPath(joined.tail, out);
  return out;
}

}  // namespace silverback::router

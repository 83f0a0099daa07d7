// Path normalisation as Kong 2.8 does it before it matches: RFC 3986 with the addition that
// characters which are neither reserved nor unreserved are decoded for matching and encoded again
// on the way out. Pure functions; any thread; nothing fails.
#pragma once

#include <string>
#include <string_view>

namespace silverback::router {

// The request path (without query) as routes are matched against it: escapes of anything but
// reserved characters decoded, the others in upper case, "." and ".." segments removed, slashes
// merged.
std::string NormalizePath(std::string_view path);

// True when NormalizePath would return `path` unchanged, so that the copy can be saved.
bool IsNormalizedPath(std::string_view path);

// A path as it may stand in a request line: what is neither reserved nor unreserved is escaped.
std::string EscapePath(std::string_view path);
// The same, appended to `out`.
void AppendEscapedPath(std::string_view path, std::string& out);

// A regular expression of a route, whose literal characters may have been written percent-encoded,
// in the form that matches normalised paths.
std::string NormalizeRegex(std::string_view regex);

// Whether a route's path is a regular expression: it holds a character outside
// [A-Za-z0-9._~/%-].
bool IsRegexPath(std::string_view path);

}  // namespace silverback::router

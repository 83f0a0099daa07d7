#include "plugins/cors/origin.h"

#include "plugins/pattern/pattern.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

std::string_view HostOf(std::string_view origin) {
  const size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos) origin.remove_prefix(scheme + 3);
  return origin.substr(0, origin.find(':'));
}

}  // namespace

struct OriginMatcher::Entry {
  std::string plain;  // normalised; "" for a pattern
  // Null for a pattern that does not compile: it matches nothing.
  std::unique_ptr<const Pattern> pattern;
  bool by_host = false;  // the pattern speaks of the host alone

  bool Matches(const std::string& origin) const {
    if (!plain.empty()) return plain == origin;
    return pattern && pattern->FoundAtStart(by_host ? HostOf(origin) : std::string_view(origin));
  }
};

OriginMatcher::OriginMatcher() = default;
OriginMatcher::OriginMatcher(OriginMatcher&&) noexcept = default;
OriginMatcher::~OriginMatcher() = default;

bool IsPlainOrigin(std::string_view text) {
  for (const char c : text) {
    const bool known = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == ':' || c == '/' || c == '-';
    if (!known) return false;
  }
  return !text.empty();
}

// Only a port that the scheme implies, and what is no part of an origin, are left out.
std::string NormalizeOrigin(std::string_view origin) {
  const size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return std::string(origin);
  const std::string_view scheme = origin.substr(0, scheme_end);
  std::string_view rest = origin.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('/'));
  if (const size_t at = rest.find('@'); at != rest.npos) rest.remove_prefix(at + 1);
  const std::string_view own_port = scheme == "http" ? ":80" : scheme == "https" ? ":443" : "";
  if (!own_port.empty() && rest.ends_with(own_port)) rest.remove_suffix(own_port.size());
  return std::string(scheme).append("://").append(rest);
}

Result<OriginMatcher> OriginMatcher::Create(const std::vector<std::string>& origins) {
  OriginMatcher matcher;
  for (std::string text : origins) {
    Entry entry;
    if (IsPlainOrigin(text)) {
      entry.plain = NormalizeOrigin(text);
    } else {
      entry.by_host = text.find(':') == std::string::npos;
      if (!text.ends_with('$')) text += '$';
      entry.pattern = Pattern::Compile(text);
    }
    matcher.entries_.push_back(std::move(entry));
  }
  return matcher;
}

bool OriginMatcher::Matches(const std::string& origin) const {
  for (const Entry& entry : entries_) {
    if (entry.Matches(origin)) return true;
  }
  return false;
}

}  // namespace silverback::plugins

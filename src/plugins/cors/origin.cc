#include "plugins/cors/origin.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Pattern = std::unique_ptr<pcre2_code, FreeCode>;

std::string_view HostOf(std::string_view origin) {
  const size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos) origin.remove_prefix(scheme + 3);
  return origin.substr(0, origin.find(':'));
}

}  // namespace

struct OriginMatcher::Entry {
  std::string plain;     // normalised; "" for a pattern
  Pattern pattern;       // null for a pattern that does not compile: it matches nothing
  bool by_host = false;  // the pattern speaks of the host alone

  bool Matches(const std::string& origin) const {
    if (!plain.empty()) return plain == origin;
    if (!pattern) return false;
    const std::string_view subject = by_host ? HostOf(origin) : std::string_view(origin);
    const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> data(
        pcre2_match_data_create_from_pattern(pattern.get(), nullptr), pcre2_match_data_free);
    return pcre2_match(pattern.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(),
                       0, PCRE2_ANCHORED, data.get(), nullptr) >= 0;
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

std::string NormalizeOrigin(std::string_view origin) {
  const size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return std::string(origin);
  const std::string scheme = ToLower(origin.substr(0, scheme_end));
  std::string_view rest = origin.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('/'));
  std::string out = scheme + "://" + ToLower(rest);
  const std::string_view own_port = scheme == "http" ? ":80" : scheme == "https" ? ":443" : "";
  if (!own_port.empty() && out.ends_with(own_port)) out.resize(out.size() - own_port.size());
  return out;
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
      int code = 0;
      PCRE2_SIZE offset = 0;
      entry.pattern.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                        &code, &offset, nullptr));
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

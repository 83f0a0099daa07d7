#include "router/normalize.h"

#include <array>

namespace silverback::router {
namespace {

using CharSet = std::array<bool, 256>;

constexpr CharSet MakeSet(std::string_view chars, bool alphanumeric) {
  CharSet set{};
  for (const char c : chars) set[static_cast<unsigned char>(c)] = true;
  for (int c = 0; alphanumeric && c < 256; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) set[c] = true;
  }
  return set;
}

constexpr CharSet kReserved = MakeSet("!*'();:@&=+$,/?%#[]", false);
constexpr CharSet kSentAsIs = MakeSet("!#$&'()*+,/:;=?@[]-_.~%", true);
constexpr CharSet kPlainPath = MakeSet("._~/%-", true);
// Of the decoded characters only these mean something in a regular expression; the others that do
// are reserved and stay encoded.
constexpr CharSet kRegexMeta = MakeSet(".^-{}\\|", false);

bool Has(const CharSet& set, char c) { return set[static_cast<unsigned char>(c)]; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Appends what stands at text[i]; returns how many characters it took.
size_t DecodeOne(std::string_view text, size_t i, bool regex, std::string& out) {
  const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
  const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
  if (low < 0) {
    out.push_back(text[i]);
    return 1;
  }
  const char decoded = static_cast<char>(high * 16 + low);
  if (Has(kReserved, decoded)) {
    out.push_back('%');
    out.push_back(Upper(text[i + 1]));
    out.push_back(Upper(text[i + 2]));
  } else {
    if (regex && Has(kRegexMeta, decoded)) out.push_back('\\');
    out.push_back(decoded);
  }
  return 3;
}

std::string Decode(std::string_view text, bool regex) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) i += DecodeOne(text, i, regex, out);
  return out;
}

void DropLastSegment(std::string& out) {
  const size_t slash = out.rfind('/');
  out.resize(slash == std::string::npos ? 0 : slash);
}

// RFC 3986, 5.2.4, with runs of slashes taken as one.
std::string RemoveDots(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    if (path == "/.") {
      path = "/";
    } else if (path == "/..") {
      path = "/";
      DropLastSegment(out);
    } else if (path == "." || path == "..") {
      path = "";
    } else if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path.starts_with("/../")) {
      path.remove_prefix(3);
      DropLastSegment(out);
    } else if (path.starts_with("//")) {
      path.remove_prefix(1);
    } else {
      const size_t end = std::min(path.find('/', 1), path.size());
      out.append(path.substr(0, end));
      path.remove_prefix(end);
    }
  }
  return out;
}

bool HasDotSegmentOrDoubleSlash(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '/' && !(i == 0 && path[i] == '.')) continue;
    const std::string_view rest = path.substr(path[i] == '/' ? i + 1 : i);
    if (rest.starts_with('/') || rest == "." || rest == ".." || rest.starts_with("./") ||
        rest.starts_with("../")) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string NormalizePath(std::string_view path) {
  std::string decoded =
      path.find('%') == std::string_view::npos ? std::string(path) : Decode(path, false);
  if (!HasDotSegmentOrDoubleSlash(decoded)) return decoded;
  return RemoveDots(decoded);
}

bool IsNormalizedPath(std::string_view path) {
  return path.find('%') == std::string_view::npos && !HasDotSegmentOrDoubleSlash(path);
}

void AppendEscapedPath(std::string_view path, std::string& out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : path) {
    if (Has(kSentAsIs, c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
}

std::string EscapePath(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  AppendEscapedPath(path, out);
  return out;
}

std::string NormalizeRegex(std::string_view regex) { return Decode(regex, true); }

bool IsRegexPath(std::string_view path) {
  for (const char c : path) {
    if (!Has(kPlainPath, c)) return true;
  }
  return false;
}

}  // namespace silverback::router

#include "store/postgres/copy_row.h"

namespace silverback::store::postgres {
namespace {

// The character that a backslash and this one stand for; 0: none. (The server never writes octal or
// hexadecimal numbers.)
char Unescape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    default:
      return 0;
  }
}

}  // namespace

bool CopyRow::Parse(std::string_view line) {
  cells_.clear();
  unescaped_.clear();
  unescaped_.reserve(line.size());  // so that views of it stay good
  for (size_t start = 0; start <= line.size();) {
    const size_t tab = std::min(line.find('\t', start), line.size());
    const std::string_view cell = line.substr(start, tab - start);
    start = tab + 1;
    if (cell == "\\N") {
      cells_.emplace_back();
      continue;
    }
    if (cell.find('\\') == std::string_view::npos) {
      cells_.emplace_back(cell);
      continue;
    }
    const size_t begin = unescaped_.size();
    for (size_t i = 0; i < cell.size(); ++i) {
      const char c = cell[i] == '\\' && i + 1 < cell.size() ? Unescape(cell[++i]) : cell[i];
      if (c == 0) return false;
      unescaped_ += c;
    }
    cells_.emplace_back(std::string_view(unescaped_).substr(begin));
  }
  return true;
}

}  // namespace silverback::store::postgres

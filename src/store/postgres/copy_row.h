// CopyRow: the cells of one line of COPY's text format. Private to store/postgres.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::store::postgres {

class CopyRow {
 public:
  // `line` without its line end. False: it has an unknown form. The cells are good until the next
  // call, and as long as `line` is.
  bool Parse(std::string_view line);

  size_t size() const { return cells_.size(); }
  std::optional<std::string_view> operator[](size_t i) const { return cells_[i]; }  // none: NULL

 private:
  std::vector<std::optional<std::string_view>> cells_;
  std::string unescaped_;
};

}  // namespace silverback::store::postgres

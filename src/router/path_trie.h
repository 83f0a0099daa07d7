// Radix trie over strings: finds every stored string that a text begins with, in one walk whose
// cost depends on the text only. Immutable after Build; any thread may walk.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "util/large_array.h"

namespace silverback::router {

class PathTrie {
 public:
  // (string, id) pairs, no string twice; ids are > 0.
  void Build(std::vector<std::pair<std::string_view, uint32_t>> strings);

  // Calls found(id) for the stored prefixes of `text`, the shortest first.
  template <class F>
  void Walk(std::string_view text, F&& found) const {
    if (memory_.empty()) return;
    const char* at = memory_.data();
    while (true) {
      Head node;
      std::memcpy(&node, at, sizeof node);
      const char* label = at + sizeof node;
      if (text.substr(0, node.label_size) != std::string_view(label, node.label_size)) return;
      text.remove_prefix(node.label_size);
      if (node.id != 0) found(node.id);
      if (text.empty()) return;
      const std::string_view first(label + node.label_size, node.child_count);
      const size_t child = first.find(text.front());
      if (child == std::string_view::npos) return;
      uint32_t offset;
      std::memcpy(&offset, first.data() + first.size() + child * sizeof offset, sizeof offset);
      at = memory_.data() + offset;
    }
  }

  size_t memory_bytes() const { return memory_.capacity(); }

 private:
  // A node is one piece of memory, so that a step of a walk touches one or two cache lines: this,
  // its label, the first character of each child's label, and where each child begins.
  struct Head {
    uint32_t id = 0;  // 0: no string ends here
    uint32_t label_size = 0;
    uint32_t child_count = 0;
  };
  // The strings that a node is made of, and where its parent wants its place to be written.
  struct Range {
    uint32_t begin, end, depth, place;
  };

  void Fill(const std::vector<std::pair<std::string_view, uint32_t>>& strings, const Range& range,
            std::vector<Range>& todo);

  LargeArray<char> memory_;
};

}  // namespace silverback::router

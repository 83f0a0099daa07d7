// Radix trie over strings: finds every stored string that a text begins with, in one walk whose
// cost depends on the text only. Immutable after Build; any thread may walk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace silverback::router {

class PathTrie {
 public:
  // (string, id) pairs, no string twice; ids are > 0.
  void Build(std::vector<std::pair<std::string_view, uint32_t>> strings);

  // Calls found(id) for the stored prefixes of `text`, the shortest first.
  template <class F>
  void Walk(std::string_view text, F&& found) const {
    if (nodes_.empty()) return;
    uint32_t at = 0;
    while (true) {
      const Node& node = nodes_[at];
      if (text.substr(0, node.label_size) != Label(node)) return;
      text.remove_prefix(node.label_size);
      if (node.id != 0) found(node.id);
      if (text.empty()) return;
      const size_t child =
          std::string_view(first_.data() + node.children, node.child_count).find(text.front());
      if (child == std::string_view::npos) return;
      at = node.children + static_cast<uint32_t>(child);
    }
  }

  size_t memory_bytes() const {
    return nodes_.capacity() * sizeof(Node) + first_.capacity() + labels_.capacity();
  }

 private:
  struct Node {
    uint32_t label = 0, label_size = 0;  // in labels_
    uint32_t children = 0;               // index of the first child; they lie side by side
    uint32_t child_count = 0;
    uint32_t id = 0;  // 0: no string ends here
  };
  struct Range {
    uint32_t node, begin, end, depth;
  };

  std::string_view Label(const Node& node) const {
    return std::string_view(labels_).substr(node.label, node.label_size);
  }
  void Fill(const std::vector<std::pair<std::string_view, uint32_t>>& strings, const Range& range,
            std::vector<Range>& todo);

  std::vector<Node> nodes_;
  std::vector<char> first_;  // first character of each node's label, for the search among children
  std::string labels_;
};

}  // namespace silverback::router

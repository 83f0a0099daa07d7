#include "router/path_trie.h"

#include <algorithm>

namespace silverback::router {
namespace {

size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

}  // namespace

void PathTrie::Build(std::vector<std::pair<std::string_view, uint32_t>> strings) {
  nodes_.clear();
  first_.clear();
  labels_.clear();
  if (strings.empty()) return;
  std::sort(strings.begin(), strings.end());
  nodes_.emplace_back();
  first_.push_back(0);
  std::vector<Range> todo = {{0, 0, static_cast<uint32_t>(strings.size()), 0}};
  while (!todo.empty()) {
    const Range range = todo.back();
    todo.pop_back();
    Fill(strings, range, todo);
  }
  nodes_.shrink_to_fit();
  first_.shrink_to_fit();
  labels_.shrink_to_fit();
}

// Makes the node of the strings in `range`, which agree in their first `depth` characters, and
// leaves its children to do. The root's label stays empty, so that one comparison rule serves all.
void PathTrie::Fill(const std::vector<std::pair<std::string_view, uint32_t>>& strings,
                    const Range& range, std::vector<Range>& todo) {
  const std::string_view first = strings[range.begin].first;
  const size_t common = range.node == 0 ? 0 : CommonPrefix(first, strings[range.end - 1].first);
  Node node;
  node.label = static_cast<uint32_t>(labels_.size());
  node.label_size = static_cast<uint32_t>(common - range.depth);
  labels_.append(first.substr(range.depth, node.label_size));
  uint32_t at = range.begin;
  if (first.size() == common) node.id = strings[at++].second;
  node.children = static_cast<uint32_t>(nodes_.size());
  while (at < range.end) {
    const char c = strings[at].first[common];
    uint32_t end = at + 1;
    while (end < range.end && strings[end].first[common] == c) ++end;
    todo.push_back({static_cast<uint32_t>(nodes_.size()), at, end, static_cast<uint32_t>(common)});
    nodes_.emplace_back();
    first_.push_back(c);
    ++node.child_count;
    at = end;
  }
  nodes_[range.node] = node;
}

}  // namespace silverback::router

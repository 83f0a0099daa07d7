#include "router/path_trie.h"

#include <algorithm>
#include <string>

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
  memory_.clear();
  if (strings.empty()) return;
  std::sort(strings.begin(), strings.end());
  std::vector<Range> todo = {{0, static_cast<uint32_t>(strings.size()), 0, 0}};
  while (!todo.empty()) {
    const Range range = todo.back();
    todo.pop_back();
    Fill(strings, range, todo);
  }
  memory_.shrink_to_fit();
}

// Makes the node of the strings in `range`, which agree in their first `depth` characters, and
// leaves its children to do. The root's label stays empty, so that one comparison rule serves all.
void PathTrie::Fill(const std::vector<std::pair<std::string_view, uint32_t>>& strings,
                    const Range& range, std::vector<Range>& todo) {
  const std::string_view first = strings[range.begin].first;
  const bool root = memory_.empty();
  const size_t common = root ? 0 : CommonPrefix(first, strings[range.end - 1].first);
  const auto start = static_cast<uint32_t>(memory_.size());
  if (!root) std::memcpy(memory_.data() + range.place, &start, sizeof start);
  Head node;
  node.label_size = static_cast<uint32_t>(common - range.depth);
  uint32_t at = range.begin;
  if (first.size() == common) node.id = strings[at++].second;
  std::string initials;
  const size_t child = todo.size();
  while (at < range.end) {
    const char c = strings[at].first[common];
    uint32_t end = at + 1;
    while (end < range.end && strings[end].first[common] == c) ++end;
    todo.push_back({at, end, static_cast<uint32_t>(common), 0});
    initials += c;
    at = end;
  }
  node.child_count = static_cast<uint32_t>(initials.size());
  const auto* bytes = reinterpret_cast<const char*>(&node);
  memory_.insert(memory_.end(), bytes, bytes + sizeof node);
  memory_.insert(memory_.end(), first.data() + range.depth, first.data() + common);
  memory_.insert(memory_.end(), initials.begin(), initials.end());
  const auto places = static_cast<uint32_t>(memory_.size());
  memory_.resize(memory_.size() + node.child_count * sizeof start);
  for (uint32_t i = 0; i < node.child_count; ++i)
    todo[child + i].place = places + i * static_cast<uint32_t>(sizeof start);
}

}  // namespace silverback::router

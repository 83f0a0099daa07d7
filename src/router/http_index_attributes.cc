#include <algorithm>
#include <limits>

#include "router/http_index_internal.h"
#include "router/http_index_search.h"
#include "util/string_util.h"

namespace silverback::router {
namespace {

// Asks for all of an object's cache lines at once. On a cold cache a search waits for one line
// after the other otherwise.
template <class T>
void Prefetch(const T& object) {
  constexpr size_t kLine = 64;
  const auto* bytes = reinterpret_cast<const char*>(&object);
  for (size_t i = 0; i < sizeof object; i += kLine) __builtin_prefetch(bytes + i);
}

}  // namespace

HttpIndex::Search::Search(const HttpIndex& index, const Request& request, Scratch& scratch)
    : index_(index), request_(request), scratch_(scratch) {
  Prefetch(index);
  Prefetch(scratch);
  index.hosts_.Prefetch(request.host);
  index.methods_.Prefetch(request.method);
  index.prefixes_.Prefetch();
  __builtin_prefetch(index.categories_.data());
  __builtin_prefetch(scratch.hosts.data());
  __builtin_prefetch(scratch.paths.data());
  __builtin_prefetch(scratch.lists.data());
  __builtin_prefetch(scratch.merged.data());
}

// Calls prefix(text) and suffix(text) for the texts by which wildcards that match could be found.
template <class Prefix, class Suffix>
void HttpIndex::Search::EachWildcardText(Prefix&& prefix, Suffix&& suffix) const {
  const std::string_view whole = scratch_.host_with_port, base = StripDigits(whole);
  for (size_t i = 0; i < whole.size(); ++i) {
    if (whole[i] != '.') continue;
    prefix(whole.substr(0, i + 1));
    // The star stands for something.
    if (i == 0) continue;
    suffix(whole.substr(i));
    if (i < base.size()) suffix(base.substr(i));
  }
}

void HttpIndex::Search::AddWildcards() {
  Atom first = std::numeric_limits<Atom>::max();
  const auto add = [&](Atom wildcard) {
    const Atom key = WildcardKey(wildcard);
    auto& hosts = scratch_.hosts;
    if (std::find(hosts.begin(), hosts.end(), key) != hosts.end()) return;
    hosts.push_back(key);
    first = std::min(first, key);
  };
  const AtomTable &prefixes = index_.wildcard_prefixes_, &suffixes = index_.wildcard_suffixes_;
  EachWildcardText([&](std::string_view text) { prefixes.Prefetch(text); },
                   [&](std::string_view text) { suffixes.Prefetch(text); });
  EachWildcardText(
      [&](std::string_view text) {
        const Atom prefix = prefixes.Find(text);
        if (prefix == kNoAtom) return;
        for (const Atom wildcard : index_.postings_.Find({kWildcardsByPrefix, prefix})) {
          if (index_.patterns_[wildcard - 1].Matches(scratch_.host_with_port)) add(wildcard);
        }
      },
      [&](std::string_view text) {
        const Atom suffix = suffixes.Find(text);
        if (suffix != kNoAtom) add(index_.by_suffix_[suffix - 1]);
      });
  if (first != std::numeric_limits<Atom>::max() && !plain_host_known_) first_wildcard_ = first;
}

void HttpIndex::Search::FindHosts() {
  scratch_.hosts.clear();
  if (index_.hosts_.empty() && index_.wildcards_.empty()) return;
  const std::string_view host = request_.host;
  const std::string_view bare = SplitPort(host).without_port;
  const Atom literal = index_.hosts_.Find(host);
  const Atom without_port = bare == host ? literal : index_.hosts_.Find(bare);
  literal_host_ = PlainHostKey(literal);
  if (literal != kNoAtom) scratch_.hosts.push_back(literal_host_);
  if (without_port != kNoAtom && without_port != literal) {
    scratch_.hosts.push_back(PlainHostKey(without_port));
  }
  plain_host_known_ = literal != kNoAtom || without_port != kNoAtom;
  if (host.empty() || (index_.wildcards_.empty() && plain_host_known_)) return;
  WithPort(host, request_.scheme == "https" ? 443 : 80, scratch_.host_with_port);
  plain_host_known_ = index_.hosts_.Find(scratch_.host_with_port) != kNoAtom || plain_host_known_;
  if (!index_.wildcards_.empty()) AddWildcards();
}

void HttpIndex::Search::FindPaths() {
  scratch_.paths.clear();
  index_.prefixes_.Walk(request_.path, [&](uint32_t id) {
    const Scratch::PathHit hit{id / 4, id % 4};
    scratch_.paths.push_back(hit);
    if (hit.kinds & kIsPrefix) longest_path_ = hit.path;
    if (hit.kinds & kBeginsRegex) regexes_begin_here_ = true;
  });
}

void HttpIndex::Search::FindHeaders() {
  scratch_.header_count = 0;
  scratch_.header_keys.clear();
  if (index_.header_names_.empty() || !request_.header_values) return;
  scratch_.header_keys.push_back(kNoAtom);
  for (Atom name = 1; name <= index_.header_names_.size(); ++name) {
    scratch_.values.clear();
    request_.header_values(index_.header_names_.Name(name), scratch_.values);
    if (scratch_.values.empty()) continue;
    if (scratch_.headers.size() == scratch_.header_count) scratch_.headers.emplace_back();
    Scratch::Header& header = scratch_.headers[scratch_.header_count++];
    header.name = name;
    header.values.clear();
    for (const std::string_view value : scratch_.values) {
      header.values.push_back(ToLower(value));
      MakeHeaderKey(index_.header_names_.Name(name), header.values.back(), scratch_.key);
      const Atom key = index_.header_values_.Find(scratch_.key);
      auto& keys = scratch_.header_keys;
      if (key != kNoAtom && std::find(keys.begin(), keys.end(), key) == keys.end()) {
        keys.push_back(key);
      }
    }
  }
}

}  // namespace silverback::router

// One request's search in an HttpIndex: first what the request has (http_index_attributes.cc), then
// the rules that ask for it, category by category (http_index.cc). No one else includes this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/http_index.h"

namespace silverback::router {

// Memory that a thread's searches share.
struct HttpIndex::Scratch {
  struct PathHit {
    Atom path;
    uint32_t kinds;
  };
  struct Cursor {
    const uint32_t* at;
    const uint32_t* end;
    Atom host, path;
    bool regex;
  };
  struct Header {
    Atom name;
    std::vector<std::string> values;  // lower case
    size_t count = 0;
  };
  std::string host_with_port, key;
  std::vector<Atom> hosts, header_keys;  // as in posting keys
  std::vector<PathHit> paths;            // the shortest first
  std::vector<Cursor> lists, merged;
  std::vector<std::string_view> values;
  std::vector<Header> headers;  // that the request has, of those that routes name
  size_t header_count = 0;
  std::vector<std::pair<uint32_t, bool>> regex_results;
};

class HttpIndex::Search {
 public:
  Search(const HttpIndex& index, const Request& request, Scratch& scratch);

  const Rule* Run();
  PathRegex::Found MatchRegex(const Rule& rule) const {
    return index_.regexes_[rule.regex - 1]->Match(request_.path);
  }

 private:
  enum class Preference { kNone, kHost, kPath, kRegex, kHeader };

  void FindHosts();
  template <class Prefix, class Suffix>
  void EachWildcardText(Prefix&& prefix, Suffix&& suffix) const;
  void AddWildcards();
  void FindPaths();
  void FindHeaders();
  bool RegexMatches(uint32_t regex);
  uint32_t FirstRegex();
  size_t StartCategory();

  bool CanMatch(Category bits) const;
  template <class F>
  void EachList(size_t category, F&& use) const;
  void Gather(size_t category);
  Preference Preferred(size_t category, Atom* value);
  const Rule* Best(Preference preference, Atom value);
  bool InPreferred(const Scratch::Cursor& list, const Rule& rule, Preference preference,
                   Atom value) const;
  bool Matches(const Rule& rule);
  uint32_t CountOf(size_t category, ListKind kind, Atom atom) const;

  // Beyond so many patterns that do not concern a request's candidates, Kong's preference for the
  // first pattern that matches is not worth their evaluation.
  static constexpr size_t kMaxProbes = 64;

  const HttpIndex& index_;
  const Request& request_;
  Scratch& scratch_;
  bool plain_host_known_ = false;  // some route has the request's host without a wildcard
  Atom literal_host_ = kNoAtom;    // key of the Host header as it is
  Atom first_wildcard_ = kNoAtom;  // key of the wildcard that precedes all that match
  uint32_t method_bit_ = 0;
  Atom method_ = kNoAtom, sni_ = kNoAtom;
  bool plain_http_ = false;
  Atom longest_path_ = kNoAtom;
  bool regexes_begin_here_ = false;
  std::optional<uint32_t> first_regex_;
};

}  // namespace silverback::router

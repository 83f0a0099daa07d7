#include "router/http_index.h"

#include <algorithm>
#include <limits>

#include "router/http_index_internal.h"
#include "router/http_index_search.h"
#include "router/upstream_path.h"

namespace silverback::router {

bool HttpIndex::Search::RegexMatches(uint32_t regex) {
  for (const auto& [known, result] : scratch_.regex_results) {
    if (known == regex) return result;
  }
  const bool result = index_.regexes_[regex - 1]->Matches(request_.path);
  scratch_.regex_results.emplace_back(regex, result);
  return result;
}

// The pattern that comes first of all that match, whatever the routes that have it ask for besides.
uint32_t HttpIndex::Search::FirstRegex() {
  if (first_regex_) return *first_regex_;
  first_regex_ = 0;
  if (!regexes_begin_here_) return 0;
  auto& lists = scratch_.merged;
  lists.clear();
  for (const Scratch::PathHit& hit : scratch_.paths) {
    if (!(hit.kinds & kBeginsRegex)) continue;
    const auto list = index_.postings_.Find({kRegexesByPrefix, 0, hit.path});
    lists.push_back({list.data(), list.data() + list.size(), 0, 0, true});
  }
  for (size_t probes = 0; probes < kMaxProbes; ++probes) {
    Scratch::Cursor* next = nullptr;
    for (auto& list : lists) {
      if (list.at != list.end && (!next || *list.at < *next->at)) next = &list;
    }
    if (!next) return 0;
    const uint32_t regex = *next->at++;
    if (RegexMatches(regex)) return *(first_regex_ = regex);
  }
  return 0;
}

// Kong begins with the category of exactly those attributes for which some route has the request's
// value. Only rules with server names, which plain HTTP does not have, can stand before it.
size_t HttpIndex::Search::StartCategory() {
  if (!plain_http_ || !index_.has_sni_rules_) return 0;
  Category bits = 0;
  if (plain_host_known_ || first_wildcard_ != kNoAtom) bits |= kByHost;
  if (scratch_.header_count > 0) bits |= kByHeader;
  if (longest_path_ != kNoAtom || FirstRegex() != 0) bits |= kByPath;
  if (method_ != kNoAtom) bits |= kByMethod;
  if (bits == 0) return index_.categories_.size();
  for (size_t i = 0; i < index_.categories_.size(); ++i) {
    if (index_.categories_[i].bits == bits) return i;
  }
  return 0;
}

bool HttpIndex::Search::CanMatch(Category bits) const {
  if ((bits & kByHost) && scratch_.hosts.empty()) return false;
  if ((bits & kByHeader) && scratch_.header_count == 0) return false;
  if ((bits & kByPath) && scratch_.paths.empty()) return false;
  if ((bits & kByMethod) && method_ == kNoAtom) return false;
  return !(bits & kBySni) || plain_http_ || sni_ != kNoAtom;
}

// Calls use(key of a list, whether its rules have patterns) for the lists of a category that could
// concern the request.
template <class F>
void HttpIndex::Search::EachList(size_t category, F&& use) const {
  static const std::vector<Atom> kNone = {kNoAtom};
  static const std::vector<Scratch::PathHit> kNoPath = {{kNoAtom, kIsPrefix}};
  const Category bits = index_.categories_[category].bits;
  const Atom sni = (bits & kBySni) && !plain_http_ ? sni_ : kNoAtom;
  for (const Atom host : bits& kByHost ? scratch_.hosts : kNone) {
    for (const Atom header : bits& kByHeader ? scratch_.header_keys : kNone) {
      for (const auto& [path, kinds] : bits& kByPath ? scratch_.paths : kNoPath) {
        if (kinds & kIsPrefix) {
          use(PostingKey{List(category, kPrefixRules), host, path, header, sni}, false);
        }
        if (kinds & kBeginsRegex) {
          use(PostingKey{List(category, kRegexRules), host, path, header, sni}, true);
        }
      }
    }
  }
}

void HttpIndex::Search::Gather(size_t category) {
  scratch_.lists.clear();
  if (scratch_.paths.size() > 1) {
    EachList(category, [&](const PostingKey& key, bool) { index_.postings_.Prefetch(key); });
  }
  EachList(category, [&](const PostingKey& key, bool regex) {
    const auto list = index_.postings_.Find(key);
    if (list.empty()) return;
    scratch_.lists.push_back({list.data(), list.data() + list.size(), key.host, key.path, regex});
  });
}

uint32_t HttpIndex::Search::CountOf(size_t category, ListKind kind, Atom atom) const {
  return atom == kNoAtom ? 0 : index_.tally_.Of(List(category, kind), atom);
}

// The attribute whose sharers Kong looks at first: the first routed header that the request has,
// or else the one that the fewest rules of the category share.
HttpIndex::Search::Preference HttpIndex::Search::Preferred(size_t category, Atom* value) {
  const Category bits = index_.categories_[category].bits;
  if (bits & kByHeader) {
    *value = scratch_.headers[0].name;
    if (CountOf(category, kHeaderCount, *value) > 0) return Preference::kHeader;
  }
  Preference best = Preference::kNone;
  uint32_t least = std::numeric_limits<uint32_t>::max();
  const auto consider = [&](Preference preference, ListKind kind, Atom atom) {
    const uint32_t count = CountOf(category, kind, atom);
    if (count == 0 || count >= least) return;
    least = count;
    best = preference;
    *value = atom;
  };
  if (bits & kByHost) {
    consider(Preference::kHost, kHostCount,
             first_wildcard_ != kNoAtom ? first_wildcard_ : literal_host_);
  }
  if (bits & kByPath) {
    if (const uint32_t regex = FirstRegex()) {
      consider(Preference::kRegex, kRegexCount, regex);
    } else {
      consider(Preference::kPath, kPathCount, longest_path_);
    }
  }
  // All candidates share method and server name with the request.
  if (bits & kByMethod) consider(Preference::kNone, kMethodCount, method_);
  if (bits & kBySni) consider(Preference::kNone, kSniCount, sni_);
  return best;
}

bool HttpIndex::Search::InPreferred(const Scratch::Cursor& list, const Rule& rule,
                                    Preference preference, Atom value) const {
  switch (preference) {
    case Preference::kNone:
      return true;
    case Preference::kHost:
      return list.host == value;
    case Preference::kPath:
      return !list.regex && list.path == value;
    case Preference::kRegex:
      return rule.regex == value;
    case Preference::kHeader:
      break;
  }
  const std::string_view name = index_.header_names_.Name(value);
  return std::any_of(rule.headers->begin(), rule.headers->end(),
                     [&](const HeaderRule& header) { return header.name == name; });
}

bool HttpIndex::Search::Matches(const Rule& rule) {
  if (rule.methods != 0) {
    if (!(rule.methods & method_bit_)) return false;
    const auto& methods = rule.route->methods;
    if (method_bit_ == kOtherMethod &&
        std::find(methods.begin(), methods.end(), request_.method) == methods.end()) {
      return false;
    }
  }
  if (rule.headers) {
    for (const HeaderRule& wanted : *rule.headers) {
      const auto begin = scratch_.headers.begin();
      const auto end = begin + static_cast<std::ptrdiff_t>(scratch_.header_count);
      const auto found = std::find_if(begin, end, [&](const Scratch::Header& header) {
        return index_.header_names_.Name(header.name) == wanted.name;
      });
      if (found == end || !wanted.Matches(found->values)) return false;
    }
  }
  return rule.regex == 0 || RegexMatches(rule.regex);
}

// The first rule of the gathered lists that matches.
const HttpIndex::Rule* HttpIndex::Search::Best(Preference preference, Atom value) {
  auto& lists = scratch_.merged;
  lists = scratch_.lists;
  while (true) {
    Scratch::Cursor* next = nullptr;
    for (auto& list : lists) {
      if (list.at != list.end && (!next || *list.at < *next->at)) next = &list;
    }
    if (!next) return nullptr;
    const Rule& rule = index_.rules_[*next->at++];
    if (InPreferred(*next, rule, preference, value) && Matches(rule)) return &rule;
  }
}

const HttpIndex::Rule* HttpIndex::Search::Run() {
  scratch_.regex_results.clear();
  plain_http_ = request_.scheme == "http";
  FindPaths();
  FindHosts();
  FindHeaders();
  method_ = index_.methods_.Find(request_.method);
  method_bit_ = index_.MethodBit(request_.method);
  if (!request_.sni.empty()) sni_ = index_.snis_.Find(request_.sni);
  for (size_t i = StartCategory(); i < index_.categories_.size(); ++i) {
    if (!CanMatch(index_.categories_[i].bits)) continue;
    Gather(i);
    const auto& lists = scratch_.lists;
    if (lists.empty()) continue;
    const bool only_one = lists.size() == 1 && lists[0].end - lists[0].at == 1;
    Atom value = kNoAtom;
    const Preference preference = only_one ? Preference::kNone : Preferred(i, &value);
    if (preference != Preference::kNone) {
      if (const Rule* rule = Best(preference, value)) return rule;
    }
    if (const Rule* rule = Best(Preference::kNone, kNoAtom)) return rule;
  }
  return nullptr;
}

const entity::Route* HttpIndex::FindRoute(const Request& request) const {
  thread_local Scratch scratch;
  const Rule* rule = Search(*this, request, scratch).Run();
  return rule ? rule->route : nullptr;
}

std::optional<Match> HttpIndex::Find(const Request& request) const {
  thread_local Scratch scratch;
  Search search(*this, request, scratch);
  const Rule* rule = search.Run();
  if (!rule) return std::nullopt;

  Match match;
  match.route = rule->route;
  PathParts parts;
  parts.request_path = request.path;
  parts.strip = rule->strip_path;
  parts.v1 = rule->path_handling_v1;
  if (rule->has_service_path) parts.service_path = rule->route->service->path;
  size_t matched = std::string_view::npos;
  if (rule->regex != 0) {
    PathRegex::Found found = search.MatchRegex(*rule);
    match.captures = std::move(found.captures);
    matched = found.rest;
  } else if (rule->has_prefix) {
    matched = rule->prefix_size;
  }
  if (matched != std::string_view::npos) {
    parts.rest = request.path.substr(matched);
    match.matched_prefix = request.path.substr(0, matched);
    match.stripped = rule->strip_path;
  }
  match.upstream_path = UpstreamPath(parts);
  if (rule->preserve_host) match.upstream_host = request.host;
  return match;
}

}  // namespace silverback::router

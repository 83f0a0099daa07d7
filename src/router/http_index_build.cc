#include <algorithm>
#include <numeric>

#include "router/http_index.h"
#include "router/http_index_internal.h"
#include "router/normalize.h"
#include "util/string_util.h"

namespace silverback::router {

// One rule on its way into the index.
struct Draft {
  RuleOrder order;
  uint32_t route = 0;
  std::string_view path;  // as configured; "" without paths
};

class HttpIndex::Builder {
 public:
  explicit Builder(HttpIndex& index) : index_(index) {}

  void Prepare(const std::vector<const entity::Route*>& routes, std::vector<std::string>* skipped);
  void MakeRules();
  void FillPrefixes();
  void FillPostings();
  void Finish();

 private:
  // Numbers of the attributes of a route, in ranges of one array.
  struct RouteAtoms {
    std::vector<Atom> hosts, headers, snis, methods, header_names;
    uint32_t method_bits = 0;
    bool known = false;
  };

  // A rule with what only the building needs of it.
  struct Built {
    Rule rule;
    Category category = 0;
    uint32_t route = 0;   // in routes_
    Atom path = kNoAtom;  // the prefix, or what the pattern literally begins with
  };

  bool CompileRegexes(const entity::Route& route, std::string* error);
  void Add(const Draft& draft);
  void AddPath(std::string_view path, Built& built);
  const RouteAtoms& AtomsOf(uint32_t route);
  Atom InternHost(const std::string& host);
  void InternHeaders(const std::vector<HeaderRule>& rules, RouteAtoms& atoms);
  template <class F>
  void EachRule(F&& use);
  template <class F>
  void EachKey(size_t category, const Built& built, F&& use);
  template <class F>
  void EachRegex(F&& use);
  void CountShared(size_t category, const Built& built);

  HttpIndex& index_;
  std::vector<RouteRules> routes_;
  std::vector<Draft> drafts_;
  std::vector<RouteAtoms> atoms_;                           // by route
  std::vector<Built> rules_;                                // in the order of index_.rules_
  std::vector<std::pair<Atom, Atom>> wildcards_by_prefix_;  // number of the prefix, wildcard
  AtomTable paths_;
  std::map<std::string, std::unique_ptr<PathRegex>, std::less<>> compiled_;
  std::vector<uint8_t> path_kinds_;  // by path atom
};

bool HttpIndex::Builder::CompileRegexes(const entity::Route& route, std::string* error) {
  for (const std::string& path : route.paths) {
    if (!IsRegexPath(path)) continue;
    const std::string pattern = NormalizeRegex(path);
    auto& regex = compiled_[pattern];
    if (!regex) regex = PathRegex::ForPath(pattern);
    if (!regex) {
      *error = "invalid regular expression in path: " + path;
      return false;
    }
  }
  return true;
}

void HttpIndex::Builder::Prepare(const std::vector<const entity::Route*>& routes,
                                 std::vector<std::string>* skipped) {
  routes_.reserve(routes.size());
  drafts_.reserve(routes.size());
  for (const entity::Route* route : routes) {
    PreparedRoute prepared = PrepareRoute(*route);
    if (prepared.error.empty()) CompileRegexes(*route, &prepared.error);
    if (!prepared.error.empty()) {
      if (skipped) skipped->push_back("route " + route->id + ": " + prepared.error);
      continue;
    }
    const auto number = static_cast<uint32_t>(routes_.size());
    if (route->paths.empty()) drafts_.push_back({OrderOf(prepared.rules, ""), number, ""});
    for (const std::string& path : route->paths) {
      drafts_.push_back({OrderOf(prepared.rules, path), number, path});
    }
    routes_.push_back(std::move(prepared.rules));
  }
  atoms_.resize(routes_.size());
}

Atom HttpIndex::Builder::InternHost(const std::string& host) {
  if (host.find('*') == std::string::npos) return PlainHostKey(index_.hosts_.Intern(host));
  const size_t known = index_.wildcards_.size();
  const Atom atom = index_.wildcards_.Intern(host);
  if (index_.wildcards_.size() == known) return WildcardKey(atom);
  const HostPattern pattern = HostPattern::Parse(index_.wildcards_.Name(atom));
  index_.patterns_.push_back(pattern);
  if (pattern.prefix.empty()) {
    index_.wildcard_suffixes_.Intern(pattern.suffix);  // numbered like by_suffix_
    index_.by_suffix_.push_back(atom);
  } else {
    wildcards_by_prefix_.emplace_back(index_.wildcard_prefixes_.Intern(pattern.prefix), atom);
  }
  return WildcardKey(atom);
}

// A rule is found by the values of one of its headers; the others are looked at when it is found.
void HttpIndex::Builder::InternHeaders(const std::vector<HeaderRule>& rules, RouteAtoms& atoms) {
  const HeaderRule* finder = nullptr;
  for (const HeaderRule& rule : rules) {
    atoms.header_names.push_back(index_.header_names_.Intern(rule.name));
    if (!finder && !rule.pattern) finder = &rule;
  }
  if (!finder) {
    atoms.headers.push_back(kNoAtom);
    return;
  }
  std::string key;
  for (const std::string& value : finder->values) {
    MakeHeaderKey(finder->name, value, key);
    atoms.headers.push_back(index_.header_values_.Intern(key));
  }
}

const HttpIndex::Builder::RouteAtoms& HttpIndex::Builder::AtomsOf(uint32_t number) {
  RouteAtoms& atoms = atoms_[number];
  if (atoms.known) return atoms;
  atoms.known = true;
  const RouteRules& rules = routes_[number];
  for (const std::string& host : rules.route->hosts) atoms.hosts.push_back(InternHost(host));
  if (rules.headers) InternHeaders(*rules.headers, atoms);
  for (const std::string& sni : rules.route->snis) {
    atoms.snis.push_back(index_.snis_.Intern(TrimSni(sni)));
  }
  for (const std::string& method : rules.route->methods) {
    atoms.methods.push_back(index_.methods_.Intern(method));
    atoms.method_bits |= index_.MethodBit(method);
  }
  // The same value twice must not make a rule stand twice in a list.
  for (auto* list : {&atoms.hosts, &atoms.headers, &atoms.snis, &atoms.methods}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return atoms;
}

HttpIndex::Rule HttpIndex::Rule::Of(const RouteRules& rules) {
  const entity::Route& route = *rules.route;
  Rule rule;
  rule.route = &route;
  rule.headers = rules.headers.get();
  rule.has_service_path = route.service && !route.service->path.empty();
  rule.strip_path = route.strip_path;
  rule.path_handling_v1 = route.path_handling_v1;
  rule.preserve_host = route.preserve_host;
  return rule;
}

void HttpIndex::Builder::AddPath(std::string_view path, Built& built) {
  uint8_t kind = kIsPrefix;
  if (IsRegexPath(path)) {
    const std::string pattern = NormalizeRegex(path);
    built.rule.regex = index_.regex_names_.Intern(pattern);
    if (built.rule.regex > index_.regexes_.size()) {
      index_.regexes_.push_back(std::move(compiled_.find(pattern)->second));
    }
    built.path = paths_.Intern(PathRegex::LiteralPrefix(pattern));
    kind = kBeginsRegex;
  } else {
    const std::string prefix = NormalizePath(path);
    built.path = paths_.Intern(prefix);
    built.rule.prefix_size = static_cast<uint32_t>(prefix.size());
    built.rule.has_prefix = true;
  }
  if (built.path > path_kinds_.size()) path_kinds_.push_back(0);
  path_kinds_[built.path - 1] |= kind;
}

void HttpIndex::Builder::Add(const Draft& draft) {
  const RouteRules& route = routes_[draft.route];
  Built built{Rule::Of(route), route.category, draft.route, kNoAtom};
  built.rule.methods = AtomsOf(draft.route).method_bits;
  if (route.category & kByPath) AddPath(draft.path, built);
  rules_.push_back(built);
}

void HttpIndex::Builder::MakeRules() {
  std::stable_sort(drafts_.begin(), drafts_.end(),
                   [](const Draft& a, const Draft& b) { return a.order < b.order; });
  // Dictionaries are filled in the order of precedence over all categories: the numbers of
  // wildcards, patterns and header names say which of them Kong would meet first.
  rules_.reserve(drafts_.size());
  for (const Draft& draft : drafts_) Add(draft);
  drafts_.clear();
  std::stable_sort(rules_.begin(), rules_.end(), [](const Built& a, const Built& b) {
    return TriedBefore(a.category, b.category);
  });
  index_.rules_.reserve(rules_.size());
  for (const Built& built : rules_) {
    index_.rules_.push_back(built.rule);
    if (index_.categories_.empty() || index_.categories_.back().bits != built.category) {
      index_.categories_.push_back({built.category});
    }
  }
}

void HttpIndex::Builder::FillPrefixes() {
  std::vector<std::pair<std::string_view, uint32_t>> strings;
  strings.reserve(paths_.size());
  for (Atom atom = 1; atom <= paths_.size(); ++atom) {
    strings.emplace_back(paths_.Name(atom), atom * 4 + path_kinds_[atom - 1]);
  }
  index_.prefixes_.Build(strings);
}

// Calls use(category, rule, number of the rule).
template <class F>
void HttpIndex::Builder::EachRule(F&& use) {
  size_t category = 0;
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].category != index_.categories_[category].bits) ++category;
    use(category, rules_[i], i);
  }
}

template <class F>
void HttpIndex::Builder::EachKey(size_t category, const Built& built, F&& use) {
  static const std::vector<Atom> kNone = {kNoAtom};
  const RouteAtoms& atoms = atoms_[built.route];
  const uint32_t list = List(category, built.rule.regex != 0 ? kRegexRules : kPrefixRules);
  const auto& headers = built.category & kByHeader ? atoms.headers : kNone;
  for (const Atom host : atoms.hosts.empty() ? kNone : atoms.hosts) {
    for (const Atom header : headers) {
      use(PostingKey{list, host, built.path, header, kNoAtom});
      for (const Atom sni : atoms.snis) use(PostingKey{list, host, built.path, header, sni});
    }
  }
}

// Calls use(key, number of the pattern) for each pattern, in their order.
template <class F>
void HttpIndex::Builder::EachRegex(F&& use) {
  std::vector<std::pair<uint32_t, Atom>> patterns;  // number and literal beginning
  for (const Built& built : rules_) {
    if (built.rule.regex != 0) patterns.emplace_back(built.rule.regex, built.path);
  }
  std::sort(patterns.begin(), patterns.end());
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  for (const auto& [regex, path] : patterns) use(PostingKey{kRegexesByPrefix, 0, path}, regex);
}

void HttpIndex::Builder::CountShared(size_t category, const Built& built) {
  const RouteAtoms& atoms = atoms_[built.route];
  Tally& tally = index_.tally_;
  for (const Atom host : atoms.hosts) tally.Count(List(category, kHostCount), host);
  if (built.rule.regex != 0) tally.Count(List(category, kRegexCount), built.rule.regex);
  if (built.rule.has_prefix) tally.Count(List(category, kPathCount), built.path);
  for (const Atom method : atoms.methods) tally.Count(List(category, kMethodCount), method);
  for (const Atom sni : atoms.snis) tally.Count(List(category, kSniCount), sni);
  for (const Atom name : atoms.header_names) tally.Count(List(category, kHeaderCount), name);
}

void HttpIndex::Builder::FillPostings() {
  Postings& postings = index_.postings_;
  EachRule([&](size_t category, const Built& built, uint32_t) {
    EachKey(category, built, [&](const PostingKey& key) { postings.Count(key); });
    CountShared(category, built);
  });
  EachRegex([&](const PostingKey& key, uint32_t) { postings.Count(key); });
  for (const auto& [prefix, wildcard] : wildcards_by_prefix_)
    postings.Count({kWildcardsByPrefix, prefix});
  postings.Seal();
  EachRule([&](size_t category, const Built& built, uint32_t number) {
    EachKey(category, built, [&](const PostingKey& key) { postings.Add(key, number); });
  });
  EachRegex([&](const PostingKey& key, uint32_t regex) { postings.Add(key, regex); });
  for (const auto& [prefix, wildcard] : wildcards_by_prefix_)
    postings.Add({kWildcardsByPrefix, prefix}, wildcard);
}

// What the rules point to stays with the index.
void HttpIndex::Builder::Finish() {
  for (RouteRules& route : routes_) {
    if (route.headers) index_.headers_.push_back(std::move(route.headers));
  }
  index_.has_sni_rules_ = !index_.snis_.empty();
}

uint32_t HttpIndex::MethodBit(std::string_view method) const {
  const Atom atom = methods_.Find(method);
  if (atom == kNoAtom) return 0;
  return atom <= 31 ? 1u << (atom - 1) : kOtherMethod;
}

void HttpIndex::Build(const std::vector<const entity::Route*>& routes,
                      std::vector<std::string>* skipped) {
  Builder builder(*this);
  builder.Prepare(routes, skipped);
  builder.MakeRules();
  builder.FillPrefixes();
  builder.FillPostings();
  builder.Finish();
}

size_t HttpIndex::memory_bytes() const {
  size_t bytes = rules_.capacity() * sizeof(Rule) + categories_.capacity() * sizeof(CategoryInfo) +
                 by_suffix_.capacity() * sizeof(Atom) + prefixes_.memory_bytes() +
                 patterns_.capacity() * sizeof(HostPattern) + postings_.memory_bytes() +
                 tally_.memory_bytes();
  for (const AtomTable* table :
       {&hosts_, &wildcards_, &wildcard_suffixes_, &wildcard_prefixes_, &regex_names_, &methods_,
        &snis_, &header_names_, &header_values_}) {
    bytes += table->memory_bytes();
  }
  for (const auto& regex : regexes_) bytes += sizeof(void*) + regex->memory_bytes();
  for (const auto& headers : headers_) {
    for (const HeaderRule& rule : *headers) {
      bytes += sizeof rule + (rule.pattern ? rule.pattern->memory_bytes() : 0);
      for (const std::string& value : rule.values) bytes += sizeof value + value.capacity();
    }
  }
  return bytes;
}

}  // namespace silverback::router

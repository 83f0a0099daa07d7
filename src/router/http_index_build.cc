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
  void FillTrie();
  void FillPostings();

 private:
  // Numbers of the attributes of a route, in ranges of one array.
  struct RouteAtoms {
    std::vector<Atom> hosts, headers, snis, methods, header_names;
    uint32_t method_bits = 0;
    bool known = false;
  };

  bool CompileRegexes(const entity::Route& route, std::string* error);
  void Add(const Draft& draft, Category category);
  const RouteAtoms& AtomsOf(uint32_t route);
  Atom InternHost(const std::string& host);
  void InternHeaders(const std::vector<HeaderRule>& rules, RouteAtoms& atoms);
  template <class F>
  void EachKey(size_t category, uint32_t rule, F&& use);
  template <class F>
  void EachCount(size_t category, uint32_t rule, F&& use);

  HttpIndex& index_;
  std::vector<Draft> drafts_;
  std::vector<RouteAtoms> atoms_;
  std::vector<Category> rule_categories_;
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
  index_.routes_.reserve(routes.size());
  drafts_.reserve(routes.size());
  for (const entity::Route* route : routes) {
    PreparedRoute prepared = PrepareRoute(*route);
    if (prepared.error.empty()) CompileRegexes(*route, &prepared.error);
    if (!prepared.error.empty()) {
      if (skipped) skipped->push_back("route " + route->id + ": " + prepared.error);
      continue;
    }
    const auto number = static_cast<uint32_t>(index_.routes_.size());
    if (route->paths.empty()) drafts_.push_back({OrderOf(prepared.rules, ""), number, ""});
    for (const std::string& path : route->paths) {
      drafts_.push_back({OrderOf(prepared.rules, path), number, path});
    }
    index_.routes_.push_back(std::move(prepared.rules));
  }
  atoms_.resize(index_.routes_.size());
}

Atom HttpIndex::Builder::InternHost(const std::string& host) {
  if (host.find('*') == std::string::npos) return PlainHostKey(index_.hosts_.Intern(host));
  const size_t known = index_.wildcards_.size();
  const Atom atom = index_.wildcards_.Intern(host);
  if (index_.wildcards_.size() == known) return WildcardKey(atom);
  const HostPattern pattern = HostPattern::Parse(index_.wildcards_.Name(atom));
  index_.patterns_.push_back(pattern);
  const bool left = pattern.prefix.empty();
  AtomTable& table = left ? index_.wildcard_suffixes_ : index_.wildcard_prefixes_;
  auto& lists = left ? index_.by_suffix_ : index_.by_prefix_;
  const Atom place = table.Intern(left ? pattern.suffix : pattern.prefix);
  if (place > lists.size()) lists.emplace_back();
  lists[place - 1].push_back(atom);
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
  const RouteRules& rules = index_.routes_[number];
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

void HttpIndex::Builder::Add(const Draft& draft, Category category) {
  Rule rule;
  rule.route = draft.route;
  rule.methods = AtomsOf(draft.route).method_bits;
  if (category & kByPath) {
    uint8_t kind = kIsPrefix;
    if (IsRegexPath(draft.path)) {
      const std::string pattern = NormalizeRegex(draft.path);
      rule.regex = index_.regex_names_.Intern(pattern);
      if (rule.regex > index_.regexes_.size()) {
        index_.regexes_.push_back(std::move(compiled_.find(pattern)->second));
      }
      rule.path = index_.paths_.Intern(PathRegex::LiteralPrefix(pattern));
      kind = kBeginsRegex;
    } else {
      rule.path = index_.paths_.Intern(NormalizePath(draft.path));
    }
    if (rule.path > path_kinds_.size()) path_kinds_.push_back(0);
    path_kinds_[rule.path - 1] |= kind;
  }
  index_.rules_.push_back(rule);
  rule_categories_.push_back(category);
}

void HttpIndex::Builder::MakeRules() {
  std::stable_sort(drafts_.begin(), drafts_.end(),
                   [](const Draft& a, const Draft& b) { return a.order < b.order; });
  // Dictionaries are filled in the order of precedence over all categories: the numbers of
  // wildcards, patterns and header names say which of them Kong would meet first.
  for (const Draft& draft : drafts_) Add(draft, index_.routes_[draft.route].category);
  drafts_.clear();

  std::vector<uint32_t> order(index_.rules_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return TriedBefore(rule_categories_[a], rule_categories_[b]);
  });
  LargeArray<Rule> sorted;
  sorted.reserve(order.size());
  std::vector<Category> categories;
  for (const uint32_t i : order) {
    sorted.push_back(index_.rules_[i]);
    categories.push_back(rule_categories_[i]);
    if (index_.categories_.empty() || index_.categories_.back().bits != categories.back()) {
      index_.categories_.push_back({categories.back()});
    }
  }
  index_.rules_ = std::move(sorted);
  rule_categories_ = std::move(categories);
}

void HttpIndex::Builder::FillTrie() {
  std::vector<std::pair<std::string_view, uint32_t>> strings;
  strings.reserve(index_.paths_.size());
  for (Atom atom = 1; atom <= index_.paths_.size(); ++atom) {
    strings.emplace_back(index_.paths_.Name(atom), atom * 4 + path_kinds_[atom - 1]);
  }
  index_.trie_.Build(std::move(strings));
}

template <class F>
void HttpIndex::Builder::EachKey(size_t category, uint32_t number, F&& use) {
  static const std::vector<Atom> kNone = {kNoAtom};
  const Rule& rule = index_.rules_[number];
  const RouteAtoms& atoms = atoms_[rule.route];
  const uint32_t list = List(category, rule.regex != 0 ? kRegexRules : kPrefixRules);
  const auto& headers = rule_categories_[number] & kByHeader ? atoms.headers : kNone;
  for (const Atom host : atoms.hosts.empty() ? kNone : atoms.hosts) {
    for (const Atom header : headers) {
      use(PostingKey{list, host, rule.path, header, kNoAtom});
      for (const Atom sni : atoms.snis) use(PostingKey{list, host, rule.path, header, sni});
    }
  }
}

template <class F>
void HttpIndex::Builder::EachCount(size_t category, uint32_t number, F&& use) {
  const Rule& rule = index_.rules_[number];
  const RouteAtoms& atoms = atoms_[rule.route];
  for (const Atom host : atoms.hosts) use(PostingKey{List(category, kHostCount), host});
  if (rule.regex != 0) use(PostingKey{List(category, kRegexCount), rule.regex});
  if (rule.regex == 0 && rule.path != kNoAtom) {
    use(PostingKey{List(category, kPathCount), rule.path});
  }
  for (const Atom method : atoms.methods) use(PostingKey{List(category, kMethodCount), method});
  for (const Atom sni : atoms.snis) use(PostingKey{List(category, kSniCount), sni});
  for (const Atom name : atoms.header_names) use(PostingKey{List(category, kHeaderCount), name});
}

void HttpIndex::Builder::FillPostings() {
  const auto each_rule = [&](auto&& use) {
    size_t category = 0;
    for (uint32_t i = 0; i < index_.rules_.size(); ++i) {
      if (rule_categories_[i] != index_.categories_[category].bits) ++category;
      use(category, i);
    }
  };
  const auto each_regex = [&](auto&& use) {
    std::vector<std::pair<uint32_t, Atom>> patterns;  // number and literal beginning
    for (const Rule& rule : index_.rules_) {
      if (rule.regex != 0) patterns.emplace_back(rule.regex, rule.path);
    }
    std::sort(patterns.begin(), patterns.end());
    patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
    for (const auto& [regex, path] : patterns) use(PostingKey{kRegexesByPrefix, 0, path}, regex);
  };
  Postings& postings = index_.postings_;
  each_rule([&](size_t category, uint32_t rule) {
    EachKey(category, rule, [&](const PostingKey& key) { postings.Count(key); });
    EachCount(category, rule, [&](const PostingKey& key) { postings.Count(key); });
  });
  each_regex([&](const PostingKey& key, uint32_t) { postings.Count(key); });
  postings.Seal();
  each_rule([&](size_t category, uint32_t rule) {
    EachKey(category, rule, [&](const PostingKey& key) { postings.Add(key, rule); });
    EachCount(category, rule, [&](const PostingKey& key) { postings.Add(key, rule); });
  });
  each_regex([&](const PostingKey& key, uint32_t regex) { postings.Add(key, regex); });
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
  builder.FillTrie();
  builder.FillPostings();
  has_sni_rules_ = !snis_.empty();
}

size_t HttpIndex::memory_bytes() const {
  size_t bytes = routes_.capacity() * sizeof(RouteRules) + rules_.capacity() * sizeof(Rule) +
                 categories_.capacity() * sizeof(CategoryInfo) + trie_.memory_bytes() +
                 patterns_.capacity() * sizeof(HostPattern) + postings_.memory_bytes();
  for (const AtomTable* table :
       {&hosts_, &wildcards_, &wildcard_suffixes_, &wildcard_prefixes_, &paths_, &regex_names_,
        &methods_, &snis_, &header_names_, &header_values_}) {
    bytes += table->memory_bytes();
  }
  for (const auto& regex : regexes_) bytes += sizeof(void*) + regex->memory_bytes();
  for (const auto* lists : {&by_suffix_, &by_prefix_}) {
    for (const auto& list : *lists) bytes += sizeof list + list.capacity() * sizeof(Atom);
  }
  for (const RouteRules& route : routes_) {
    if (!route.headers) continue;
    for (const HeaderRule& rule : *route.headers) {
      bytes += sizeof rule + (rule.pattern ? rule.pattern->memory_bytes() : 0);
      for (const std::string& value : rule.values) bytes += sizeof value + value.capacity();
    }
  }
  return bytes;
}

}  // namespace silverback::router

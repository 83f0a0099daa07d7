// The index of HTTP routes. A request's host, path, header and server name become numbers by
// dictionaries (exact host, wildcard suffix or prefix, table of path prefixes), combinations of
// them give short lists of rules, and of these the first that matches wins: the number of routes
// does not matter.
//
// The order is Kong 2.8's, with what its own search adds to the documented precedence:
//  - within a category, rules that share the request's most selective attribute (its literal host,
//    its longest path, its first routed header) come before the others;
//  - over plain HTTP rules with server names match too, but only in categories after the one that
//    has exactly the attributes that some rules of the configuration and the request share.
//
// Immutable after Build; any thread may call Find. A thread keeps scratch memory, so that matching
// allocates nothing but the result.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/atoms.h"
#include "router/host.h"
#include "router/postings.h"
#include "router/prefix_table.h"
#include "router/route_rule.h"
#include "router/router.h"
#include "util/large_array.h"

namespace silverback::router {

class HttpIndex {
 public:
  // `routes` outlive the index. Routes that cannot be matched are named in `skipped`.
  void Build(const std::vector<const entity::Route*>& routes, std::vector<std::string>* skipped);

  std::optional<Match> Find(const Request& request) const;
  // The route that Find would give; for explanations.
  const entity::Route* FindRoute(const Request& request) const;

  size_t memory_bytes() const;

 private:
  // All that a match needs to know, in half a cache line: the route itself is left alone.
  struct Rule {
    const entity::Route* route = nullptr;
    const std::vector<HeaderRule>* headers = nullptr;  // null without
    uint32_t regex = 0;                                // number of its pattern, 0 without
    uint32_t methods = 0;                              // bits of methods_, see kOtherMethod
    uint32_t prefix_size = 0;                          // of a prefix path
    bool has_prefix = false, has_service_path = false;
    bool strip_path = false, path_handling_v1 = false, preserve_host = false;

    static Rule Of(const RouteRules& route);
  };
  struct CategoryInfo {
    Category bits;
  };
  struct Scratch;
  class Search;
  class Builder;

  // Kinds of posting lists and tallies; a list's number is (category position + 1) * 8 + kind.
  enum ListKind : uint32_t {
    kPrefixRules,
    kRegexRules,
    kHostCount,
    kPathCount,
    kRegexCount,
    kMethodCount,
    kSniCount,
    kHeaderCount
  };
  static uint32_t List(size_t category, ListKind kind) {
    return static_cast<uint32_t>((category + 1) * 8) + kind;
  }
  // Numbers of the other lists: patterns by their literal beginning, wildcards by their prefix.
  static constexpr uint32_t kRegexesByPrefix = 1, kWildcardsByPrefix = 2;
  static constexpr uint32_t kOtherMethod = 1u << 31;

  uint32_t MethodBit(std::string_view method) const;

  LargeArray<Rule> rules_;  // by category, then by precedence
  std::vector<std::unique_ptr<std::vector<HeaderRule>>> headers_;
  std::vector<CategoryInfo> categories_;  // in the order of trial
  AtomTable hosts_;                       // plain hosts of routes
  AtomTable wildcards_;                   // hosts with "*", in the order of precedence
  AtomTable wildcard_suffixes_, wildcard_prefixes_;
  LargeArray<Atom> by_suffix_;         // the wildcard that consists of "*" and the suffix
  std::vector<HostPattern> patterns_;  // by wildcard
  PrefixTable prefixes_;               // ids are path * 4 + kIsPrefix | kBeginsRegex
  AtomTable regex_names_;              // patterns, in the order of precedence
  std::vector<std::unique_ptr<PathRegex>> regexes_;
  AtomTable methods_, snis_;
  AtomTable header_names_;   // in the order of precedence
  AtomTable header_values_;  // "name\0value" by which header rules are found
  Postings postings_;
  Tally tally_;
  bool has_sni_rules_ = false;
};

}  // namespace silverback::router

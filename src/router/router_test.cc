#include "router/router.h"

#include <gtest/gtest.h>

#include "router/path_regex.h"
#include "router/test_support.h"

namespace silverback::router {
namespace {

// A configuration of routes (created in this order) and what requests find in it: "-" for none.
struct Table {
  const char* about;
  std::vector<Json> routes;
  std::vector<std::pair<TestRequest, std::string>> requests;
};

TestRequest Get(std::string path) { return {.path = std::move(path)}; }
TestRequest OnHost(std::string host, std::string path = "/") {
  return {.path = std::move(path), .host = std::move(host)};
}
TestRequest Tls(std::string sni, std::string path = "/", std::string host = "x.test") {
  return {
      .path = std::move(path), .host = std::move(host), .scheme = "https", .sni = std::move(sni)};
}
TestRequest With(std::vector<std::pair<std::string, std::string>> headers, std::string path = "/") {
  return {.path = std::move(path), .headers = std::move(headers)};
}
TestRequest Method(std::string method, std::string path = "/") {
  return {.method = std::move(method), .path = std::move(path)};
}

void Check(const Table& table) {
  Routes routes;
  int created = 0;
  for (Json row : table.routes) {
    if (!row.contains("created_at")) row["created_at"] = ++created;
    routes.push_back(MakeRoute(row));
  }
  std::vector<std::string> skipped;
  const auto router = Router::Build(routes, &skipped);
  EXPECT_TRUE(skipped.empty()) << table.about;
  for (const auto& [request, wanted] : table.requests) {
    const auto found = router->Find(request.View());
    EXPECT_EQ(found ? found->route->name : "-", wanted)
        << table.about << ": " << request.method << " " << request.scheme << "://" << request.host
        << request.path << " sni=" << request.sni;
  }
}

TEST(RouterTest, PlainHosts) {
  Check(
      {"plain hosts",
       {{{"name", "a"}, {"hosts", {"a.test"}}}, {{"name", "bc"}, {"hosts", {"b.test", "c.test"}}}},
       {{OnHost("a.test"), "a"},
        {OnHost("a.test", "/any"), "a"},
        {OnHost("b.test"), "bc"},
        {OnHost("c.test"), "bc"},
        {OnHost("a.test:80"), "a"},
        {OnHost("a.test:9999"), "a"},
        {OnHost("a.test:"), "a"},
        {OnHost("A.test"), "-"},
        {OnHost("a.test."), "-"},
        {OnHost("a.test:http"), "-"},
        {OnHost("aa.test"), "-"},
        {OnHost(""), "-"}}});
}

TEST(RouterTest, WildcardHosts) {
  Check({"wildcards",
         {{{"name", "left"}, {"hosts", {"*.left.test"}}},
          {{"name", "right"}, {"hosts", {"right.*"}}},
          {{"name", "plain"}, {"hosts", {"exact.left.test"}}},
          {{"name", "mixed"}, {"hosts", {"mix.test", "*.mix.test"}}}},
         {{OnHost("a.left.test"), "left"},
          {OnHost("a.b.left.test"), "left"},
          {OnHost("a.left.test:8000"), "left"},
          {OnHost("left.test"), "-"},
          {OnHost(".left.test"), "-"},
          {OnHost("exact.left.test"), "plain"},
          {OnHost("exact.left.test:8000"), "plain"},
          {OnHost("right.test"), "right"},
          {OnHost("right.co.uk"), "right"},
          {OnHost("right."), "right"},
          {OnHost("right"), "-"},
          {OnHost("wright.test"), "-"},
          {OnHost("mix.test"), "mixed"},
          {OnHost("www.mix.test"), "mixed"},
          {OnHost("a.left.testing"), "-"},
          {OnHost("a.LEFT.test"), "-"}}});
}

TEST(RouterTest, HostsWithPort) {
  Check({"ports",
         {{{"name", "p8000"}, {"hosts", {"port.test:8000"}}},
          {{"name", "p80"}, {"hosts", {"port.test:80"}}},
          {{"name", "noport"}, {"hosts", {"free.test"}}},
          {{"name", "free9000"}, {"hosts", {"free.test:9000"}}},
          {{"name", "wild9"}, {"hosts", {"*.wild.test:9000"}}},
          {{"name", "wild"}, {"hosts", {"*.wild.test"}}},
          {{"name", "wild80"}, {"hosts", {"*.w80.test:80"}}}},
         {{OnHost("port.test:8000"), "p8000"},
          {OnHost("port.test:80"), "p80"},
          {OnHost("port.test"), "-"},
          {OnHost("free.test:1234"), "noport"},
          {OnHost("free.test:9000"), "free9000"},
          {OnHost("a.wild.test:9000"), "wild9"},
          {OnHost("a.wild.test:80"), "wild"},
          {OnHost("a.wild.test"), "wild"},
          {OnHost("a.w80.test"), "wild80"},
          {OnHost("a.w80.test:81"), "-"}}});
}

TEST(RouterTest, PrefixPaths) {
  Check({"prefixes",
         {{{"name", "root"}, {"paths", {"/"}}},
          {{"name", "api"}, {"paths", {"/api"}}},
          {{"name", "v1"}, {"paths", {"/api/v1"}}},
          {{"name", "dir"}, {"paths", {"/dir/", "/st%20rip"}}}},
         {{Get("/"), "root"},
          {Get("/api"), "api"},
          {Get("/apis"), "api"},
          {Get("/api/v"), "api"},
          {Get("/api/v10"), "v1"},
          {Get("/dir"), "root"},
          {Get("/dir/x"), "dir"},
          {Get("/st rip/x"), "dir"},
          {Get("/API"), "root"}}});
}

TEST(RouterTest, RegexPaths) {
  Check({"patterns",
         {{{"name", "plain"}, {"paths", {"/user"}}},
          {{"name", "num"}, {"paths", {"/user/(\\d+)$"}}},
          {{"name", "any"}, {"paths", {"/user/\\w+$"}}, {"regex_priority", 5}},
          {{"name", "high"}, {"paths", {"/user/9\\d\\d$"}}, {"regex_priority", 10}},
          {{"name", "low"}, {"paths", {"/user/.*/posts"}}, {"regex_priority", -1}}},
         {{Get("/user"), "plain"},
          {Get("/user/12"), "any"},
          {Get("/user/912"), "high"},
          {Get("/user/12/posts"), "low"},
          {Get("/user/a-b"), "plain"},
          {Get("/x/user/12"), "-"}}});
}

TEST(RouterTest, MethodsAndCustomMethods) {
  std::vector<Json> routes = {{{"name", "get"}, {"methods", {"GET"}}},
                              {{"name", "write"}, {"methods", {"POST", "PUT"}}},
                              {{"name", "getpath"}, {"methods", {"GET"}}, {"paths", {"/p"}}},
                              {{"name", "path"}, {"paths", {"/p"}}}};
  for (char c = 'A'; c <= 'Z'; ++c) {  // more than fit into the bits
    for (const char* last : {"X", "Y"}) {
      const std::string method = std::string("M") + c + last;
      routes.push_back({{"name", method}, {"methods", {method}}});
    }
  }
  Check({"methods",
         routes,
         {{Method("GET"), "get"},
          {Method("PUT"), "write"},
          {Method("PATCH"), "-"},
          {Method("GET", "/p"), "getpath"},
          {Method("POST", "/p"), "path"},
          {Method("MAX"), "MAX"},
          {Method("MZY"), "MZY"},
          {Method("MZX"), "MZX"}}});
}

TEST(RouterTest, Headers) {
  Check({"headers",
         {{{"name", "v1"}, {"headers", {{"X-Version", {"one"}}}}},
          {{"name", "v23"}, {"headers", {{"X-Version", {"two", "three"}}}}},
          {{"name", "both"}, {"headers", {{"X-Version", {"one"}}, {"X-Kind", {"a", "b"}}}}},
          {{"name", "re"}, {"headers", {{"X-Agent", {"~*^(curl|wget)/\\d"}}}}},
          {{"name", "path"}, {"paths", {"/h"}}},
          {{"name", "hp"}, {"paths", {"/h"}}, {"headers", {{"X-Version", {"one"}}}}},
          {{"name", "never"}, {"headers", {{"X-Never", Json::array()}}}}},
         {{With({{"x-version", "ONE"}}), "v1"},
          {With({{"X-Version", "three"}}), "v23"},
          {With({{"X-Version", "four"}}), "-"},
          {With({{"X-Version", "one"}, {"X-Kind", "b"}}), "both"},
          {With({{"X-Version", "one"}, {"X-Kind", "c"}}), "v1"},
          {With({{"X-Version", "zero"}, {"X-Version", "two"}}), "v23"},
          {With({{"X-Version", "zero, two"}}), "-"},
          {With({{"X-Agent", "Wget/1.2"}}), "re"},
          {With({{"X-Agent", "my curl/7"}}), "-"},
          {With({{"X-Never", ""}}), "-"},
          {With({}, "/h"), "path"},
          {With({{"X-Version", "one"}}, "/h"), "hp"},
          {With({{"X-Version", "two"}}, "/h"), "v23"}}});
}

TEST(RouterTest, MoreAndMoreSignificantAttributesWin) {
  TestRequest all{.method = "POST", .path = "/p", .host = "p.test", .headers = {{"X-P", "1"}}};
  TestRequest deep = all;
  deep.path = "/p/q";
  TestRequest other = all;
  other.host = "q.test";
  Check({"precedence",
         {{{"name", "host"}, {"hosts", {"p.test"}}},
          {{"name", "header"}, {"headers", {{"X-P", {"1"}}}}},
          {{"name", "path"}, {"paths", {"/p"}}},
          {{"name", "method"}, {"methods", {"POST"}}}},
         {{all, "host"}, {other, "header"}}});
  Check({"precedence",
         {{{"name", "hm"}, {"hosts", {"p.test"}}, {"methods", {"POST"}}},
          {{"name", "hdp"}, {"headers", {{"X-P", {"1"}}}}, {"paths", {"/p"}}},
          {{"name", "pm"}, {"paths", {"/p"}}, {"methods", {"POST"}}},
          {{"name", "hpm"}, {"hosts", {"p.test"}}, {"paths", {"/p/q"}}, {"methods", {"POST"}}}},
         {{all, "hm"}, {deep, "hpm"}, {other, "hdp"}}});
}

TEST(RouterTest, TiesGoToTheOlder) {
  Check({"ties",
         {{{"name", "young"}, {"paths", {"/t"}}, {"created_at", 300}},
          {{"name", "old"}, {"paths", {"/t"}}, {"created_at", 100}},
          {{"name", "middle"}, {"paths", {"/t"}}, {"created_at", 200}}},
         {{Get("/t"), "old"}}});
}

TEST(RouterTest, RulesThatShareTheMostSelectiveAttributeComeFirst) {
  // The path is rarer than the host, so it decides before "plain hosts first" does.
  Check({"selective",
         {{{"name", "wild"}, {"hosts", {"*.test"}}, {"paths", {"/a/b"}}},
          {{"name", "plain"}, {"hosts", {"x.test"}}, {"paths", {"/a"}}},
          {{"name", "more"}, {"hosts", {"x.test"}}, {"paths", {"/c"}}}},
         {{OnHost("x.test", "/a/b"), "wild"}, {OnHost("x.test", "/a/c"), "plain"}}});
  Check({"host first when equal",
         {{{"name", "wild"}, {"hosts", {"*.test"}}, {"paths", {"/a/b"}}},
          {{"name", "plain"}, {"hosts", {"x.test"}}, {"paths", {"/a"}}}},
         {{OnHost("x.test", "/a/b"), "plain"}}});
}

TEST(RouterTest, ServerNames) {
  Check({"snis",
         {{{"name", "one"}, {"snis", {"one.test"}}},
          {{"name", "two"}, {"snis", {"two.test", "three.test"}}, {"paths", {"/p"}}},
          {{"name", "mixed"}, {"snis", {"four.test"}}, {"paths", {"/m"}}},
          {{"name", "path"}, {"paths", {"/p"}}},
          {{"name", "dot"}, {"snis", {"dot.test."}}}},
         {{Tls("one.test"), "one"},
          {Tls("three.test", "/p"), "two"},
          {Tls("one.test", "/p"), "path"},
          {Tls("zzz.test", "/p"), "path"},
          {Tls("", "/p"), "path"},
          {Tls("zzz.test"), "-"},
          {Tls("four.test", "/m"), "mixed"},
          {Tls("dot.test"), "dot"},
          {Tls("ONE.test"), "-"},
          // Over plain HTTP a server name is no obstacle, from the request's own category on.
          {Get("/m"), "one"},
          {Get("/p"), "path"},
          {Get("/q"), "-"}}});
}

TEST(RouterTest, UpstreamPathsOfBothHandlings) {
  struct Case {
    const char *service, *route, *request;
    bool strip;
    const char *v0, *v1;
  };
  const Case cases[] = {
      {"", "/", "/x", true, "/x", "/x"},
      {"", "/r", "/r", true, "/", "/"},
      {"", "/r", "/rx", true, "/x", "/x"},
      {"", "/r/", "/r/x", true, "/x", "/x"},
      {"/svc", "/", "/", true, "/svc", "/svc"},
      {"/svc", "/", "/x", true, "/svc/x", "/svcx"},
      {"/svc", "/r", "/r/", true, "/svc/", "/svc/"},
      {"/svc", "/r", "/rx", true, "/svc/x", "/svcx"},
      {"/svc/", "/r", "/r", true, "/svc", "/svc/"},
      {"/svc/", "/r", "/r/x", true, "/svc/x", "/svc/x"},
      {"/svc", "/r", "/r/x", false, "/svc/r/x", "/svcr/x"},
      {"/svc", "/", "/", false, "/svc", "/svc"},
      {"/svc/", "/r", "/r", false, "/svc/r", "/svc/r"},
      {"", "/strip", "/strip./x", true, "/x", "/x"},
      {"", "/strip", "/strip..x", true, "/..x", "/..x"},
      {"", "/\\d+/", "/5/a b", true, "/a%20b", "/a%20b"},
  };
  for (const Case& c : cases) {
    for (const bool v1 : {false, true}) {
      const auto router = Router::Build({MakeRoute({{"name", "r"},
                                                    {"paths", {c.route}},
                                                    {"strip_path", c.strip},
                                                    {"path_handling", v1 ? "v1" : "v0"}},
                                                   c.service)});
      const auto request = Get(c.request);
      const auto found = router->Find(request.View());
      ASSERT_TRUE(found) << c.request;
      EXPECT_EQ(found->upstream_path, v1 ? c.v1 : c.v0)
          << c.service << " + " << c.route << " + " << c.request << (c.strip ? " strip" : " keep");
    }
  }
}

TEST(RouterTest, ResultHoldsPrefixHostAndCaptures) {
  const auto router = Router::Build({MakeRoute(
      {{"name", "r"}, {"paths", {"/n/(?<id>[0-9]+)/([a-z]*)"}}, {"preserve_host", true}})});
  const auto request = OnHost("A.test:8000", "/n/55/abc/tail");
  const auto found = router->Find(request.View());
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->stripped);
  EXPECT_EQ(found->matched_prefix, "/n/55/abc");
  EXPECT_EQ(found->upstream_path, "/tail");
  EXPECT_EQ(found->upstream_host, "A.test:8000");
  const std::vector<std::pair<std::string, std::string>> captures = {
      {"id", "55"}, {"0", "/n/55/abc/tail"}, {"1", "55"}, {"2", "abc"}};
  EXPECT_EQ(found->captures, captures);
}

TEST(RouterTest, RouteWithoutPathStripsNothing) {
  const auto router = Router::Build({MakeRoute({{"name", "r"}, {"hosts", {"h.test"}}}, "/svc")});
  const auto request = OnHost("h.test", "/any/path");
  const auto found = router->Find(request.View());
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->stripped);
  EXPECT_EQ(found->matched_prefix, "");
  EXPECT_EQ(found->upstream_path, "/svc/any/path");
}

TEST(RouterTest, InvalidRoutesAreLeftOutAndNamed) {
  std::vector<std::string> skipped;
  const auto router = Router::Build(
      {MakeRoute({{"name", "bad"}, {"paths", {"/(a"}}}),
       MakeRoute({{"name", "sly"}, {"paths", {"/a)(b"}}}),
       MakeRoute({{"name", "header"}, {"headers", {{"X", {"~*("}}}}}),
       MakeRoute({{"name", "none"}}), MakeRoute({{"name", "good"}, {"paths", {"/"}}})},
      &skipped);
  EXPECT_EQ(skipped.size(), 4u);
  const auto request = Get("/a");
  ASSERT_TRUE(router->Find(request.View()));
  EXPECT_EQ(router->Find(request.View())->route->name, "good");
}

TEST(RouterTest, PatternsThatTakeTooLongDoNotMatch) {
  const auto router = Router::Build({MakeRoute({{"name", "slow"}, {"paths", {"/(a+)+$"}}})});
  const auto request = Get("/" + std::string(5000, 'a') + "b");
  EXPECT_FALSE(router->Find(request.View()));
}

TEST(RouterTest, Streams) {
  const auto make = [](const char* name, Json row, int created) {
    row["name"] = name;
    row["created_at"] = created;
    if (!row.contains("protocols")) row["protocols"] = {"tcp"};
    return MakeRoute(row);
  };
  const auto router = Router::Build({
      make("port", {{"destinations", {{{"port", 9000}}}}}, 1),
      make("net", {{"sources", {{{"ip", "10.0.0.0/8"}}}}}, 2),
      make("host", {{"sources", {{{"ip", "10.1.1.1"}}}}}, 3),
      make("both", {{"sources", {{{"ip", "10.0.0.0/8"}}}}, {"destinations", {{{"port", 9000}}}}},
           4),
      make("six", {{"sources", {{{"ip", "2001:db8::/32"}}}}}, 5),
      make("sni", {{"snis", {"s.test"}}, {"protocols", {"tls"}}}, 6),
      MakeRoute({{"name", "http"}, {"paths", {"/"}}}),
  });
  const auto find = [&](std::string_view src, int dst_port, std::string_view sni = "") {
    Request request;
    request.scheme = sni.empty() ? "tcp" : "tls";
    request.src_ip = src;
    request.dst_ip = "127.0.0.1";
    request.dst_port = dst_port;
    request.sni = sni;
    const auto found = router->Find(request);
    return found ? found->route->name : "-";
  };
  EXPECT_EQ(find("192.168.1.1", 9000), "port");
  EXPECT_EQ(find("10.2.0.1", 1), "net");
  EXPECT_EQ(find("10.1.1.1", 1), "host");
  EXPECT_EQ(find("10.1.1.1", 9000), "both");
  EXPECT_EQ(find("2001:db8::1", 1), "six");
  EXPECT_EQ(find("192.168.1.1", 1), "-");
  EXPECT_EQ(find("192.168.1.1", 1, "s.test"), "sni");
  EXPECT_EQ(find("192.168.1.1", 1, "t.test"), "-");
}

TEST(RouterTest, ExplainsEveryRoute) {
  const auto router = Router::Build({MakeRoute({{"name", "host"}, {"hosts", {"a.test"}}}),
                                     MakeRoute({{"name", "short"}, {"paths", {"/a"}}}),
                                     MakeRoute({{"name", "long"}, {"paths", {"/a/b"}}}),
                                     MakeRoute({{"name", "post"}, {"methods", {"POST"}}})});
  const auto request = Get("/a/b");
  std::map<std::string, std::string> verdicts;
  for (const Explanation& e : router->Explain(request.View())) verdicts[e.route->name] = e.verdict;
  const std::map<std::string, std::string> wanted = {{"long", "matched"},
                                                     {"host", "host does not match"},
                                                     {"short", "a shorter path than long"},
                                                     {"post", "method does not match"}};
  EXPECT_EQ(verdicts, wanted);
}

TEST(PathRegexTest, LiteralPrefixIsWhatEveryMatchBeginsWith) {
  EXPECT_EQ(PathRegex::LiteralPrefix("/user/\\d+"), "/user/");
  EXPECT_EQ(PathRegex::LiteralPrefix("^/a\\.b(c)"), "/a.b");
  EXPECT_EQ(PathRegex::LiteralPrefix("/ab?c"), "/a");
  EXPECT_EQ(PathRegex::LiteralPrefix("/ab{2}"), "/a");
  EXPECT_EQ(PathRegex::LiteralPrefix("/ab+c"), "/ab");
  EXPECT_EQ(PathRegex::LiteralPrefix("/a|/b"), "");
  EXPECT_EQ(PathRegex::LiteralPrefix("/a(x|y)"), "/a");
  EXPECT_EQ(PathRegex::LiteralPrefix("/a[|]b|/c"), "");
  EXPECT_EQ(PathRegex::LiteralPrefix("(?i)/a"), "");
  EXPECT_EQ(PathRegex::LiteralPrefix("/\\Qa"), "");
}

}  // namespace
}  // namespace silverback::router

#include "config/template.h"

#include <gtest/gtest.h>

namespace silverback::config {
namespace {

std::string Render(std::string_view text, const Json& environment = Json::object()) {
  auto out = RenderTemplate(text, environment);
  return out ? *out : out.error().message();
}

TEST(Template, RunsLuaLinesAndReplacesExpressions) {
  const Json env = {{"listeners", {{{"listen", "a:1"}}, {{"listen", "b:2"}}}}, {"on", true}};
  EXPECT_EQ(Render("> if on then\n> for i, l in ipairs(listeners) do\n  listen $(l.listen); # $(i "
                   "+ (1))\n> end\n> end\n",
                   env),
            "  listen a:1; # 2\n  listen b:2; # 3\n");
}

TEST(Template, ReplacesSettingsAndLeavesVariablesAlone) {
  EXPECT_EQ(Render("log ${{LOG_LEVEL}} $request_uri ${{UNSET}};\n", {{"log_level", "info"}}),
            "log info $request_uri ;\n");
}

TEST(Template, OfAListTheFirstCounts) {
  EXPECT_EQ(Render("a ${{LIST}} ${{NONE}} ${{OFF}};\n",
                   {{"list", {"x", "y"}}, {"none", Json::array()}, {"off", false}}),
            "a x  ;\n");
}

TEST(Template, ReadsTheEnvironment) {
  EXPECT_EQ(Render("$(os.getenv('PATH') ~= nil and 'set')$(os.getenv('NO_SUCH_VARIABLE'))\n"),
            "set\n");
}

TEST(Template, NilIsEmptyAndQuotesSurvive) {
  EXPECT_EQ(Render("a \"b\" \\ $(nothing)\n"), "a \"b\" \\ \n");
}

TEST(Template, ErrorsNameTheReason) {
  EXPECT_TRUE(Render("> if then\n").starts_with("failed to compile nginx config template: "));
  EXPECT_NE(Render("$(missing.member)\n").find("missing"), std::string::npos);
}

TEST(Template, CannotReachTheSystem) {
  EXPECT_NE(Render("$(io.open('/etc/passwd'))\n").find("nil value"), std::string::npos);
  EXPECT_NE(Render("$(os.execute('true'))\n").find("nil value"), std::string::npos);
  EXPECT_NE(Render("$(loadstring('return 1'))\n").find("nil value"), std::string::npos);
}

}  // namespace
}  // namespace silverback::config

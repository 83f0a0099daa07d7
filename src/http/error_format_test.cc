#include "http/error_format.h"

#include <gtest/gtest.h>

namespace silverback::http {
namespace {

TEST(ErrorFormat, OfOneType) {
  EXPECT_EQ(FormatOfType("text/html"), ErrorFormat::kHtml);
  EXPECT_EQ(FormatOfType(" text/html;charset=x"), ErrorFormat::kHtml);
  EXPECT_EQ(FormatOfType("text/html ; charset=x"), ErrorFormat::kJson);
  EXPECT_EQ(FormatOfType("TEXT/HTML"), ErrorFormat::kJson);
  EXPECT_EQ(FormatOfType("text/*"), ErrorFormat::kPlain);
  EXPECT_EQ(FormatOfType("text/plain"), ErrorFormat::kPlain);
  EXPECT_EQ(FormatOfType("application/xml"), ErrorFormat::kXml);
  for (const char* json : {"", "*/*", "application/*", "image/png", "json", "text/xml"})
    EXPECT_EQ(FormatOfType(json), ErrorFormat::kJson) << json;
}

TEST(ErrorFormat, OfOneTypeTakesNoListBeforeTheSemicolon) {
  EXPECT_EQ(FormatOfType("text/html,application/xml;q=0.9"), ErrorFormat::kJson);
  EXPECT_EQ(FormatOfType("application/xml;q=0.9,text/html"), ErrorFormat::kXml);
}

TEST(ErrorFormat, OfAListIsTheOneWithTheGreatestQuality) {
  EXPECT_EQ(FormatOfList("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ErrorFormat::kHtml);
  EXPECT_EQ(FormatOfList("text/html;q=0.5, application/xml"), ErrorFormat::kXml);
  EXPECT_EQ(FormatOfList("text/plain;q=0.7, application/json;q=0.8, text/html;q=0.5"),
            ErrorFormat::kJson);
  EXPECT_EQ(FormatOfList("image/png, text/html"), ErrorFormat::kJson);
  EXPECT_EQ(FormatOfList("text/plain; Q=.3, text/html ; q=.4"), ErrorFormat::kHtml);
}

TEST(ErrorFormat, OfAListKnowsQualitiesByTheirPoint) {
  EXPECT_EQ(FormatOfList("text/html;q=0, text/plain"), ErrorFormat::kHtml);
  EXPECT_EQ(FormatOfList("text/html;q=0.0, text/plain;q=0.1"), ErrorFormat::kPlain);
  EXPECT_EQ(FormatOfList("text/html;q=1., text/plain;q=1.5"), ErrorFormat::kPlain);
  EXPECT_EQ(FormatOfList("text/html;q=x.5"), ErrorFormat::kHtml);
}

TEST(ErrorFormat, OfAListIsJsonWhereNothingIsAType) {
  for (const char* none : {"", ",", ";", "html", "/", "text/", "text /html", "q=0.5"})
    EXPECT_EQ(FormatOfList(none), ErrorFormat::kJson) << none;
}

TEST(ErrorFormat, BodiesAndTheirTypes) {
  EXPECT_EQ(ContentTypeOf(ErrorFormat::kXml), "application/xml; charset=utf-8");
  EXPECT_EQ(RenderError(ErrorFormat::kJson, "no"), "{\n  \"message\":\"no\"\n}");
  EXPECT_EQ(RenderError(ErrorFormat::kPlain, "no"), "no\n");
  EXPECT_NE(RenderError(ErrorFormat::kHtml, "no").find("<p>no.</p>"), std::string::npos);
}

}  // namespace
}  // namespace silverback::http

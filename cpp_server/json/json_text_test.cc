#include "cpp_server/json/json_text.h"

#include <cmath>
#include <limits>

#include "cpp_server/json/json_document.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

template <typename T>
std::string Number(T value) {
  std::string json;
  AppendNumber(value, &json);
  return json;
}

TEST(JsonTextTest, NumbersHaveTheFewestDigitsAndAPoint) {
  EXPECT_EQ(Number(1.0f), "1.0");
  EXPECT_EQ(Number(0.1f), "0.1");
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(static_cast<double>(0.1f)), "0.10000000149011612");
  EXPECT_EQ(Number(-2.5f), "-2.5");
  EXPECT_EQ(Number(1e20f), "1e+20");
  EXPECT_EQ(Number(-0.0), "-0.0");
  EXPECT_EQ(Number(std::numeric_limits<float>::quiet_NaN()), "NaN");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(Number(-std::numeric_limits<float>::infinity()), "-Infinity");
}

TEST(JsonTextTest, ReadsBackTheSameNumber) {
  for (const double value : {1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.123456789, 2.2250738585072014e-308}) {
    rapidjson::Document document;
    ASSERT_TRUE(ParseJsonObject("{\"x\": " + Number(value) + "}", &document).ok());
    EXPECT_EQ(document["x"].GetDouble(), value);
  }
}

TEST(JsonTextTest, QuotesAndEscapes) {
  std::string json;
  AppendQuoted(absl::string_view("a\"\\\n\0\x1f\xc3\xa9", 8), &json);
  EXPECT_EQ(json, "\"a\\\"\\\\\\u000a\\u0000\\u001f\xc3\xa9\"");
}

TEST(JsonTextTest, KnowsUtf8) {
  for (const char* text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x82", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
                           "a\xe2\x82", "\xf0\x80\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(JsonDocumentTest, ReadsWhatTfServingReads) {
  rapidjson::Document document;
  ASSERT_TRUE(ParseJsonObject("{\"a\": NaN, \"b\": [Infinity, -Infinity]} rest", &document).ok());
  EXPECT_TRUE(std::isnan(document["a"].GetDouble()));
  EXPECT_LT(document["b"][1].GetDouble(), 0);
}

TEST(JsonDocumentTest, SaysWhatIsWrong) {
  rapidjson::Document document;
  EXPECT_EQ(ParseJsonObject(" ", &document).message(), "JSON Parse error: The document is empty");
  EXPECT_EQ(ParseJsonObject("{\"a\": }", &document).message(), "JSON Parse error: Invalid value. at offset: 6");
  EXPECT_EQ(ParseJsonObject("[]", &document).message(), "JSON Value: [] Is not object");
}

TEST(JsonDocumentTest, DepthIsNoDanger) {
  rapidjson::Document document;
  const std::string deep(1000000, '[');
  EXPECT_FALSE(ParseJsonObject("{\"a\": " + deep, &document).ok());
  const std::string closed = "{\"a\": " + deep + std::string(1000000, ']') + "}";
  EXPECT_TRUE(ParseJsonObject(closed, &document).ok());
}

TEST(JsonDocumentTest, DebugStringsAreCutBetweenCharacters) {
  rapidjson::Document document;
  std::string many;
  for (int i = 0; i < 200; ++i) many += "\xc3\xa9";
  ASSERT_TRUE(ParseJsonObject("{\"a\": \"x" + many + "\"}", &document).ok());
  const std::string text = JsonDebugString(document);
  EXPECT_LT(text.size(), 140u);
  EXPECT_TRUE(IsUtf8(text));
}

}  // namespace
}  // namespace trilho

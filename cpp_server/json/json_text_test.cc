#include "cpp_server/json/json_text.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/utf8/utf8.h"
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
    JsonDocument document;
    ASSERT_TRUE(ParseJsonObject("{\"x\": " + Number(value) + "}", &document).ok());
    EXPECT_EQ(document["x"].GetDouble(), value);
  }
}

TEST(JsonDocumentTest, ReadsTheNearestDouble) {
  const struct {
    const char* text;
    double value;
  } cases[] = {
      {"0e50", 0},
      {"0e-400", 0},
      {"-0.0", -0.0},
      {"-2.5E+1", -25},
      {"1e-400", 0},
      {"4.9406564584124654e-324", 5e-324},
      {"2.22507385850720113605740979670913e-308", 2.225073858507201e-308},
      {"1.7976931348623157e308", std::numeric_limits<double>::max()},
      {"9007199254740993.0", 9007199254740992},
      {"9007199254740993.00000000000000000000000000000000001", 9007199254740994},
      {"8.41e21", 8.41e21},
      {"1.00000000000000011102230246251565404", 1},
      {"100000000000000000000000", 1e23},
  };
  for (const auto& c : cases) {
    for (const char* space : {"", " ", "\n"}) {
      JsonDocument document;
      ASSERT_TRUE(ParseJsonObject(absl::StrCat("{\"x\":[", space, c.text, space, "]}"), &document).ok()) << c.text;
      EXPECT_EQ(document["x"][0].GetDouble(), c.value) << c.text;
      EXPECT_EQ(std::signbit(document["x"][0].GetDouble()), std::signbit(c.value)) << c.text;
    }
  }
}

TEST(JsonTextTest, QuotesAndEscapes) {
  std::string json;
  AppendQuoted(absl::string_view("a\"\\\n\0\x1f\xc3\xa9", 8), &json);
  EXPECT_EQ(json, "\"a\\\"\\\\\\u000a\\u0000\\u001f\xc3\xa9\"");
}

TEST(JsonDocumentTest, ReadsWhatTfServingReads) {
  JsonDocument document;
  ASSERT_TRUE(ParseJsonObject("{\"a\": NaN, \"b\": [Infinity, -Infinity]} rest", &document).ok());
  EXPECT_TRUE(std::isnan(document["a"].GetDouble()));
  EXPECT_LT(document["b"][1].GetDouble(), 0);
}

TEST(JsonDocumentTest, SaysWhatIsWrong) {
  JsonDocument document;
  EXPECT_EQ(ParseJsonObject(" ", &document).message(), "JSON Parse error: The document is empty");
  EXPECT_EQ(ParseJsonObject("{\"a\": }", &document).message(), "JSON Parse error: Invalid value. at offset: 6");
  EXPECT_EQ(ParseJsonObject("[]", &document).message(), "JSON Value: [] Is not object");
}

// An object around `depth` - 1 lists.
std::string Nested(int depth) {
  const auto lists = static_cast<size_t>(depth - 1);
  return "{\"a\": " + std::string(lists, '[') + std::string(lists, ']') + "}";
}

TEST(JsonDocumentTest, DepthIsBounded) {
  JsonDocument document;
  EXPECT_TRUE(ParseJsonObject(Nested(kMaxJsonDepth), &document).ok());
  EXPECT_EQ(ParseJsonObject(Nested(kMaxJsonDepth + 1), &document).message(),
            "JSON Parse error: Nested deeper than 64 levels at offset: 69");
  EXPECT_FALSE(ParseJsonObject(Nested(1000000), &document).ok());
  EXPECT_FALSE(ParseJsonObject("{\"a\": " + std::string(1000000, '['), &document).ok());
  // Beside each other they are not deep.
  std::string wide = "{\"a\": [[]";
  for (int i = 0; i < 1000; ++i) wide += ", [{}]";
  EXPECT_TRUE(ParseJsonObject(wide + "]}", &document).ok());
}

TEST(JsonDocumentTest, AByteOrderMarkDoesNotCount) {
  JsonDocument document;
  EXPECT_TRUE(ParseJsonObject("\xef\xbb\xbf{\"a\": 1}", &document).ok());
  EXPECT_EQ(ParseJsonObject("\xef\xbb\xbf", &document).message(), "JSON Parse error: The document is empty");
  EXPECT_EQ(ParseJsonObject("\xef\xbb\xbf{\"a\": }", &document).message(),
            "JSON Parse error: Invalid value. at offset: 9");
}

// Whatever the bytes, the parser answers and reads nothing outside of them.
TEST(JsonDocumentTest, SurvivesACutAnywhere) {
  const std::string whole = R"({"a": [1, -2.5e3, NaN, -Infinity, true, null], "b\u00e9\ud83d\ude82": {"b64": "/w=="}})";
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> block(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    JsonDocument document;
    EXPECT_EQ(ParseJsonObject({block.data(), block.size()}, &document).code(), absl::StatusCode::kInvalidArgument)
        << size;
  }
  JsonDocument document;
  EXPECT_TRUE(ParseJsonObject(whole, &document).ok());
}

TEST(JsonDocumentTest, DebugStringsAreUtf8) {
  JsonDocument document;
  ASSERT_TRUE(ParseJsonObject("{\"a\": \"\xff" + std::string(300, 'x') + "\"}", &document).ok());
  const std::string text = JsonDebugString(document);
  EXPECT_EQ(text.substr(0, 14), "{\"a\": \"\xef\xbf\xbdxxxx");
  EXPECT_LT(text.size(), 140u);
  EXPECT_EQ(JsonDebugString(document["a"]).substr(0, 4), "\"\xef\xbf\xbd");
}

TEST(JsonDocumentTest, DebugStringsAreCutBetweenCharacters) {
  JsonDocument document;
  std::string many;
  for (int i = 0; i < 200; ++i) many += "\xc3\xa9";
  ASSERT_TRUE(ParseJsonObject("{\"a\": \"x" + many + "\"}", &document).ok());
  const std::string text = JsonDebugString(document);
  EXPECT_LT(text.size(), 140u);
  EXPECT_TRUE(IsUtf8(text));
}

}  // namespace
}  // namespace trilho

#include "cpp_server/utf8/utf8.h"

#include "gtest/gtest.h"

namespace trilho {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

TEST(IsUtf8Test, KnowsWhatIsWellFormed) {
  for (const char* text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x82", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
                           "a\xe2\x82", "\xf0\x80\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(ValidUtf8Test, KeepsWhatIsWellFormed) {
  const std::string text = "a\x7F \xC3\xA9 \xE2\x82\xAC \xED\x9F\xBF \xF0\x9F\x9A\x82 \xF4\x8F\xBF\xBF";
  EXPECT_EQ(ValidUtf8(text, 100), text);
  EXPECT_EQ(ValidUtf8("", 100), "");
}

TEST(ValidUtf8Test, ReplacesEachByteThatIsNot) {
  const std::string r = kReplacement;
  EXPECT_EQ(ValidUtf8("a\xFFz", 100), "a" + r + "z");
  EXPECT_EQ(ValidUtf8("\x80", 100), r);
  EXPECT_EQ(ValidUtf8("\xC0\xAF", 100), r + r) << "overlong";
  EXPECT_EQ(ValidUtf8("\xE0\x80\xAF", 100), r + r + r) << "overlong";
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80", 100), r + r + r) << "a surrogate";
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80", 100), r + r + r + r) << "above U+10FFFF";
  EXPECT_EQ(ValidUtf8("\xE2\x82", 100), r + r) << "cut short";
  EXPECT_EQ(ValidUtf8("\xE2(", 100), r + "(");
}

TEST(ValidUtf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(ValidUtf8("abc", 2), "ab");
  EXPECT_EQ(ValidUtf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(ValidUtf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(ValidUtf8("\xFF", 2), "");
}

TEST(ErrorTextTest, CutsWhatIsLongerThanAKibibyte) {
  const std::string fits(1024, 'x');
  EXPECT_EQ(ErrorText(fits), fits);
  EXPECT_EQ(ErrorText(fits + "y"), fits + "...TRUNCATED");
  for (const size_t before : {1019, 1020, 1021, 1022, 1023, 1024}) {
    const std::string text(before, 'x');
    EXPECT_EQ(ErrorText(text + "\xE2\x82\xAC" + fits), text + (before <= 1021 ? "\xE2\x82\xAC" : "") +
                                                           (before <= 1020 ? std::string(1021 - before, 'x') : "") +
                                                           "...TRUNCATED")
        << before;
  }
  // The replacement counts.
  EXPECT_EQ(ErrorText(std::string(1024, '\xFF')).size(), 341 * 3 + std::string("...TRUNCATED").size());
}

TEST(ValidUtf8Test, KeepsAllUnlessItIsBounded) {
  EXPECT_EQ(ValidUtf8("a\xc3\xa9"), "a\xc3\xa9");
  EXPECT_EQ(ValidUtf8("\xff\xc3"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(ValidUtf8(""), "");
}

}  // namespace
}  // namespace trilho

#include "cpp_server/advice/words.h"

#include <cstddef>
#include <cstdint>

#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(WordsTest, ANounStandsInItsNumber) {
  EXPECT_EQ(Counted(0, "line"), "0 lines");
  EXPECT_EQ(Counted(1, "line"), "1 line");
  EXPECT_EQ(Counted(size_t{2}, "line"), "2 lines");
  EXPECT_EQ(Counted(int64_t{1}, "entry", "entries"), "1 entry");
  EXPECT_EQ(Counted(uint64_t{3}, "entry", "entries"), "3 entries");
}

TEST(WordsTest, ATypeHasTheArticleThatItIsSpokenWith) {
  EXPECT_EQ(WithArticle("int32"), "an int32");
  EXPECT_EQ(WithArticle("INT32"), "an INT32");
  EXPECT_EQ(WithArticle("enum"), "an enum");
  EXPECT_EQ(WithArticle("inference.ModelInferRequest"), "an inference.ModelInferRequest");
  EXPECT_EQ(WithArticle("uint8"), "a uint8");
  EXPECT_EQ(WithArticle("float"), "a float");
  EXPECT_EQ(WithArticle("tensorflow.serving.PredictRequest"), "a tensorflow.serving.PredictRequest");
  EXPECT_EQ(WithArticle(""), "a ");
}

}  // namespace
}  // namespace trilho

#include "cpp_server/batching/batch_tensors.h"

#include <string>

#include "cpp_server/batching/fake_runner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

TEST(BatchTensorsTest, PutsRowsBelowEachOther) {
  const Tensor a = Floats({2, 2}, {1, 2, 3, 4}), b = Floats({1, 2}, {5, 6});
  const auto batch = Concatenate({{&a, 0, 2}, {&b, 0, 1}}, 3);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(batch->dims(), ElementsAre(3, 2));
  EXPECT_THAT(FloatsOf(*batch), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(BatchTensorsTest, TakesPartsOfTensors) {
  const Tensor a = Floats({4}, {1, 2, 3, 4});
  EXPECT_THAT(FloatsOf(*Concatenate({{&a, 2, 2}, {&a, 0, 1}}, 3)), ElementsAre(3, 4, 1));
  EXPECT_THAT(FloatsOf(*CopyRows({&a, 1, 2})), ElementsAre(2, 3));
}

TEST(BatchTensorsTest, FillsUpWithTheFirstRowOfTheLastPart) {
  const Tensor a = Floats({1, 2}, {1, 2}), b = Floats({2, 2}, {3, 4, 5, 6});
  EXPECT_THAT(FloatsOf(*Concatenate({{&a, 0, 1}, {&b, 0, 2}}, 5)), ElementsAre(1, 2, 3, 4, 5, 6, 3, 4, 3, 4));
  const Tensor text = Strings({2}, {"x", "y"});
  EXPECT_THAT(StringsOf(*Concatenate({{&text, 0, 2}}, 4)), ElementsAre("x", "y", "x", "x"));
}

TEST(BatchTensorsTest, Strings) {
  const std::string large(1000, 'l');
  const Tensor a = Strings({1, 2}, {"", large}), b = Strings({1, 2}, {"c", "d"});
  const auto batch = Concatenate({{&a, 0, 1}, {&b, 0, 1}}, 2);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(StringsOf(*batch), ElementsAre("", large, "c", "d"));
  EXPECT_THAT(StringsOf(*CopyRows({&*batch, 1, 1})), ElementsAre("c", "d"));
}

TEST(BatchTensorsTest, FillsShortRowsWithTheFirstElementOfTheirTensor) {
  const Tensor a = Floats({2, 1}, {7, 8}), b = Floats({1, 3}, {1, 2, 3});
  const auto batch = Concatenate({{&a, 0, 2}, {&b, 0, 1}}, 3);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(batch->dims(), ElementsAre(3, 3));
  EXPECT_THAT(FloatsOf(*batch), ElementsAre(7, 7, 7, 8, 7, 7, 1, 2, 3));
  const Tensor s = Strings({1, 1}, {"s"}), t = Strings({1, 2}, {"t", "u"});
  EXPECT_THAT(StringsOf(*Concatenate({{&s, 0, 1}, {&t, 0, 1}}, 2)), ElementsAre("s", "s", "t", "u"));
}

TEST(BatchTensorsTest, FillsInEveryDimension) {
  const Tensor a = Floats({1, 2, 1}, {1, 2}), b = Floats({1, 1, 2}, {3, 4});
  const auto batch = Concatenate({{&a, 0, 1}, {&b, 0, 1}}, 2);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(batch->dims(), ElementsAre(2, 2, 2));
  EXPECT_THAT(FloatsOf(*batch), ElementsAre(1, 1, 2, 1, 3, 4, 3, 3));
  const Tensor c = Floats({2, 2, 2, 1}, {1, 2, 3, 4, 5, 6, 7, 8}), d = Floats({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(FloatsOf(*Concatenate({{&c, 1, 1}, {&d, 0, 1}}, 2)), ElementsAre(5, 6, 1, 7, 8, 1, 1, 2, 3, 4, 5, 6));
}

TEST(BatchTensorsTest, FillsWhatHasNoElementsWithZeros) {
  const Tensor none = Floats({2, 0}, {}), b = Floats({1, 2}, {1, 2});
  EXPECT_THAT(FloatsOf(*Concatenate({{&b, 0, 1}, {&none, 0, 2}}, 3)), ElementsAre(1, 2, 0, 0, 0, 0));
  const Tensor nothing = Strings({1, 0}, {}), s = Strings({1, 1}, {"s"});
  EXPECT_THAT(StringsOf(*Concatenate({{&nothing, 0, 1}, {&s, 0, 1}}, 2)), ElementsAre("", "s"));
  EXPECT_THAT(Concatenate({{&none, 0, 2}, {&none, 0, 2}}, 6)->dims(), ElementsAre(6, 0));
}

TEST(BatchTensorsTest, RefusesWhatNoRequestCouldHold) {
  const Tensor wide = Floats({1, 1 << 20}, {}), high = Floats({1 << 10, 1}, {});
  EXPECT_EQ(Concatenate({{&wide, 0, 1}, {&high, 0, 1 << 10}}, 1025).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(BatchTensorsTest, KnowsWhatItCanCopy) {
  EXPECT_TRUE(IsCopyable(TF_STRING));
  EXPECT_TRUE(IsCopyable(TF_HALF));
  EXPECT_FALSE(IsCopyable(TF_RESOURCE));
  EXPECT_FALSE(IsCopyable(TF_VARIANT));
}

}  // namespace
}  // namespace trilho

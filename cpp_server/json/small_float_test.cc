#include "cpp_server/json/small_float.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(SmallFloatTest, EveryHalfSurvivesTheWayThroughAFloat) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const float value = HalfToFloat(static_cast<uint16_t>(half));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      ASSERT_EQ(FloatToHalf(value), half) << value;
    }
  }
}

TEST(SmallFloatTest, EveryBFloat16SurvivesTheWayThroughAFloat) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = BFloat16ToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(BFloat16ToFloat(FloatToBFloat16(value))));
    } else {
      ASSERT_EQ(FloatToBFloat16(value), bits) << value;
    }
  }
}

TEST(SmallFloatTest, RoundsToTheNearestAndTiesToEven) {
  const struct {
    float value;
    uint16_t half;
  } cases[] = {
      {1.0f, 0x3c00},
      {1.0f + 0x1p-11f, 0x3c00},
      {1.0f + 3 * 0x1p-11f, 0x3c02},
      {65504.0f, 0x7bff},
      {65519.0f, 0x7bff},
      {65520.0f, 0x7c00},
      {1e30f, 0x7c00},
      {-1e30f, 0xfc00},
      {0x1p-24f, 0x0001},
      {0x1p-25f, 0x0000},
      {3 * 0x1p-25f, 0x0002},
      {-0.0f, 0x8000},
      {0x1p-14f, 0x0400},
      {0x1p-14f - 0x1p-25f, 0x0400},
      {std::numeric_limits<float>::infinity(), 0x7c00},
  };
  for (const auto& c : cases) EXPECT_EQ(FloatToHalf(c.value), c.half) << c.value;
  EXPECT_EQ(FloatToBFloat16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(1.0f + 3 * 0x1p-8f), 0x3f82);
  EXPECT_EQ(FloatToBFloat16(std::numeric_limits<float>::max()), 0x7f80) << "infinite";
}

}  // namespace
}  // namespace trilho

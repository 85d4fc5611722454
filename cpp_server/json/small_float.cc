#include "cpp_server/json/small_float.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace trilho {
namespace {

uint32_t BitsOf(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

float FloatOf(uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace

uint16_t FloatToHalf(float value) {
  constexpr int kFractionBits = 10, kMinExponent = -14, kMaxExponent = 15, kBias = 15;
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7e00;
  const float magnitude = std::abs(value);
  if (magnitude == 0) return sign;
  int exponent = std::isinf(magnitude) ? kMaxExponent + 1 : std::ilogb(magnitude);
  if (exponent > kMaxExponent) return sign | 0x7c00;
  if (exponent < kMinExponent) exponent = kMinExponent;
  // In units of the last place; nearbyint rounds ties to even.
  const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(magnitude, kFractionBits - exponent)));
  // A subnormal has no leading one; rounding up carries into the exponent by itself.
  const uint32_t base = static_cast<uint32_t>(exponent + kBias - 1) << kFractionBits;
  const uint32_t bits = base + units;
  return static_cast<uint16_t>(sign | (bits > 0x7c00 ? 0x7c00 : bits));
}

float HalfToFloat(uint16_t half) {
  const float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
  const int exponent = (half >> 10) & 0x1f;
  const auto fraction = static_cast<float>(half & 0x3ff);
  if (exponent == 0x1f) {
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 1024, exponent - 25);
}

uint16_t FloatToBFloat16(float value) {
  if (std::isnan(value)) return std::signbit(value) ? 0xffc0 : 0x7fc0;
  const uint32_t bits = BitsOf(value);
  // Half a unit of the last place kept, less one if that is even.
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float BFloat16ToFloat(uint16_t value) { return FloatOf(static_cast<uint32_t>(value) << 16); }

}  // namespace trilho

// Floats of 16 bits, which C++17 does not have.

#ifndef TRILHO_CPP_SERVER_JSON_SMALL_FLOAT_H_
#define TRILHO_CPP_SERVER_JSON_SMALL_FLOAT_H_

#include <cstdint>

namespace trilho {

// IEEE 754 binary16. To the nearest, ties to even; too large is infinite.
uint16_t FloatToHalf(float value);
float HalfToFloat(uint16_t half);

// The upper half of a float. To the nearest, ties to even.
uint16_t FloatToBFloat16(float value);
float BFloat16ToFloat(uint16_t value);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_SMALL_FLOAT_H_

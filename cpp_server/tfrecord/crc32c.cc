#include "cpp_server/tfrecord/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "cpp_server/tfrecord/record_header.h"

namespace trilho {
namespace {

// The polynomial with its bits reversed: the lowest bit comes first.
constexpr uint32_t kPolynomial = 0x82f63b78;
constexpr size_t kSlices = 8;

using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

// Entry [k][b] is what byte b does to the CRC when k more bytes follow it, so that eight bytes are taken at once.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t slice = 1; slice < kSlices; ++slice) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t HardwareCrc32c(absl::string_view data) {
  uint64_t crc = 0xffffffff;
  const char* position = data.data();
  size_t left = data.size();
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t), position += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, position, sizeof(word));
    crc = _mm_crc32_u64(crc, word);
  }
  auto tail = static_cast<uint32_t>(crc);
  for (; left > 0; --left, ++position) tail = _mm_crc32_u8(tail, static_cast<uint8_t>(*position));
  return ~tail;
}
#endif

}  // namespace

uint32_t PortableCrc32c(absl::string_view data) {
  uint32_t crc = 0xffffffff;
  const char* position = data.data();
  size_t left = data.size();
  for (; left >= kSlices; left -= kSlices, position += kSlices) {
    const uint64_t word = LoadLittleEndian<uint64_t>(position) ^ crc;
    crc = 0;
    for (size_t byte = 0; byte < kSlices; ++byte) crc ^= kTables[kSlices - 1 - byte][(word >> (8 * byte)) & 0xff];
  }
  for (; left > 0; --left, ++position) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(*position)) & 0xff];
  return ~crc;
}

uint32_t Crc32c(absl::string_view data) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return HardwareCrc32c(data);
#endif
  return PortableCrc32c(data);
}

}  // namespace trilho

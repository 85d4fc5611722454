// CRC-32C (Castagnoli), which TFRecord files are checked with.

#ifndef TRILHO_CPP_SERVER_TFRECORD_CRC32C_H_
#define TRILHO_CPP_SERVER_TFRECORD_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace trilho {

// By the processor's instruction where it has one. Thread-safe.
uint32_t Crc32c(absl::string_view data);

// The same without the instruction: what other processors run.
uint32_t PortableCrc32c(absl::string_view data);

// As it stands in a TFRecord file: masked, because a CRC over data that holds its own CRC says little.
inline uint32_t MaskedCrc32c(absl::string_view data) {
  const uint32_t crc = Crc32c(data);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TFRECORD_CRC32C_H_

// How a record stands in a TFRecord file: length (8 bytes), masked CRC of the length (4), data, masked CRC of the data
// (4), every number little-endian.

#ifndef TRILHO_CPP_SERVER_TFRECORD_RECORD_HEADER_H_
#define TRILHO_CPP_SERVER_TFRECORD_RECORD_HEADER_H_

#include <cstddef>
#include <cstdint>

namespace trilho {

constexpr size_t kRecordLengthSize = sizeof(uint64_t);
constexpr size_t kRecordCrcSize = sizeof(uint32_t);
constexpr size_t kRecordHeaderSize = kRecordLengthSize + kRecordCrcSize;
constexpr size_t kRecordFraming = kRecordHeaderSize + kRecordCrcSize;

template <typename T>
void StoreLittleEndian(T value, char* bytes) {
  for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
}

template <typename T>
T LoadLittleEndian(const char* bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TFRECORD_RECORD_HEADER_H_

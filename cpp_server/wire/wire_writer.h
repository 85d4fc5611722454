// Writes a serialized protobuf message straight into bytes.

#ifndef TRILHO_CPP_SERVER_WIRE_WIRE_WRITER_H_
#define TRILHO_CPP_SERVER_WIRE_WIRE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {

// Appends to a string it owns. A nested message or packed field announces its
// size before its content; callers compute sizes with the static functions.
class WireWriter {
 public:
  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  size_t size() const { return bytes_.size(); }
  std::string Release() && { return std::move(bytes_); }

  void Tag(uint32_t field, WireType type) { Varint(uint64_t{field} << 3 | static_cast<uint64_t>(type)); }
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void VarintField(uint32_t field, uint64_t value) {
    Tag(field, WireType::kVarint);
    Varint(value);
  }
  void BytesField(uint32_t field, absl::string_view value) {
    BeginBytes(field, value.size());
    Raw(value.data(), value.size());
  }
  // Exactly `size` bytes of content must follow.
  void BeginBytes(uint32_t field, size_t size) {
    Tag(field, WireType::kLengthDelimited);
    Varint(size);
  }
  void Raw(const void* data, size_t size) { bytes_.append(static_cast<const char*>(data), size); }

  static size_t VarintSize(uint64_t value) {
    size_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
  }
  static size_t TagSize(uint32_t field) { return VarintSize(uint64_t{field} << 3); }
  static size_t VarintFieldSize(uint32_t field, uint64_t value) { return TagSize(field) + VarintSize(value); }
  // Of a field with `size` bytes of content: tag, length and content.
  static size_t BytesFieldSize(uint32_t field, size_t size) { return TagSize(field) + VarintSize(size) + size; }

 private:
  std::string bytes_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_WIRE_WIRE_WRITER_H_

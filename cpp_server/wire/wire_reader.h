// Walks a serialized protobuf message without making an object of it.

#ifndef TRILHO_CPP_SERVER_WIRE_WIRE_READER_H_
#define TRILHO_CPP_SERVER_WIRE_WIRE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace trilho {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

// Reads fields one after another from bytes that must outlive it; every view
// it hands out points into them. Bytes come from the network: nothing outside
// of them is read, and whatever is malformed ends the walk with ok() false.
//
//   WireReader reader(bytes);
//   while (reader.NextField()) {
//     switch (reader.field()) {
//       case 1: name = reader.Bytes(); break;
//       default: reader.Skip();
//     }
//   }
//   if (!reader.ok()) ...
class WireReader {
 public:
  explicit WireReader(absl::string_view bytes) : position_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // To the next field, whose value must then be read or skipped. False at the
  // end and after an error.
  bool NextField() {
    if (!ok_ || position_ == end_) return false;
    const char* const begin = position_;
    const uint64_t tag = Varint();
    if (position_ - begin > kMostBytes) ok_ = false;
    const auto type = static_cast<WireType>(tag & 7);
    const bool known = type == WireType::kVarint || type == WireType::kFixed64 || type == WireType::kLengthDelimited ||
                       type == WireType::kFixed32;
    // Groups are not used by any message read here, so they are refused.
    if (!known || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) ok_ = false;
    type_ = type;
    field_ = static_cast<uint32_t>(tag >> 3);
    return ok_;
  }

  uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  bool ok() const { return ok_; }
  bool done() const { return position_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - position_); }

  // The value of a field of another type than the called one names is an error.
  absl::string_view Bytes() {
    if (!Expect(WireType::kLengthDelimited)) return {};
    const char* const begin = position_;
    const uint64_t size = Varint();
    if (!ok_ || position_ - begin > kMostBytes || size > remaining()) {
      ok_ = false;
      return {};
    }
    absl::string_view bytes(position_, static_cast<size_t>(size));
    position_ += size;
    return bytes;
  }
  uint64_t VarintField() { return Expect(WireType::kVarint) ? Varint() : 0; }
  template <typename T>
  T FixedField() {
    return Expect(sizeof(T) == 4 ? WireType::kFixed32 : WireType::kFixed64) ? Fixed<T>() : T();
  }

  void Skip() {
    switch (type_) {
      case WireType::kVarint:
        Varint();
        break;
      case WireType::kFixed64:
        Fixed<uint64_t>();
        break;
      case WireType::kFixed32:
        Fixed<uint32_t>();
        break;
      case WireType::kLengthDelimited:
        Bytes();
        break;
    }
  }

  // A bare value, as inside a packed field.
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position_ == end_) break;
      const auto byte = static_cast<uint8_t>(*position_++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  template <typename T>
  T Fixed() {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "protobuf has fixed32 and fixed64");
    T value{};
    if (remaining() < sizeof(T)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

 private:
  bool Expect(WireType type) {
    if (type_ != type) ok_ = false;
    return ok_;
  }

  // Tags and sizes are of 32 bits: protobuf refuses longer ones too, even if only zeros make them long.
  static constexpr int kMostBytes = 5;

  const char* position_;
  const char* end_;
  uint32_t field_ = 0;
  WireType type_ = WireType::kVarint;
  bool ok_ = true;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_WIRE_WIRE_READER_H_

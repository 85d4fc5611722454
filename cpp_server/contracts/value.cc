#include "cpp_server/contracts/value.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpp_server/json/small_float.h"

namespace trilho {
namespace {

template <typename T>
T Read(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// Rounds; a finite number that becomes infinite does not fit.
bool StoreFloat(TF_DataType type, double value, char* to) {
  switch (type) {
    case TF_DOUBLE:
      std::memcpy(to, &value, sizeof(value));
      return true;
    case TF_FLOAT: {
      // Half an ulp above the largest float: what is less rounds to it.
      constexpr double kTooLarge = 0x1.ffffffp+127;
      const bool large = std::abs(value) >= kTooLarge;
      constexpr float kInfinity = std::numeric_limits<float>::infinity();
      const float rounded = large ? (value < 0 ? -kInfinity : kInfinity) : static_cast<float>(value);
      std::memcpy(to, &rounded, sizeof(rounded));
      return !large || std::isinf(value);
    }
    default: {
      char single[sizeof(float)];
      if (!StoreFloat(TF_FLOAT, value, single)) return false;
      const auto narrow = Read<float>(single);
      const bool is_half = type == TF_HALF;
      const uint16_t small = is_half ? FloatToHalf(narrow) : FloatToBFloat16(narrow);
      std::memcpy(to, &small, sizeof(small));
      const uint16_t infinity = is_half ? 0x7c00 : 0x7f80;
      return (small & 0x7fff) != infinity || std::isinf(value);
    }
  }
}

double LoadFloat(TF_DataType type, const char* from) {
  switch (type) {
    case TF_FLOAT:
      return static_cast<double>(Read<float>(from));
    case TF_DOUBLE:
      return Read<double>(from);
    case TF_HALF:
      return static_cast<double>(HalfToFloat(Read<uint16_t>(from)));
    default:
      return static_cast<double>(BFloat16ToFloat(Read<uint16_t>(from)));
  }
}

// Sign-extended if the type is signed, and whether it is negative.
uint64_t LoadInteger(TF_DataType type, const char* from, bool* negative) {
  int64_t value = 0;
  switch (type) {
    case TF_INT8:
      value = Read<int8_t>(from);  // NOLINT(bugprone-signed-char-misuse): a number, no character
      break;
    case TF_INT16:
      value = Read<int16_t>(from);
      break;
    case TF_INT32:
      value = Read<int32_t>(from);
      break;
    case TF_INT64:
      value = Read<int64_t>(from);
      break;
    case TF_UINT8:
      return Read<uint8_t>(from);
    case TF_UINT16:
      return Read<uint16_t>(from);
    case TF_UINT32:
      return Read<uint32_t>(from);
    default:
      return Read<uint64_t>(from);
  }
  *negative = value < 0;
  return static_cast<uint64_t>(value);
}

bool IsWide(FieldKind kind) {
  switch (kind) {
    case FieldKind::kInt64:
    case FieldKind::kUint64:
    case FieldKind::kFixed64:
    case FieldKind::kSfixed64:
    case FieldKind::kSint64:
      return true;
    default:
      return false;
  }
}

// Over all values at once, which a compiler makes vectors of.
template <typename T>
bool AllWithin(const char* values, size_t count, T least, T most) {
  bool all = true;
  for (size_t i = 0; i < count; ++i) {
    const T value = Read<T>(values + i * sizeof(T));
    // NaN is neither.
    all &= static_cast<bool>(value >= least) & static_cast<bool>(value <= most);
  }
  return all;
}

bool AllWithinLimits(const ContractTensor& tensor, absl::string_view packed) {
  const size_t count = packed.size() / tensor.width;
  const NumberLimits& limits = tensor.limits;
  switch (tensor.value_class) {
    case ValueClass::kFloat: {
      // As they were rounded when the contract was read, unless beyond all floats.
      constexpr double kLargest = std::numeric_limits<float>::max();
      constexpr float kInfinity = std::numeric_limits<float>::infinity();
      const float least = limits.least < -kLargest  ? -kInfinity
                          : limits.least > kLargest ? kInfinity
                                                    : static_cast<float>(limits.least);
      const float most = limits.most > kLargest    ? kInfinity
                         : limits.most < -kLargest ? -kInfinity
                                                   : static_cast<float>(limits.most);
      return AllWithin(packed.data(), count, least, most);
    }
    case ValueClass::kDouble:
      return AllWithin(packed.data(), count, limits.least, limits.most);
    default:
      return false;
  }
}

}  // namespace

bool SameBytes(FieldKind kind, TF_DataType type) {
  switch (kind) {
    case FieldKind::kFloat:
      return type == TF_FLOAT;
    case FieldKind::kDouble:
      return type == TF_DOUBLE;
    case FieldKind::kFixed32:
      return type == TF_UINT32;
    case FieldKind::kFixed64:
      return type == TF_UINT64;
    case FieldKind::kSfixed32:
      return type == TF_INT32;
    case FieldKind::kSfixed64:
      return type == TF_INT64;
    default:
      return false;
  }
}

uint64_t ReadNumber(FieldKind kind, WireReader* reader) {
  const auto zig_zag = [](uint64_t value) { return (value >> 1) ^ (~(value & 1) + 1); };
  // Of what is longer than the type, protobuf takes the low bits.
  const auto sign_extended = [](uint64_t value) {
    return static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(static_cast<uint32_t>(value))));
  };
  switch (kind) {
    case FieldKind::kFloat:
    case FieldKind::kFixed32:
      return reader->Fixed<uint32_t>();
    case FieldKind::kSfixed32:
      return sign_extended(reader->Fixed<uint32_t>());
    case FieldKind::kDouble:
    case FieldKind::kFixed64:
    case FieldKind::kSfixed64:
      return reader->Fixed<uint64_t>();
    case FieldKind::kInt32:
    case FieldKind::kEnum:
      return sign_extended(reader->Varint());
    case FieldKind::kUint32:
      return static_cast<uint32_t>(reader->Varint());
    case FieldKind::kBool:
      return reader->Varint() != 0 ? 1 : 0;
    case FieldKind::kSint32:
      return sign_extended(zig_zag(static_cast<uint32_t>(reader->Varint())));
    case FieldKind::kSint64:
      return zig_zag(reader->Varint());
    default:
      return reader->Varint();
  }
}

int64_t CountPacked(FieldKind kind, absl::string_view packed) {
  const WireType type = WireTypeOf(kind);
  if (type == WireType::kVarint) {
    if (!packed.empty() && static_cast<uint8_t>(packed.back()) >= 0x80) return -1;
    return std::count_if(packed.begin(), packed.end(), [](char byte) { return static_cast<uint8_t>(byte) < 0x80; });
  }
  const size_t width = type == WireType::kFixed32 ? 4 : 8;
  return packed.size() % width == 0 ? static_cast<int64_t>(packed.size() / width) : -1;
}

bool WithinLimits(const ContractTensor& tensor, uint64_t bits) {
  const NumberLimits& limits = tensor.limits;
  if (!limits.checked) return true;
  switch (tensor.value_class) {
    case ValueClass::kFloat: {
      const auto value = static_cast<double>(NumberOf<float>(bits));
      return value >= limits.least && value <= limits.most;
    }
    case ValueClass::kDouble: {
      const auto value = NumberOf<double>(bits);
      return value >= limits.least && value <= limits.most;
    }
    case ValueClass::kSigned: {
      const auto value = static_cast<int64_t>(bits);
      return value >= limits.least_signed && value <= limits.most_signed;
    }
    default:
      return bits >= limits.least_unsigned && bits <= limits.most_unsigned;
  }
}

bool StoreNumber(const ContractTensor& tensor, uint64_t bits, char* to) {
  switch (tensor.value_class) {
    case ValueClass::kFloat:
      if (tensor.same_bytes) {
        std::memcpy(to, &bits, sizeof(float));
        return true;
      }
      return StoreFloat(tensor.type, static_cast<double>(NumberOf<float>(bits)), to);
    case ValueClass::kDouble:
      return StoreFloat(tensor.type, NumberOf<double>(bits), to);
    default:
      // Little-endian: the low bytes come first.
      switch (tensor.width) {
        case 1:
          std::memcpy(to, &bits, 1);
          return true;
        case 2:
          std::memcpy(to, &bits, 2);
          return true;
        case 4:
          std::memcpy(to, &bits, 4);
          return true;
        default:
          std::memcpy(to, &bits, 8);
          return true;
      }
  }
}

bool LoadNumber(const ContractTensor& tensor, const char* from, uint64_t* bits) {
  bool negative = false;
  switch (tensor.value_class) {
    case ValueClass::kFloat: {
      if (tensor.same_bytes) {
        *bits = Read<uint32_t>(from);
        return true;
      }
      const double value = LoadFloat(tensor.type, from);
      char rounded[sizeof(float)];
      const bool fits = StoreFloat(TF_FLOAT, value, rounded);
      *bits = Read<uint32_t>(rounded);
      return fits;
    }
    case ValueClass::kDouble:
      *bits = NumberBits(LoadFloat(tensor.type, from));
      return true;
    case ValueClass::kBool:
      *bits = Read<uint8_t>(from) != 0 ? 1 : 0;
      return true;
    case ValueClass::kSigned: {
      *bits = LoadInteger(tensor.type, from, &negative);
      const auto value = static_cast<int64_t>(*bits);
      if (!negative && value < 0) return false;
      return IsWide(tensor.kind) || value == static_cast<int32_t>(value);
    }
    default:
      *bits = LoadInteger(tensor.type, from, &negative);
      return !negative && (IsWide(tensor.kind) || *bits <= std::numeric_limits<uint32_t>::max());
  }
}

Stored StorePacked(const ContractTensor& tensor, absl::string_view packed, char* to) {
  if (packed.empty()) return {};
  if (tensor.same_bytes) {
    std::memcpy(to, packed.data(), packed.size());
    if (!tensor.limits.checked || AllWithinLimits(tensor, packed)) return {};
  }
  WireReader reader(packed);
  for (int64_t i = 0; !reader.done(); ++i) {
    const uint64_t bits = ReadNumber(tensor.kind, &reader);
    if (!reader.ok()) return {Stored::End::kMalformed, i, 0};
    if (!WithinLimits(tensor, bits)) return {Stored::End::kLimits, i, bits};
    if (!StoreNumber(tensor, bits, to)) return {Stored::End::kType, i, bits};
    to += tensor.width;
  }
  return {};
}

}  // namespace trilho

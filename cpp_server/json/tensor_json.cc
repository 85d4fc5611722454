#include "cpp_server/json/tensor_json.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "cpp_server/json/json_text.h"
#include "cpp_server/json/small_float.h"
#include "cpp_server/tensorflow/data_type.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {
namespace {

absl::Status WrongType(const JsonValue& value, TF_DataType type) {
  return absl::InvalidArgumentError(absl::StrCat("JSON Value: ", JsonDebugString(value), " Type: ", JsonTypeName(value),
                                                 " is not of expected type: ", DataTypeName(type)));
}

bool HasJsonValues(TF_DataType type) {
  switch (type) {
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_HALF:
    case TF_BFLOAT16:
    case TF_INT8:
    case TF_INT16:
    case TF_INT32:
    case TF_INT64:
    case TF_UINT8:
    case TF_UINT16:
    case TF_UINT32:
    case TF_UINT64:
    case TF_BOOL:
    case TF_STRING:
      return true;
    default:
      return false;
  }
}

template <typename T>
absl::Status SetInteger(const JsonValue& value, TF_DataType type, T* element) {
  if (!value.IsInt64() && !value.IsUint64()) return WrongType(value, type);
  const bool fits = value.IsUint64() ? value.GetUint64() <= static_cast<uint64_t>(std::numeric_limits<T>::max())
                                     : std::is_signed<T>::value &&
                                           value.GetInt64() >= static_cast<int64_t>(std::numeric_limits<T>::min());
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat("JSON Value: ", JsonDebugString(value), " is out of range of ",
                                                   DataTypeName(type), ": ", +std::numeric_limits<T>::min(), " to ",
                                                   +std::numeric_limits<T>::max()));
  }
  *element = value.IsUint64() ? static_cast<T>(value.GetUint64()) : static_cast<T>(value.GetInt64());
  return absl::OkStatus();
}

// The nearest float, as a cast has it within float's range. Beyond, where a cast is undefined, a little is the largest
// float, whose shortest digits (3.4028235e+38) are more than it, and much is infinite.
float ToFloat(double value) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr double kHalfwayToTheNext = 0x1.ffffffp+127;
  const double magnitude = std::abs(value);
  if (!std::isfinite(value) || magnitude <= static_cast<double>(kLargest)) return static_cast<float>(value);
  const float nearest = magnitude < kHalfwayToTheNext ? kLargest : std::numeric_limits<float>::infinity();
  return value < 0 ? -nearest : nearest;
}

template <typename T>
void AppendInteger(T value, std::string* json) {
  absl::StrAppend(json, +value);
}

void AppendString(absl::string_view value, bool bytes, std::string* json) {
  if (bytes || !IsUtf8(value)) {
    AppendBase64(value, json);
  } else {
    AppendQuoted(value, json);
  }
}

absl::Status AppendElementJson(const Tensor& tensor, int64_t i, bool bytes, std::string* json) {
  switch (tensor.type()) {
    case TF_FLOAT:
      AppendNumber(tensor.data<float>()[i], json);
      break;
    case TF_DOUBLE:
      AppendNumber(tensor.data<double>()[i], json);
      break;
    case TF_HALF:
      AppendNumber(HalfToFloat(tensor.data<uint16_t>()[i]), json);
      break;
    case TF_BFLOAT16:
      AppendNumber(BFloat16ToFloat(tensor.data<uint16_t>()[i]), json);
      break;
    case TF_INT8:
      AppendInteger(tensor.data<int8_t>()[i], json);
      break;
    case TF_INT16:
      AppendInteger(tensor.data<int16_t>()[i], json);
      break;
    case TF_INT32:
      AppendInteger(tensor.data<int32_t>()[i], json);
      break;
    case TF_INT64:
      AppendInteger(tensor.data<int64_t>()[i], json);
      break;
    case TF_UINT8:
      AppendInteger(tensor.data<uint8_t>()[i], json);
      break;
    case TF_UINT16:
      AppendInteger(tensor.data<uint16_t>()[i], json);
      break;
    case TF_UINT32:
      AppendInteger(tensor.data<uint32_t>()[i], json);
      break;
    case TF_UINT64:
      AppendInteger(tensor.data<uint64_t>()[i], json);
      break;
    case TF_BOOL:
      json->append(tensor.data<uint8_t>()[i] != 0 ? "true" : "false");
      break;
    case TF_STRING:
      AppendString(tensor.string(i), bytes, json);
      break;
    default:
      return absl::UnimplementedError(
          absl::StrCat("a tensor of type ", DataTypeName(tensor.type()), " cannot be written as JSON"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<int64_t> JsonShape(const JsonValue& value) {
  std::vector<int64_t> dims;
  const JsonValue* level = &value;
  while (level->IsArray()) {
    dims.push_back(level->Size());
    if (level->Empty()) break;
    level = &(*level)[0];
  }
  return dims;
}

absl::StatusOr<TensorFiller> TensorFiller::Create(TF_DataType type, const std::vector<int64_t>& dims,
                                                  const JsonValue& first, size_t max_elements) {
  if (!HasJsonValues(type)) {
    return absl::UnimplementedError(
        absl::StrCat("Conversion of JSON Value: ", JsonDebugString(first), " to type: ", DataTypeName(type)));
  }
  const auto count = Tensor::CountElements(dims);
  if (!count.ok() || static_cast<uint64_t>(*count) > max_elements) return TensorFiller(Tensor(), dims);
  auto tensor = Tensor::Allocate(type, dims);
  if (!tensor.ok()) return tensor.status();
  return TensorFiller(*std::move(tensor), dims);
}

absl::Status TensorFiller::Append(const JsonValue& value, size_t level) {
  const size_t rank = dims_.size();
  if (!value.IsArray()) {
    if (level == rank) return AppendElement(value);
    return absl::InvalidArgumentError(absl::StrCat("JSON Value: ", JsonDebugString(value),
                                                   " found at incorrect level: ", level + 1,
                                                   " in the JSON DOM. Expected at level: ", rank));
  }
  if (level >= rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("Encountered list at unexpected level: ", level, " expected < ", rank));
  }
  if (value.Size() != static_cast<uint64_t>(dims_[level])) {
    return absl::InvalidArgumentError(absl::StrCat("Encountered list at unexpected size: ", value.Size(),
                                                   " at level: ", level, " expected size: ", dims_[level]));
  }
  // The depth is that of a tensor's rank at most.
  for (const JsonValue& element : value.GetArray()) {
    absl::Status appended = Append(element, level + 1);
    if (!appended.ok()) return appended;
  }
  return absl::OkStatus();
}

absl::StatusOr<Tensor> TensorFiller::Release() && {
  if (!tensor_) return absl::InternalError(absl::StrCat("shape ", ShapeString(dims_), " has more elements than text"));
  return std::move(tensor_);
}

absl::Status TensorFiller::AppendElement(const JsonValue& value) {
  if (!tensor_) return absl::OkStatus();
  const int64_t i = next_++;
  const TF_DataType type = tensor_.type();
  switch (type) {
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_HALF:
    case TF_BFLOAT16: {
      if (!value.IsNumber()) return WrongType(value, type);
      const double number = value.GetDouble();
      if (type == TF_DOUBLE) {
        tensor_.data<double>()[i] = number;
      } else if (type == TF_FLOAT) {
        tensor_.data<float>()[i] = ToFloat(number);
      } else {
        tensor_.data<uint16_t>()[i] = type == TF_HALF ? FloatToHalf(ToFloat(number)) : FloatToBFloat16(ToFloat(number));
      }
      return absl::OkStatus();
    }
    case TF_INT8:
      return SetInteger(value, type, tensor_.data<int8_t>() + i);
    case TF_INT16:
      return SetInteger(value, type, tensor_.data<int16_t>() + i);
    case TF_INT32:
      return SetInteger(value, type, tensor_.data<int32_t>() + i);
    case TF_INT64:
      return SetInteger(value, type, tensor_.data<int64_t>() + i);
    case TF_UINT8:
      return SetInteger(value, type, tensor_.data<uint8_t>() + i);
    case TF_UINT16:
      return SetInteger(value, type, tensor_.data<uint16_t>() + i);
    case TF_UINT32:
      return SetInteger(value, type, tensor_.data<uint32_t>() + i);
    case TF_UINT64:
      return SetInteger(value, type, tensor_.data<uint64_t>() + i);
    case TF_BOOL:
      if (!value.IsBool()) return WrongType(value, type);
      tensor_.data<uint8_t>()[i] = value.GetBool() ? 1 : 0;
      return absl::OkStatus();
    default: {
      std::string bytes;
      absl::Status read = ReadJsonBytes(value, &bytes);
      if (!read.ok()) return read;
      tensor_.set_string(i, bytes);
      return absl::OkStatus();
    }
  }
}

absl::Status AppendTensorJson(const Tensor& tensor, int level, int64_t offset, bool bytes, std::string* json) {
  if (level == tensor.rank()) return AppendElementJson(tensor, offset, bytes, json);
  int64_t stride = 1;
  for (int i = level + 1; i < tensor.rank(); ++i) stride *= tensor.dim(i);
  json->push_back('[');
  for (int64_t i = 0; i < tensor.dim(level); ++i) {
    if (i > 0) json->append(", ");
    absl::Status appended = AppendTensorJson(tensor, level + 1, offset + i * stride, bytes, json);
    if (!appended.ok()) return appended;
  }
  json->push_back(']');
  return absl::OkStatus();
}

}  // namespace trilho

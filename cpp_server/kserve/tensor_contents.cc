#include "cpp_server/kserve/tensor_contents.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/kserve/data_types.h"

namespace trilho {
namespace {

using inference::InferTensorContents;

int64_t AllValues(const InferTensorContents& contents) {
  return int64_t{contents.bool_contents_size()} + contents.int_contents_size() + contents.int64_contents_size() +
         contents.uint_contents_size() + contents.uint64_contents_size() + contents.fp32_contents_size() +
         contents.fp64_contents_size() + contents.bytes_contents_size();
}

// `values` have the type of the field, the tensor T.
template <typename T, typename Values>
absl::Status Fill(const Values& values, Tensor* tensor) {
  T* const data = tensor->data<T>();
  for (int i = 0; i < values.size(); ++i) {
    const auto value = values.Get(i);
    if (value < std::numeric_limits<T>::lowest() || value > std::numeric_limits<T>::max()) {
      return absl::InvalidArgumentError(
          absl::StrCat("value ", i, " is ", value, ", out of the range of ", KServeTypeName(tensor->type())));
    }
    data[i] = static_cast<T>(value);
  }
  return absl::OkStatus();
}

// Floats, which all fit, NaN among them, and bools.
template <typename T, typename Values>
absl::Status Copy(const Values& values, Tensor* tensor) {
  std::copy(values.begin(), values.end(), tensor->data<T>());
  return absl::OkStatus();
}

absl::Status FillFrom(const InferTensorContents& contents, Tensor* tensor) {
  switch (tensor->type()) {
    case TF_BOOL:
      return Copy<bool>(contents.bool_contents(), tensor);
    case TF_INT8:
      return Fill<int8_t>(contents.int_contents(), tensor);
    case TF_INT16:
      return Fill<int16_t>(contents.int_contents(), tensor);
    case TF_INT32:
      return Fill<int32_t>(contents.int_contents(), tensor);
    case TF_INT64:
      return Fill<int64_t>(contents.int64_contents(), tensor);
    case TF_UINT8:
      return Fill<uint8_t>(contents.uint_contents(), tensor);
    case TF_UINT16:
      return Fill<uint16_t>(contents.uint_contents(), tensor);
    case TF_UINT32:
      return Fill<uint32_t>(contents.uint_contents(), tensor);
    case TF_UINT64:
      return Fill<uint64_t>(contents.uint64_contents(), tensor);
    case TF_FLOAT:
      return Copy<float>(contents.fp32_contents(), tensor);
    case TF_DOUBLE:
      return Copy<double>(contents.fp64_contents(), tensor);
    default:
      for (int i = 0; i < contents.bytes_contents_size(); ++i) tensor->set_string(i, contents.bytes_contents(i));
      return absl::OkStatus();
  }
}

// How many values are in the field of `type`; -1 if it has none.
int64_t ValuesOf(TF_DataType type, const InferTensorContents& contents) {
  switch (type) {
    case TF_BOOL:
      return contents.bool_contents_size();
    case TF_INT8:
    case TF_INT16:
    case TF_INT32:
      return contents.int_contents_size();
    case TF_INT64:
      return contents.int64_contents_size();
    case TF_UINT8:
    case TF_UINT16:
    case TF_UINT32:
      return contents.uint_contents_size();
    case TF_UINT64:
      return contents.uint64_contents_size();
    case TF_FLOAT:
      return contents.fp32_contents_size();
    case TF_DOUBLE:
      return contents.fp64_contents_size();
    case TF_STRING:
      return contents.bytes_contents_size();
    default:
      return -1;
  }
}

template <typename T, typename Values>
void Append(const Tensor& tensor, Values* values) {
  const T* const data = tensor.data<T>();
  values->Reserve(static_cast<int>(tensor.num_elements()));
  for (int64_t i = 0; i < tensor.num_elements(); ++i) values->Add(data[i]);
}

}  // namespace

bool HasContentsField(TF_DataType type) { return ValuesOf(type, InferTensorContents()) >= 0; }

absl::StatusOr<Tensor> ReadContents(TF_DataType type, const std::vector<int64_t>& dims,
                                    const InferTensorContents& contents) {
  const int64_t values = ValuesOf(type, contents);
  if (values < 0) {
    return absl::InvalidArgumentError(absl::StrCat(KServeTypeName(type), " must come in raw_input_contents"));
  }
  const auto count = Tensor::CountElements(dims);
  if (!count.ok()) return count.status();
  if (values != *count || AllValues(contents) != values) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the field of ", KServeTypeName(type), " in contents has ", Counted(values, "value"), ", and the others have ",
        AllValues(contents) - values, "; shape ", ShapeString(dims), " needs ", *count, " and none"));
  }
  auto tensor = Tensor::Allocate(type, dims);
  if (!tensor.ok()) return tensor;
  const absl::Status filled = FillFrom(contents, &*tensor);
  if (!filled.ok()) return filled;
  return tensor;
}

void WriteContents(const Tensor& tensor, InferTensorContents* contents) {
  switch (tensor.type()) {
    case TF_BOOL:
      return Append<bool>(tensor, contents->mutable_bool_contents());
    case TF_INT8:
      return Append<int8_t>(tensor, contents->mutable_int_contents());
    case TF_INT16:
      return Append<int16_t>(tensor, contents->mutable_int_contents());
    case TF_INT32:
      return Append<int32_t>(tensor, contents->mutable_int_contents());
    case TF_INT64:
      return Append<int64_t>(tensor, contents->mutable_int64_contents());
    case TF_UINT8:
      return Append<uint8_t>(tensor, contents->mutable_uint_contents());
    case TF_UINT16:
      return Append<uint16_t>(tensor, contents->mutable_uint_contents());
    case TF_UINT32:
      return Append<uint32_t>(tensor, contents->mutable_uint_contents());
    case TF_UINT64:
      return Append<uint64_t>(tensor, contents->mutable_uint64_contents());
    case TF_FLOAT:
      return Append<float>(tensor, contents->mutable_fp32_contents());
    case TF_DOUBLE:
      return Append<double>(tensor, contents->mutable_fp64_contents());
    default:
      for (int64_t i = 0; i < tensor.num_elements(); ++i) {
        const absl::string_view string = tensor.string(i);
        contents->add_bytes_contents(string.data(), string.size());
      }
  }
}

}  // namespace trilho

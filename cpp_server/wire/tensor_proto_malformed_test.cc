// ParseTensorProto on bytes that nobody meant: whatever they are, it answers
// with a tensor or INVALID_ARGUMENT and reads nothing outside of them. Shows
// most under AddressSanitizer.

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cpp_server/wire/tensor_proto.h"
#include "gtest/gtest.h"
#include "tensorflow/core/framework/tensor.pb.h"

namespace trilho {
namespace {

using ::tensorflow::TensorProto;

constexpr tensorflow::DataType kTypes[] = {tensorflow::DT_FLOAT,     tensorflow::DT_DOUBLE,     tensorflow::DT_INT32,
                                           tensorflow::DT_INT8,      tensorflow::DT_INT64,      tensorflow::DT_BOOL,
                                           tensorflow::DT_COMPLEX64, tensorflow::DT_COMPLEX128, tensorflow::DT_STRING,
                                           tensorflow::DT_HALF,      tensorflow::DT_UINT32,     tensorflow::DT_UINT64};

// One message of each type, with typed values and, if it has such, with content.
std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (tensorflow::DataType type : kTypes) {
    TensorProto proto;
    proto.set_dtype(type);
    proto.mutable_tensor_shape()->add_dim()->set_size(2);
    proto.mutable_tensor_shape()->add_dim()->set_size(2);
    TensorProto with_content = proto;
    with_content.set_tensor_content(type == tensorflow::DT_STRING ? std::string("\1\2\0\1abbc", 8)
                                                                  : std::string(16, '\1'));
    seeds.push_back(with_content.SerializeAsString());
    for (int i = 0; i < 4; ++i) {
      proto.add_float_val(0.5f);
      proto.add_double_val(0.5);
      proto.add_int_val(-i);
      proto.add_string_val(std::string(static_cast<size_t>(i) * 10, 'x'));
      proto.add_scomplex_val(1);
      proto.add_int64_val(-i);
      proto.add_bool_val(true);
      proto.add_dcomplex_val(1);
      proto.add_half_val(300);
      proto.add_uint32_val(300);
      proto.add_uint64_val(1ull << 63);
    }
    seeds.push_back(proto.SerializeAsString());
  }
  return seeds;
}

// Reads every element, so that AddressSanitizer sees what the tensor is made of.
uint64_t Touch(const Tensor& tensor) {
  uint64_t sum = 0;
  if (tensor.type() == TF_STRING) {
    for (int64_t i = 0; i < tensor.num_elements(); ++i) sum += tensor.string(i).size();
  } else {
    for (size_t i = 0; i < tensor.byte_size(); ++i) sum += static_cast<uint8_t>(tensor.data<char>()[i]);
  }
  return sum;
}

// As a heap block of its own; counts the tensors it made.
void Parse(const std::string& bytes, int* parsed) {
  const std::vector<char> block(bytes.begin(), bytes.end());
  const auto tensor = ParseTensorProto({block.data(), block.size()});
  if (!tensor.ok()) {
    ASSERT_EQ(tensor.status().code(), absl::StatusCode::kInvalidArgument) << tensor.status();
    return;
  }
  ++*parsed;
  static_cast<void>(Touch(*tensor));
  // What was read can be written.
  WireWriter writer;
  WriteTensorProto(*tensor, &writer);
  ASSERT_EQ(writer.size(), TensorProtoSize(*tensor));
}

TEST(MalformedTensorProtoTest, SurvivesACutAnywhere) {
  int parsed = 0;
  for (const std::string& seed : Seeds()) {
    for (size_t size = 0; size <= seed.size(); ++size) {
      ASSERT_NO_FATAL_FAILURE(Parse(seed.substr(0, size), &parsed)) << "cut at byte " << size;
    }
  }
  EXPECT_GE(parsed, static_cast<int>(Seeds().size())) << "whole messages parse";
}

// Never past 1023 elements: large tensors are correct and only slow.
bool HasSmallShape(const std::string& bytes) {
  TensorProto proto;
  if (!proto.ParseFromString(bytes)) return true;
  int64_t elements = 1;
  for (const auto& dim : proto.tensor_shape().dim()) {
    if (dim.size() < 0 || dim.size() > (int64_t{1} << 40)) return true;
    elements *= dim.size();
    if (elements > 1023) return elements > (int64_t{1} << 40);
  }
  return true;
}

TEST(MalformedTensorProtoTest, SurvivesRandomChanges) {
  const std::vector<std::string> seeds = Seeds();
  // The same sequence in every run: a failure can be looked at again.
  std::mt19937 random(20260101);  // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp)
  const auto below = [&random](size_t n) { return static_cast<size_t>(random() % n); };
  int parsed = 0;
  constexpr int kInputs = 200000;
  for (int i = 0; i < kInputs; ++i) {
    std::string bytes = seeds[below(seeds.size())];
    for (size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
      const size_t at = below(bytes.size());
      switch (below(5)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
          break;
        case 2:
          bytes.erase(at, 1 + below(4));
          break;
        case 3:
          bytes.insert(at, 1 + below(4), static_cast<char>(random()));
          break;
        default: {
          const std::string& other = seeds[below(seeds.size())];
          bytes = bytes.substr(0, at) + other.substr(below(other.size()));
        }
      }
    }
    if (!HasSmallShape(bytes)) continue;
    ASSERT_NO_FATAL_FAILURE(Parse(bytes, &parsed)) << "input " << i;
  }
  // Both outcomes were met, so that the inputs are neither all good nor all bad.
  EXPECT_GT(parsed, kInputs / 100);
  EXPECT_LT(parsed, kInputs * 9 / 10);
}

}  // namespace
}  // namespace trilho

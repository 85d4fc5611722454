#include "cpp_server/kserve/tensor_contents.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cpp_server/kserve/data_types.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using inference::InferTensorContents;

InferTensorContents Contents(const std::string& text) {
  InferTensorContents contents;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &contents)) << text;
  return contents;
}

std::string Error(TF_DataType type, const std::vector<int64_t>& dims, const std::string& text) {
  const auto tensor = ReadContents(type, dims, Contents(text));
  if (tensor.ok()) return "none";
  EXPECT_EQ(tensor.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(tensor.status().message());
}

struct Sample {
  const char* name;
  // Two elements.
  const char* contents;
};

class TensorContentsTypeTest : public ::testing::TestWithParam<Sample> {};

TEST_P(TensorContentsTypeTest, GoesThereAndBack) {
  const TF_DataType type = *KServeType(GetParam().name);
  EXPECT_TRUE(HasContentsField(type));
  const InferTensorContents sent = Contents(GetParam().contents);
  const auto tensor = ReadContents(type, {1, 2}, sent);
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->type(), type);
  EXPECT_EQ(tensor->dims(), (std::vector<int64_t>{1, 2}));
  InferTensorContents back;
  WriteContents(*tensor, &back);
  EXPECT_EQ(back.SerializeAsString(), sent.SerializeAsString());
}

TEST_P(TensorContentsTypeTest, MustHaveAsManyValuesAsItsShape) {
  const TF_DataType type = *KServeType(GetParam().name);
  for (const int64_t count : {0, 1, 3}) EXPECT_NE(Error(type, {count}, GetParam().contents), "none");
  EXPECT_NE(Error(type, {2}, ""), "none");
  // No values, one value, but in another field.
  const char* const other = type == TF_BOOL ? "fp32_contents: 0" : "bool_contents: true";
  EXPECT_NE(Error(type, {1}, other), "none");
  EXPECT_NE(Error(type, {2}, std::string(GetParam().contents) + other), "none");
}

INSTANTIATE_TEST_SUITE_P(
    All, TensorContentsTypeTest,
    ::testing::Values(
        Sample{"BOOL", "bool_contents: [true, false] "}, Sample{"UINT8", "uint_contents: [255, 0] "},
        Sample{"UINT16", "uint_contents: [65535, 0] "}, Sample{"UINT32", "uint_contents: [4294967295, 0] "},
        Sample{"UINT64", "uint64_contents: [18446744073709551615, 0] "}, Sample{"INT8", "int_contents: [-128, 127] "},
        Sample{"INT16", "int_contents: [-32768, 32767] "}, Sample{"INT32", "int_contents: [-2147483648, 2147483647] "},
        Sample{"INT64", "int64_contents: [-9223372036854775808, 9223372036854775807] "},
        Sample{"FP32", "fp32_contents: [-0.0, 3.4028235e38] "}, Sample{"FP64", "fp64_contents: [5e-324, -inf] "},
        Sample{"BYTES", "bytes_contents: ['a\\000\\377', ''] "}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TensorContentsTest, NaNIsAValue) {
  const auto tensor = ReadContents(TF_FLOAT, {1}, Contents("fp32_contents: nan"));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_TRUE(std::isnan(*tensor->data<float>()));
}

TEST(TensorContentsTest, SmallFloatsAreRawOnly) {
  for (const TF_DataType type : {TF_HALF, TF_BFLOAT16}) {
    EXPECT_FALSE(HasContentsField(type));
    EXPECT_EQ(Error(type, {1}, "fp32_contents: 1"), KServeTypeName(type) + " must come in raw_input_contents");
    EXPECT_NE(Error(type, {0}, ""), "none");
  }
}

TEST(TensorContentsTest, IntegersMustBeInTheRangeOfTheirType) {
  EXPECT_EQ(Error(TF_INT8, {2}, "int_contents: [0, 128]"), "value 1 is 128, out of the range of INT8");
  EXPECT_EQ(Error(TF_INT8, {1}, "int_contents: -129"), "value 0 is -129, out of the range of INT8");
  EXPECT_EQ(Error(TF_INT16, {1}, "int_contents: 32768"), "value 0 is 32768, out of the range of INT16");
  EXPECT_EQ(Error(TF_INT16, {1}, "int_contents: -32769"), "value 0 is -32769, out of the range of INT16");
  EXPECT_EQ(Error(TF_UINT8, {1}, "uint_contents: 256"), "value 0 is 256, out of the range of UINT8");
  EXPECT_EQ(Error(TF_UINT16, {1}, "uint_contents: 65536"), "value 0 is 65536, out of the range of UINT16");
}

TEST(TensorContentsTest, SaysHowManyValuesAreWhere) {
  EXPECT_EQ(Error(TF_FLOAT, {2, 2}, "fp32_contents: [1, 2, 3] int64_contents: 4"),
            "the field of FP32 in contents has 3 values, and the others have 1; shape [2,2] needs 4 and none");
  EXPECT_EQ(Error(TF_FLOAT, {-1}, "fp32_contents: 1"), "negative dimension in shape [-1]");
  EXPECT_EQ(Error(TF_FLOAT, {int64_t{1} << 62, 4}, ""), "too many elements in shape [4611686018427387904,4]");
}

}  // namespace
}  // namespace trilho

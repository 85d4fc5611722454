#include "cpp_server/kserve/raw_tensor.h"

#include <string>
#include <vector>

#include "cpp_server/kserve/data_types.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

// Literals with zeros in them.
template <size_t N>
std::string Bytes(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

std::string Error(TF_DataType type, const std::vector<int64_t>& dims, const std::string& bytes) {
  const auto tensor = ReadRawTensor(type, dims, bytes);
  if (tensor.ok()) return "none";
  EXPECT_EQ(tensor.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(tensor.status().message());
}

struct Sample {
  const char* name;
  // Two elements.
  std::string bytes;
};

class RawTensorTypeTest : public ::testing::TestWithParam<Sample> {};

TEST_P(RawTensorTypeTest, GoesThereAndBackBitByBit) {
  const auto type = KServeType(GetParam().name);
  ASSERT_TRUE(type.ok()) << type.status();
  EXPECT_EQ(KServeTypeName(*type), GetParam().name);
  EXPECT_TRUE(IsKServeType(*type));
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{2}, {2, 1}, {1, 2, 1}}) {
    const auto tensor = ReadRawTensor(*type, dims, GetParam().bytes);
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(tensor->type(), *type);
    EXPECT_EQ(tensor->dims(), dims);
    const auto bytes = WriteRawTensor(*tensor);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(*bytes, GetParam().bytes);
  }
}

TEST_P(RawTensorTypeTest, RefusesAByteLessOrMore) {
  const TF_DataType type = *KServeType(GetParam().name);
  const std::string& bytes = GetParam().bytes;
  EXPECT_NE(Error(type, {2}, bytes.substr(1)), "none");
  EXPECT_NE(Error(type, {2}, bytes + "x"), "none");
  EXPECT_NE(Error(type, {1}, bytes), "none");
  EXPECT_NE(Error(type, {3}, bytes), "none");
}

INSTANTIATE_TEST_SUITE_P(All, RawTensorTypeTest,
                         ::testing::Values(Sample{"BOOL", Bytes("\1\0")}, Sample{"UINT8", Bytes("\xff\0")},
                                           Sample{"UINT16", Bytes("\xff\xff\1\0")},
                                           Sample{"UINT32", Bytes("\xff\xff\xff\xff\1\0\0\0")},
                                           Sample{"UINT64", Bytes("\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\0")},
                                           Sample{"INT8", Bytes("\x80\x7f")}, Sample{"INT16", Bytes("\0\x80\xff\x7f")},
                                           Sample{"INT32", Bytes("\0\0\0\x80\xff\xff\xff\x7f")},
                                           Sample{"INT64", Bytes("\0\0\0\0\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\x7f")},
                                           Sample{"FP16", Bytes("\1\x3c\1\x7e")},
                                           Sample{"BF16", Bytes("\x81\x3f\xc1\x7f")},
                                           // A NaN with a payload, and -0.
                                           Sample{"FP32", Bytes("\1\0\xc0\x7f\0\0\0\x80")},
                                           Sample{"FP64", Bytes("\1\0\0\0\0\0\xf8\x7f\0\0\0\0\0\0\0\x80")},
                                           Sample{"BYTES", Bytes("\3\0\0\0a\0\xff\0\0\0\0")}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RawTensorTest, IsLittleEndian) {
  const auto tensor = ReadRawTensor(TF_INT32, {}, Bytes("\2\1\0\0"));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(*tensor->data<int32_t>(), 0x102);
  EXPECT_EQ(tensor->rank(), 0);
}

TEST(RawTensorTest, StringsHaveTheirLengthInFront) {
  const auto tensor = ReadRawTensor(TF_STRING, {3}, Bytes("\2\0\0\0um\0\0\0\0\5\0\0\0a\0b\xff\n"));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->string(0), "um");
  EXPECT_EQ(tensor->string(1), "");
  EXPECT_EQ(tensor->string(2), Bytes("a\0b\xff\n"));
}

TEST(RawTensorTest, AnyByteButZeroIsTrue) {
  const auto tensor = ReadRawTensor(TF_BOOL, {4}, Bytes("\0\1\2\xff"));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(*WriteRawTensor(*tensor), Bytes("\0\1\1\1"));
}

TEST(RawTensorTest, MayBeEmpty) {
  for (const TF_DataType type : {TF_FLOAT, TF_BOOL, TF_STRING}) {
    const auto tensor = ReadRawTensor(type, {2, 0}, "");
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_THAT(tensor->dims(), ElementsAre(2, 0));
    EXPECT_EQ(*WriteRawTensor(*tensor), "");
  }
}

TEST(RawTensorTest, SaysWhatDoesNotFit) {
  EXPECT_EQ(Error(TF_FLOAT, {2, 3}, "1234"), "4 bytes do not hold the 6 elements of 4 bytes each of shape [2,3]");
  EXPECT_EQ(Error(TF_FLOAT, {-1}, "1234"), "negative dimension in shape [-1]");
  EXPECT_EQ(Error(TF_STRING, {2}, Bytes("\1\0\0\0a")), "5 bytes are too few for the lengths of 2 strings");
  EXPECT_EQ(Error(TF_STRING, {2}, Bytes("\1\0\0\0a\4\0\0\0abc")), "12 bytes end within string 1 of 2");
  EXPECT_EQ(Error(TF_STRING, {2}, Bytes("\4\0\0\0abcd\1\0\0")), "11 bytes end within string 1 of 2");
  EXPECT_EQ(Error(TF_STRING, {1}, Bytes("\xff\xff\xff\xff")), "4 bytes end within string 0 of 1");
  EXPECT_EQ(Error(TF_STRING, {1}, Bytes("\1\0\0\0abc")), "2 bytes are left behind 1 string");
}

// Nor is memory taken for them.
TEST(RawTensorTest, RefusesShapesThatCannotBeCounted) {
  constexpr int64_t kHuge = int64_t{1} << 62;
  for (const TF_DataType type : {TF_FLOAT, TF_STRING}) {
    EXPECT_NE(Error(type, {kHuge}, "1234"), "none");
    EXPECT_EQ(Error(type, {kHuge, 4}, "1234"), "too many elements in shape [4611686018427387904,4]");
    // As many bytes as there are, modulo 2^64.
    EXPECT_NE(Error(type, {kHuge, 1}, ""), "none");
    EXPECT_NE(Error(type, std::vector<int64_t>(255, 1), "1234"), "none");
  }
}

TEST(KServeTypeTest, NamesThoseThatThereAre) {
  EXPECT_EQ(KServeType("FP8").status(),
            absl::InvalidArgumentError("datatype \"FP8\" is none of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, "
                                       "INT32, INT64, FP16, BF16, FP32, FP64, BYTES"));
  EXPECT_FALSE(KServeType("fp32").ok());
  EXPECT_FALSE(KServeType("").ok());
  EXPECT_FALSE(IsKServeType(TF_COMPLEX64));
  EXPECT_EQ(KServeTypeName(TF_COMPLEX64), "COMPLEX64");
}

}  // namespace
}  // namespace trilho

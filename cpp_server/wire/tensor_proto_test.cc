#include "cpp_server/wire/tensor_proto.h"

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/data_type.h"
#include "cpp_server/wire/wire_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow/core/framework/tensor.pb.h"

namespace trilho {
namespace {

using ::tensorflow::TensorProto;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// How a type's elements look in a message and in memory.
struct NumberType {
  tensorflow::DataType type;
  // Adds the element that stands for `n`.
  void (*add)(TensorProto* proto, int n);
  // The same element as it stands in memory.
  std::string (*element)(int n);
  // Bytes of a value on the wire; 0 for a varint.
  size_t fixed;
};

template <typename T>
std::string Element(int n) {
  const T value = static_cast<T>(n);
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}
template <typename T>
std::string ComplexElement(int n) {
  const T value[2] = {static_cast<T>(n), static_cast<T>(n) / 2};
  return {reinterpret_cast<const char*>(value), sizeof(value)};
}
std::string BoolElement(int n) { return {n != 0 ? '\x01' : '\x00'}; }

template <typename T>
void AddInt(TensorProto* proto, int n) {
  proto->add_int_val(static_cast<T>(n));
}
void AddHalf(TensorProto* proto, int n) { proto->add_half_val(static_cast<uint16_t>(n)); }
void AddComplex64(TensorProto* proto, int n) {
  proto->add_scomplex_val(static_cast<float>(n));
  proto->add_scomplex_val(static_cast<float>(n) / 2);
}
void AddComplex128(TensorProto* proto, int n) {
  proto->add_dcomplex_val(n);
  proto->add_dcomplex_val(static_cast<double>(n) / 2);
}

const NumberType kNumberTypes[] = {
    {tensorflow::DT_FLOAT, [](TensorProto* p, int n) { p->add_float_val(static_cast<float>(n)); }, Element<float>, 4},
    {tensorflow::DT_DOUBLE, [](TensorProto* p, int n) { p->add_double_val(n); }, Element<double>, 8},
    {tensorflow::DT_INT8, AddInt<int8_t>, Element<int8_t>, 0},
    {tensorflow::DT_INT16, AddInt<int16_t>, Element<int16_t>, 0},
    {tensorflow::DT_INT32, AddInt<int32_t>, Element<int32_t>, 0},
    {tensorflow::DT_INT64, [](TensorProto* p, int n) { p->add_int64_val(n); }, Element<int64_t>, 0},
    {tensorflow::DT_UINT8, AddInt<uint8_t>, Element<uint8_t>, 0},
    {tensorflow::DT_UINT16, AddInt<uint16_t>, Element<uint16_t>, 0},
    {tensorflow::DT_UINT32, [](TensorProto* p, int n) { p->add_uint32_val(static_cast<uint32_t>(n)); },
     Element<uint32_t>, 0},
    {tensorflow::DT_UINT64, [](TensorProto* p, int n) { p->add_uint64_val(static_cast<uint64_t>(n)); },
     Element<uint64_t>, 0},
    {tensorflow::DT_BOOL, [](TensorProto* p, int n) { p->add_bool_val(n != 0); }, BoolElement, 0},
    {tensorflow::DT_HALF, AddHalf, Element<uint16_t>, 0},
    {tensorflow::DT_BFLOAT16, AddHalf, Element<uint16_t>, 0},
    {tensorflow::DT_COMPLEX64, AddComplex64, ComplexElement<float>, 4},
    {tensorflow::DT_COMPLEX128, AddComplex128, ComplexElement<double>, 8},
    {tensorflow::DT_QINT8, AddInt<int8_t>, Element<int8_t>, 0},
    {tensorflow::DT_QUINT8, AddInt<uint8_t>, Element<uint8_t>, 0},
    {tensorflow::DT_QINT16, AddInt<int16_t>, Element<int16_t>, 0},
    {tensorflow::DT_QUINT16, AddInt<uint16_t>, Element<uint16_t>, 0},
    {tensorflow::DT_QINT32, AddInt<int32_t>, Element<int32_t>, 0},
};

// Negative numbers and large ones are where encodings go wrong.
constexpr int kNumbers[] = {1, -2, 300, 0, -40000, 127};

TensorProto Header(tensorflow::DataType type, const std::vector<int64_t>& dims) {
  TensorProto proto;
  proto.set_dtype(type);
  proto.mutable_tensor_shape();
  for (int64_t dim : dims) proto.mutable_tensor_shape()->add_dim()->set_size(dim);
  return proto;
}

// A [2,3] tensor of kNumbers.
TensorProto Numbers(const NumberType& type) {
  TensorProto proto = Header(type.type, {2, 3});
  for (int n : kNumbers) type.add(&proto, n);
  return proto;
}

std::string Elements(const NumberType& type, const std::vector<int>& numbers) {
  std::string bytes;
  for (int n : numbers) bytes += type.element(n);
  return bytes;
}
std::string Elements(const NumberType& type) { return Elements(type, {std::begin(kNumbers), std::end(kNumbers)}); }

std::string BytesOf(const Tensor& tensor) { return {tensor.data<char>(), tensor.byte_size()}; }

std::vector<std::string> StringsOf(const Tensor& tensor) {
  std::vector<std::string> strings;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) strings.emplace_back(tensor.string(i));
  return strings;
}

// The same message with each value of a packed field as a field of its own, as
// old writers have it.
std::string Unpack(const NumberType& type, const TensorProto& proto) {
  const std::string bytes = proto.SerializeAsString();
  WireReader reader(bytes);
  WireWriter writer;
  while (reader.NextField()) {
    const uint32_t field = reader.field();
    if (reader.type() == WireType::kVarint) {
      writer.VarintField(field, reader.VarintField());
    } else if (field < 5) {
      writer.BytesField(field, reader.Bytes());
    } else {
      absl::string_view packed = reader.Bytes();
      WireReader values(packed);
      while (type.fixed == 0 && !values.done()) writer.VarintField(field, values.Varint());
      for (; type.fixed > 0 && !packed.empty(); packed.remove_prefix(type.fixed)) {
        writer.Tag(field, type.fixed == 4 ? WireType::kFixed32 : WireType::kFixed64);
        writer.Raw(packed.data(), type.fixed);
      }
    }
  }
  return std::move(writer).Release();
}

absl::Status ParseError(const TensorProto& proto) { return ParseTensorProto(proto.SerializeAsString()).status(); }

class NumberTypeTest : public ::testing::TestWithParam<NumberType> {};

TEST_P(NumberTypeTest, ReadsTheTypedField) {
  const auto tensor = ParseTensorProto(Numbers(GetParam()).SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(static_cast<int>(tensor->type()), static_cast<int>(GetParam().type));
  EXPECT_THAT(tensor->dims(), ElementsAre(2, 3));
  EXPECT_EQ(BytesOf(*tensor), Elements(GetParam()));
}

TEST_P(NumberTypeTest, ReadsTheTypedFieldUnpacked) {
  const auto tensor = ParseTensorProto(Unpack(GetParam(), Numbers(GetParam())));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(BytesOf(*tensor), Elements(GetParam()));
}

TEST_P(NumberTypeTest, ReadsATypedFieldInPieces) {
  TensorProto first = Header(GetParam().type, {2, 3});
  TensorProto second;
  for (int i = 0; i < 6; ++i) GetParam().add(i < 2 ? &first : &second, kNumbers[i]);
  const auto tensor = ParseTensorProto(first.SerializeAsString() + second.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(BytesOf(*tensor), Elements(GetParam()));
}

TEST_P(NumberTypeTest, ReadsTensorContent) {
  TensorProto proto = Header(GetParam().type, {6});
  proto.set_tensor_content(Elements(GetParam()));
  const auto tensor = ParseTensorProto(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(BytesOf(*tensor), Elements(GetParam()));
}

TEST_P(NumberTypeTest, RepeatsTheLastOfTooFewValues) {
  TensorProto proto = Header(GetParam().type, {4});
  GetParam().add(&proto, 1);
  GetParam().add(&proto, -2);
  const auto tensor = ParseTensorProto(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(BytesOf(*tensor), Elements(GetParam(), {1, -2, -2, -2}));
}

TEST_P(NumberTypeTest, NoValuesAreZeros) {
  const auto tensor = ParseTensorProto(Header(GetParam().type, {2, 2}).SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(BytesOf(*tensor), Elements(GetParam(), {0, 0, 0, 0}));
}

TEST_P(NumberTypeTest, IgnoresValuesBeyondTheLastElement) {
  TensorProto proto = Header(GetParam().type, {2});
  for (int n : kNumbers) GetParam().add(&proto, n);
  for (const std::string& bytes : {proto.SerializeAsString(), Unpack(GetParam(), proto)}) {
    const auto tensor = ParseTensorProto(bytes);
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(BytesOf(*tensor), Elements(GetParam(), {1, -2}));
  }
}

TEST_P(NumberTypeTest, ReadsScalarsAndEmptyTensors) {
  TensorProto scalar = Header(GetParam().type, {});
  GetParam().add(&scalar, 7);
  const auto tensor = ParseTensorProto(scalar.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->rank(), 0);
  EXPECT_EQ(BytesOf(*tensor), Elements(GetParam(), {7}));

  const auto empty = ParseTensorProto(Header(GetParam().type, {3, 0}).SerializeAsString());
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_THAT(empty->dims(), ElementsAre(3, 0));
  EXPECT_EQ(empty->byte_size(), 0u);
}

TEST_P(NumberTypeTest, RefusesContentOfAnotherLength) {
  for (int missing_or_extra : {-1, 1}) {
    TensorProto proto = Header(GetParam().type, {6});
    std::string content = Elements(GetParam());
    content.resize(content.size() + static_cast<size_t>(static_cast<int64_t>(missing_or_extra)));
    proto.set_tensor_content(content);
    const absl::Status status = ParseError(proto);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), absl::StrCat("tensor_content holds ", content.size(), " bytes, shape [6] of ",
                                             DataTypeName(static_cast<TF_DataType>(GetParam().type)), " needs ",
                                             Elements(GetParam()).size()));
  }
}

TEST_P(NumberTypeTest, ProtobufReadsWhatIsWritten) {
  TensorProto expected = Numbers(GetParam());
  const auto tensor = ParseTensorProto(expected.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  WireWriter writer;
  WriteTensorProto(*tensor, &writer);
  EXPECT_EQ(TensorProtoSize(*tensor), writer.size());
  TensorProto written;
  ASSERT_TRUE(written.ParseFromString(std::move(writer).Release()));
  EXPECT_EQ(written.DebugString(), expected.DebugString());
}

std::string NameOf(const ::testing::TestParamInfo<NumberType>& info) {
  return DataTypeName(static_cast<TF_DataType>(info.param.type));
}
INSTANTIATE_TEST_SUITE_P(EveryNumberType, NumberTypeTest, ::testing::ValuesIn(kNumberTypes), NameOf);

TEST(StringTensorTest, ReadsStringValues) {
  TensorProto proto = Header(tensorflow::DT_STRING, {2, 2});
  const std::string with_zero("a\0b", 3);
  for (const std::string& text : {std::string("short"), std::string(), std::string(1000, 'x'), with_zero}) {
    proto.add_string_val(text);
  }
  const auto tensor = ParseTensorProto(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_THAT(StringsOf(*tensor), ElementsAre("short", "", std::string(1000, 'x'), with_zero));
  EXPECT_THAT(tensor->dims(), ElementsAre(2, 2));

  WireWriter writer;
  WriteTensorProto(*tensor, &writer);
  EXPECT_EQ(TensorProtoSize(*tensor), writer.size());
  EXPECT_EQ(std::move(writer).Release(), proto.SerializeAsString());
}

// TensorFlow's own layout: all lengths as varints, then all bytes.
TEST(StringTensorTest, ReadsTensorContent) {
  const std::string long_text(200, 'y');
  WireWriter content;
  for (size_t size : {size_t{1}, size_t{0}, long_text.size()}) content.Varint(size);
  content.Raw("a", 1);
  content.Raw(long_text.data(), long_text.size());
  TensorProto proto = Header(tensorflow::DT_STRING, {3});
  proto.set_tensor_content(std::move(content).Release());
  const auto tensor = ParseTensorProto(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_THAT(StringsOf(*tensor), ElementsAre("a", "", long_text));
}

TEST(StringTensorTest, RefusesContentThatDoesNotAddUp) {
  for (const std::string& content :
       {std::string("\x01"), std::string("\x01\x01"), std::string("\x01\x01x"), std::string("\x01\x01xyz"),
        std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01x"), std::string("\x80\x80")}) {
    TensorProto proto = Header(tensorflow::DT_STRING, {2});
    proto.set_tensor_content(content);
    EXPECT_EQ(ParseError(proto), absl::InvalidArgumentError("malformed TensorProto"));
  }
}

TEST(StringTensorTest, RepeatsTheLastValueAndIgnoresMoreThanThereAreElements) {
  TensorProto proto = Header(tensorflow::DT_STRING, {3});
  proto.add_string_val("a");
  proto.add_string_val("b");
  EXPECT_THAT(StringsOf(*ParseTensorProto(proto.SerializeAsString())), ElementsAre("a", "b", "b"));
  for (const char* text : {"c", "d"}) proto.add_string_val(text);
  EXPECT_THAT(StringsOf(*ParseTensorProto(proto.SerializeAsString())), ElementsAre("a", "b", "c"));
  proto.clear_string_val();
  EXPECT_THAT(StringsOf(*ParseTensorProto(proto.SerializeAsString())), ElementsAre("", "", ""));
}

// 500 KB sent must not become 250 GB.
TEST(StringTensorTest, RefusesToRepeatALongStringManyTimes) {
  TensorProto proto = Header(tensorflow::DT_STRING, {500000});
  proto.add_string_val(std::string(500000, 'x'));
  EXPECT_THAT(ParseError(proto).message(), HasSubstr("repeating a string of 500000 bytes 499999 times"));
}

TEST(ParseTensorProtoTest, TypeAndShapeMayStandBehindTheValues) {
  TensorProto values;
  values.add_float_val(1.5f);
  const auto tensor =
      ParseTensorProto(values.SerializeAsString() + Header(tensorflow::DT_FLOAT, {2}).SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->data<float>()[1], 1.5f);
}

TEST(ParseTensorProtoTest, ValuesOfAnotherTypeAreNotLookedAt) {
  TensorProto proto = Header(tensorflow::DT_FLOAT, {1});
  proto.add_int_val(7);
  const auto tensor = ParseTensorProto(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->data<float>()[0], 0.0f);
}

TEST(ParseTensorProtoTest, WhatIsNotFalseInContentIsOne) {
  TensorProto proto;
  proto.set_dtype(tensorflow::DT_BOOL);
  proto.mutable_tensor_shape()->add_dim()->set_size(4);
  proto.set_tensor_content("\x01\xff\x02" + std::string(1, '\0'));
  const auto tensor = ParseTensorProto(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(absl::string_view(tensor->data<char>(), tensor->byte_size()), absl::string_view("\1\1\1\0", 4));
}

TEST(ParseTensorProtoTest, RefusesShapesThatAreNone) {
  EXPECT_EQ(ParseError(Header(tensorflow::DT_FLOAT, {2, -1})),
            absl::InvalidArgumentError("negative dimension in shape [2,-1]"));
  TensorProto unknown_rank = Header(tensorflow::DT_FLOAT, {});
  unknown_rank.mutable_tensor_shape()->set_unknown_rank(true);
  EXPECT_EQ(ParseError(unknown_rank), absl::InvalidArgumentError("a tensor's shape must be known"));
}

TEST(ParseTensorProtoTest, RefusesTypesThatCannotBeSent) {
  EXPECT_EQ(ParseTensorProto("").status(), absl::InvalidArgumentError("unknown dtype enum (0) cannot be sent"));
  EXPECT_EQ(ParseError(Header(tensorflow::DT_RESOURCE, {1})), absl::InvalidArgumentError("resource cannot be sent"));
  EXPECT_EQ(ParseError(Header(tensorflow::DT_VARIANT, {1})), absl::InvalidArgumentError("variant cannot be sent"));
  EXPECT_EQ(ParseError(Header(tensorflow::DT_FLOAT_REF, {1})),
            absl::InvalidArgumentError("unknown dtype enum (101) cannot be sent"));
  EXPECT_FALSE(CanSerialize(TF_RESOURCE));
  EXPECT_FALSE(CanSerialize(TF_VARIANT));
  EXPECT_TRUE(CanSerialize(TF_STRING));
}

// Thirty bytes on the wire must not get gigabytes of memory.
TEST(ParseTensorProtoTest, RefusesHugeShapesWithoutAllocatingThem) {
  const int64_t huge = int64_t{1} << 62;
  EXPECT_EQ(ParseError(Header(tensorflow::DT_FLOAT, {huge})).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseError(Header(tensorflow::DT_FLOAT, {huge, huge})).message(),
            absl::StrCat("too many elements in shape [", huge, ",", huge, "]"));
  for (tensorflow::DataType type : {tensorflow::DT_BOOL, tensorflow::DT_FLOAT, tensorflow::DT_STRING}) {
    for (int64_t elements : {int64_t{1} << 28, int64_t{1} << 29, int64_t{1} << 31, int64_t{1} << 33}) {
      TensorProto proto = Header(type, {elements});
      proto.add_float_val(1);
      EXPECT_EQ(ParseError(proto).code(), absl::StatusCode::kInvalidArgument) << type << " " << elements;
    }
  }
  EXPECT_THAT(ParseError(Header(tensorflow::DT_FLOAT, {1 << 29})).message(),
              HasSubstr("shape [536870912] of float holds more than 67108864 bytes, of which only a part was sent"));
}

TEST(ParseTensorProtoTest, RepeatsAValueIntoALargeTensor) {
  TensorProto proto = Header(tensorflow::DT_FLOAT, {1024, 1024});
  proto.add_float_val(0.5f);
  const auto tensor = ParseTensorProto(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->data<float>()[1024 * 1024 - 1], 0.5f);
}

// TensorFlow ends the process over a shape of more dimensions than it knows.
TEST(ParseTensorProtoTest, RefusesMoreDimensionsThanTensorFlowHas) {
  EXPECT_TRUE(ParseError(Header(tensorflow::DT_FLOAT, std::vector<int64_t>(254, 1))).ok());
  EXPECT_EQ(ParseError(Header(tensorflow::DT_FLOAT, std::vector<int64_t>(255, 1))),
            absl::InvalidArgumentError("a shape of 255 dimensions, 254 are possible"));
  EXPECT_EQ(ParseError(Header(tensorflow::DT_STRING, std::vector<int64_t>(100000, 1))).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ParseTensorProtoTest, AnEmptyTensorMayHaveLargeDimensions) {
  const int64_t huge = int64_t{1} << 62;
  const auto tensor = ParseTensorProto(Header(tensorflow::DT_FLOAT, {0, huge, huge}).SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->num_elements(), 0);
}

TEST(ParseTensorProtoTest, RefusesAFractionOfAValue) {
  TensorProto half_complex = Header(tensorflow::DT_COMPLEX64, {2});
  half_complex.add_scomplex_val(1);
  EXPECT_EQ(ParseError(half_complex), absl::InvalidArgumentError("half a complex number"));

  WireWriter writer;
  writer.BytesField(5, "12345");
  EXPECT_EQ(
      ParseTensorProto(Header(tensorflow::DT_FLOAT, {2}).SerializeAsString() + std::move(writer).Release()).status(),
      absl::InvalidArgumentError("malformed TensorProto"));
}

}  // namespace
}  // namespace trilho

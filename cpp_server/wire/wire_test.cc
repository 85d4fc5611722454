#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "cpp_server/wire/wire_reader.h"
#include "cpp_server/wire/wire_writer.h"
#include "gmock/gmock.h"
#include "google/protobuf/empty.pb.h"
#include "gtest/gtest.h"
#include "tensorflow/core/framework/attr_value.pb.h"
#include "tensorflow/core/protobuf/struct.pb.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kMaxUint64 = std::numeric_limits<uint64_t>::max();

// Numbers on both sides of every length that a varint can have.
std::vector<uint64_t> NumbersOfEveryVarintLength() {
  std::vector<uint64_t> numbers = {0, 1, kMaxUint64, uint64_t{1} << 63};
  for (int bits = 7; bits < 64; bits += 7) {
    numbers.push_back((uint64_t{1} << bits) - 1);
    numbers.push_back(uint64_t{1} << bits);
  }
  return numbers;
}

tensorflow::serving::PredictRequest SomePredictRequest() {
  tensorflow::serving::PredictRequest request;
  request.mutable_model_spec()->set_name("mnist");
  request.mutable_model_spec()->mutable_version()->set_value(-7);
  tensorflow::TensorProto& tensor = (*request.mutable_inputs())["x"];
  tensor.set_dtype(tensorflow::DT_FLOAT);
  tensor.mutable_tensor_shape()->add_dim()->set_size(300);
  tensor.add_float_val(0.5f);
  request.add_output_filter("");
  request.add_output_filter("scores");
  return request;
}

// Skips over everything; whether it was well-formed.
bool Walk(absl::string_view bytes) {
  WireReader reader(bytes);
  while (reader.NextField()) reader.Skip();
  return reader.ok();
}

// What a reader makes of `bytes`, given as its own heap block so that
// AddressSanitizer sees any read beyond the end.
bool WalkExactly(const std::string& bytes) {
  const std::vector<char> block(bytes.begin(), bytes.end());
  return Walk({block.data(), block.size()});
}

TEST(WireReaderTest, ReadsWhatProtobufWrites) {
  const std::string bytes = SomePredictRequest().SerializeAsString();
  WireReader reader(bytes);
  std::string name;
  int64_t version = 0;
  std::vector<std::string> filter;
  while (reader.NextField()) {
    if (reader.field() == 1) {
      WireReader spec(reader.Bytes());
      while (spec.NextField()) {
        if (spec.field() == 1) {
          name = std::string(spec.Bytes());
        } else if (spec.field() == 2) {
          WireReader value(spec.Bytes());
          while (value.NextField()) version = static_cast<int64_t>(value.VarintField());
        } else {
          spec.Skip();
        }
      }
      EXPECT_TRUE(spec.ok());
    } else if (reader.field() == 3) {
      filter.emplace_back(reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(name, "mnist");
  EXPECT_EQ(version, -7);
  EXPECT_THAT(filter, ElementsAre("", "scores"));
}

TEST(WireReaderTest, ReadsFixedValues) {
  tensorflow::AttrValue four_bytes;
  four_bytes.set_f(-2.5f);
  const std::string four = four_bytes.SerializeAsString();
  WireReader reader(four);
  ASSERT_TRUE(reader.NextField());
  EXPECT_EQ(reader.type(), WireType::kFixed32);
  EXPECT_EQ(reader.FixedField<float>(), -2.5f);
  EXPECT_FALSE(reader.NextField());
  EXPECT_TRUE(reader.ok());

  tensorflow::StructuredValue eight_bytes;
  eight_bytes.set_float64_value(1e300);
  const std::string eight = eight_bytes.SerializeAsString();
  WireReader other(eight);
  ASSERT_TRUE(other.NextField());
  EXPECT_EQ(other.type(), WireType::kFixed64);
  EXPECT_EQ(other.FixedField<double>(), 1e300);
  EXPECT_TRUE(other.ok());
}

TEST(WireReaderTest, SkipsFieldsOfEveryType) {
  tensorflow::AttrValue attr;
  attr.mutable_list()->add_s("text");
  attr.mutable_list()->add_i(300);
  attr.mutable_list()->add_f(0.5f);
  EXPECT_TRUE(Walk(attr.SerializeAsString()));
  tensorflow::StructuredValue value;
  value.set_float64_value(0.5);
  EXPECT_TRUE(Walk(value.SerializeAsString()));
}

TEST(WireReaderTest, AnEmptyMessageHasNoFields) {
  WireReader reader("");
  EXPECT_FALSE(reader.NextField());
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.done());
}

// A cut message is an error unless the cut falls between two fields, where
// what is left is a message again. Protobuf's own parser is the judge.
TEST(WireReaderTest, KnowsAMessageThatIsCutAnywhere) {
  tensorflow::StructuredValue fixed64;
  fixed64.set_float64_value(0.5);
  tensorflow::AttrValue fixed32;
  fixed32.set_f(0.5f);
  const std::string bytes =
      SomePredictRequest().SerializeAsString() + fixed64.SerializeAsString() + fixed32.SerializeAsString();
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    google::protobuf::Empty any_message;
    EXPECT_EQ(WalkExactly(cut), any_message.ParseFromString(cut)) << "cut at byte " << size;
  }
}

TEST(WireReaderTest, RefusesVarintsOfMoreThanTenBytes) {
  const std::string tag("\x08");
  EXPECT_TRUE(WalkExactly(tag + std::string(9, '\xff') + '\x01'));
  EXPECT_FALSE(WalkExactly(tag + std::string(10, '\xff') + '\x01'));
  EXPECT_FALSE(WalkExactly(tag + std::string(10, '\x80') + '\x00'));
  EXPECT_FALSE(WalkExactly(std::string(100, '\xff')));
  EXPECT_FALSE(WalkExactly(tag)) << "a varint without any byte";
}

TEST(WireReaderTest, TakesAVarintThatIsLongerThanItNeedsToBe) {
  const std::string bytes("\x08\x81\x80\x00", 4);
  WireReader reader(bytes);
  ASSERT_TRUE(reader.NextField());
  EXPECT_EQ(reader.VarintField(), 1u);
  EXPECT_TRUE(reader.ok());
}

TEST(WireReaderTest, RefusesALengthThatPointsBeyondTheEnd) {
  EXPECT_FALSE(WalkExactly(std::string("\x0a\x02\x61", 3)));
  EXPECT_FALSE(WalkExactly(std::string("\x0a") + std::string(9, '\xff') + '\x01')) << "2^64 - 1 bytes";
}

TEST(WireReaderTest, RefusesGroupsAndUnknownWireTypes) {
  for (int wire_type : {3, 4, 6, 7}) {
    EXPECT_FALSE(WalkExactly(std::string(1, static_cast<char>(1 << 3 | wire_type)))) << wire_type;
  }
}

TEST(WireReaderTest, RefusesFieldNumbersThatProtobufHasNot) {
  const auto with_field = [](uint64_t field) {
    WireWriter writer;
    writer.Varint(field << 3);
    writer.Varint(0);
    return std::move(writer).Release();
  };
  EXPECT_FALSE(WalkExactly(with_field(0)));
  EXPECT_TRUE(WalkExactly(with_field(1)));
  EXPECT_TRUE(WalkExactly(with_field(0x1fffffff)));
  EXPECT_FALSE(WalkExactly(with_field(0x20000000)));
  EXPECT_FALSE(WalkExactly(with_field(uint64_t{1} << 60)));
}

TEST(WireReaderTest, RefusesTagsOfMoreThanFiveBytesAsProtobufDoes) {
  // Field 1, a varint, behind a tag with `zeros` empty bytes.
  const auto padded = [](int zeros) {
    std::string tag(1, '\x88');
    tag += std::string(static_cast<size_t>(zeros), '\x80');
    return tag + std::string("\0\x07", 2);
  };
  for (const int zeros : {0, 3, 4, 8}) {
    const std::string bytes = padded(zeros);
    google::protobuf::Empty message;
    EXPECT_EQ(message.ParseFromString(bytes), zeros <= 3) << zeros;
    EXPECT_EQ(WalkExactly(bytes), zeros <= 3) << zeros;
  }
}

TEST(WireReaderTest, RefusesLengthsOfMoreThanFiveBytesAsProtobufDoes) {
  // Of field 10, which is skipped.
  for (int zeros = 1; zeros <= 9; ++zeros) {
    const std::string bytes = "\x52" + std::string(static_cast<size_t>(zeros), '\x80') + std::string(1, '\0');
    google::protobuf::Empty message;
    EXPECT_EQ(message.ParseFromString(bytes), zeros < 5) << zeros;
    EXPECT_EQ(WalkExactly(bytes), zeros < 5) << zeros;
  }
}

TEST(WireReaderTest, AFieldOfAnotherTypeIsAnError) {
  const std::string varint("\x08\x01", 2);
  const std::string bytes("\x0a\x01\x61", 3);
  const std::string fixed32("\x0d\x00\x00\x00\x00", 5);
  const auto read = [](const std::string& message, auto method) {
    WireReader reader(message);
    EXPECT_TRUE(reader.NextField());
    method(&reader);
    // After an error the walk is over.
    EXPECT_EQ(reader.NextField(), false);
    return reader.ok();
  };
  const auto as_varint = [](WireReader* reader) { reader->VarintField(); };
  const auto as_bytes = [](WireReader* reader) { reader->Bytes(); };
  const auto as_fixed32 = [](WireReader* reader) { reader->FixedField<uint32_t>(); };
  const auto as_fixed64 = [](WireReader* reader) { reader->FixedField<uint64_t>(); };
  EXPECT_TRUE(read(varint, as_varint));
  EXPECT_FALSE(read(varint, as_bytes));
  EXPECT_FALSE(read(varint, as_fixed32));
  EXPECT_FALSE(read(varint, as_fixed64));
  EXPECT_TRUE(read(bytes, as_bytes));
  EXPECT_FALSE(read(bytes, as_varint));
  EXPECT_FALSE(read(bytes, as_fixed64));
  EXPECT_TRUE(read(fixed32, as_fixed32));
  EXPECT_FALSE(read(fixed32, as_fixed64));
  EXPECT_FALSE(read(fixed32, as_bytes));
}

TEST(WireWriterTest, ProtobufReadsWhatIsWritten) {
  for (const uint64_t number : NumbersOfEveryVarintLength()) {
    WireWriter writer;
    writer.VarintField(3, number);
    tensorflow::AttrValue attr;
    ASSERT_TRUE(attr.ParseFromString(std::move(writer).Release())) << number;
    EXPECT_EQ(attr.i(), static_cast<int64_t>(number));
  }
  for (const size_t length : {size_t{0}, size_t{1}, size_t{127}, size_t{128}, size_t{20000}}) {
    const std::string text(length, 'x');
    WireWriter writer;
    writer.BytesField(2, text);
    tensorflow::AttrValue attr;
    ASSERT_TRUE(attr.ParseFromString(std::move(writer).Release())) << length;
    EXPECT_EQ(attr.s(), text);
  }
}

TEST(WireWriterTest, WhatIsWrittenReadsBack) {
  for (const uint64_t number : NumbersOfEveryVarintLength()) {
    WireWriter writer;
    writer.VarintField(0x1fffffff, number);
    writer.BeginBytes(16, 3);
    writer.Raw("abc", 3);
    const std::string bytes = std::move(writer).Release();
    WireReader reader(bytes);
    ASSERT_TRUE(reader.NextField());
    EXPECT_EQ(reader.field(), 0x1fffffffu);
    EXPECT_EQ(reader.VarintField(), number);
    ASSERT_TRUE(reader.NextField());
    EXPECT_EQ(reader.field(), 16u);
    EXPECT_EQ(reader.Bytes(), "abc");
    EXPECT_FALSE(reader.NextField());
    EXPECT_TRUE(reader.ok());
  }
}

TEST(WireWriterTest, AnnouncedSizesAreTheWrittenOnes) {
  for (const uint64_t number : NumbersOfEveryVarintLength()) {
    for (const uint32_t field : {1u, 15u, 16u, 2047u, 2048u, 0x1fffffffu}) {
      WireWriter varint;
      varint.Varint(number);
      EXPECT_EQ(WireWriter::VarintSize(number), varint.size()) << number;

      WireWriter varint_field;
      varint_field.VarintField(field, number);
      EXPECT_EQ(WireWriter::VarintFieldSize(field, number), varint_field.size()) << field << " " << number;

      const std::string content(number % 300, 'x');
      WireWriter bytes;
      bytes.BytesField(field, content);
      EXPECT_EQ(WireWriter::BytesFieldSize(field, content.size()), bytes.size()) << field << " " << content.size();
    }
  }
}

}  // namespace
}  // namespace trilho

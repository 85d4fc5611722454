// Requests that are right.

#include "cpp_server/contracts/request_decoder.h"

#include <limits>
#include <string>
#include <vector>

#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/wire/wire_writer.h"
#include "gmock/gmock.h"

namespace trilho {
namespace {

constexpr char kService[] = R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } })";

// A contract of `messages`, of which "In" is the request.
class Decoded {
 public:
  explicit Decoded(const std::string& messages) : compiled_(TestProto(kService + messages)) {}

  Decoded& Read(const std::string& text) { return ReadBytes(compiled_.Bytes("In", text)); }
  Decoded& ReadBytes(const std::string& bytes) {
    auto decoded = DecodeRequest(compiled_.method(), bytes);
    EXPECT_TRUE(decoded.ok()) << decoded.status();
    decoded_ = decoded.ok() ? *std::move(decoded) : DecodedRequest();
    return *this;
  }

  int64_t examples() const { return decoded_.examples; }
  CompiledProto& compiled() { return compiled_; }
  const Tensor& operator[](const std::string& alias) const {
    const auto& tensors = compiled_.method().request.tensors;
    for (size_t i = 0; i < decoded_.tensors.size(); ++i) {
      if (tensors[i].alias == alias) return decoded_.tensors[i];
    }
    ADD_FAILURE() << alias;
    static const Tensor* const none = new Tensor(*Tensor::Allocate(TF_STRING, {}));
    return *none;
  }

 private:
  CompiledProto compiled_;
  DecodedRequest decoded_;
};

TEST(RequestDecoderTest, OneExampleOfFixedShape) {
  Decoded decoded("message In { repeated float x = 1 [(trilho.contract.tensor) = { shape: [2, 3] }]; }");
  decoded.Read("x: [1, 2, 3, 4, 5, 6]");
  EXPECT_EQ(decoded.examples(), 1);
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[1,2,3] 1 2 3 4 5 6");
}

// As Keras has the tensor of one value.
TEST(RequestDecoderTest, ASingleFieldMayHaveAShapeOfOnes) {
  Decoded decoded(R"(
    message In { repeated Person people = 1 [(trilho.contract.batch) = true]; }
    message Person {
      float age = 1 [(trilho.contract.tensor) = { shape: 1 }];
      string name = 2 [(trilho.contract.tensor) = { shape: [1, 1] vocabulary: ["", "ana"] }];
      optional int32 rate = 3 [(trilho.contract.tensor) = { shape: 1 dtype: INT8 default_number: 7 }];
    })");
  decoded.Read("people { age: 4 name: 'ana' rate: -1 } people { }");
  EXPECT_EQ(TensorText<float>(decoded["age"]), "[2,1] 4 0");
  EXPECT_EQ(StringsText(decoded["name"]), "[2,1,1] \"ana\" \"\"");
  EXPECT_EQ(TensorText<int8_t>(decoded["rate"]), "[2,1] -1 7");
}

TEST(RequestDecoderTest, OneExampleThatCounts) {
  Decoded decoded("message In { repeated string history = 1; repeated float empty = 2; int32 count = 3; }");
  decoded.Read("history: ['a', '', 'c'] count: -5");
  EXPECT_EQ(StringsText(decoded["history"]), "[1,3] \"a\" \"\" \"c\"");
  EXPECT_EQ(TensorText<float>(decoded["empty"]), "[1,0]");
  EXPECT_EQ(TensorText<int32_t>(decoded["count"]), "[1] -5");
}

TEST(RequestDecoderTest, ABatch) {
  Decoded decoded(R"(
    message In { repeated Person people = 1 [(trilho.contract.batch) = true]; }
    message Person { float age = 1; string name = 2; Place place = 3; repeated int64 ids = 4; }
    message Place { string city = 1; repeated float at = 2 [(trilho.contract.tensor) = { shape: 2 }]; })");
  decoded.Read(R"(
    people { age: 1 name: "ana" place { city: "Porto" at: [1, 2] } ids: [1, 2, 3] }
    people { age: 2 place { at: [3, 4] } ids: [4, 5, 6] })");
  EXPECT_EQ(decoded.examples(), 2);
  EXPECT_EQ(TensorText<float>(decoded["age"]), "[2] 1 2");
  EXPECT_EQ(StringsText(decoded["name"]), "[2] \"ana\" \"\"");
  EXPECT_EQ(StringsText(decoded["city"]), "[2] \"Porto\" \"\"");
  EXPECT_EQ(TensorText<float>(decoded["at"]), "[2,2] 1 2 3 4");
  EXPECT_EQ(TensorText<int64_t>(decoded["ids"]), "[2,3] 1 2 3 4 5 6");
}

TEST(RequestDecoderTest, RepeatedMessagesAreDimensions) {
  Decoded decoded(R"(
    message In { repeated Table tables = 1 [(trilho.contract.batch) = true]; }
    message Table { repeated Row rows = 1; }
    message Row { string name = 1; repeated Cell cells = 2; }
    message Cell { repeated float x = 1 [(trilho.contract.tensor) = { shape: 2 }]; int32 y = 2; })");
  decoded.Read(R"(
    tables {
      rows { name: "a" cells { x: [1, 2] y: 1 } cells { x: [3, 4] } cells { x: [5, 6] y: 3 } }
      rows { name: "b" cells { x: [1, 2] } cells { x: [3, 4] y: 5 } cells { x: [5, 6] } }
    }
    tables {
      rows { cells { x: [11, 12] } cells { x: [13, 14] } cells { x: [15, 16] } }
      rows { cells { x: [21, 22] y: 7 } cells { x: [23, 24] } cells { x: [25, 26] } }
    })");
  EXPECT_EQ(StringsText(decoded["name"]), "[2,2] \"a\" \"b\" \"\" \"\"");
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[2,2,3,2] 1 2 3 4 5 6 1 2 3 4 5 6 11 12 13 14 15 16 21 22 23 24 25 26");
  EXPECT_EQ(TensorText<int32_t>(decoded["y"]), "[2,2,3] 1 0 3 0 5 0 0 0 0 7 0 0");
}

TEST(RequestDecoderTest, NoElementsAreADimensionOfNone) {
  Decoded decoded(R"(
    message In { repeated Row rows = 1; float z = 2; }
    message Row { repeated float x = 1; repeated float y = 2 [(trilho.contract.tensor) = { shape: 2 }]; })");
  decoded.Read("");
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[1,0,0]");
  EXPECT_EQ(TensorText<float>(decoded["y"]), "[1,0,2]");
  EXPECT_EQ(TensorText<float>(decoded["z"]), "[1] 0");
}

TEST(RequestDecoderTest, EveryTypeOfField) {
  const std::string fields = R"(double a = 1; float b = 2; int64 c = 3; uint64 d = 4; int32 e = 5; fixed64 f = 6;
      fixed32 g = 7; bool h = 8; bytes j = 10; uint32 k = 11; Color l = 12; sfixed32 m = 13; sfixed64 n = 14;
      sint32 o = 15; sint64 p = 16; } enum Color { RED = 0; BLUE = 3; })";
  Decoded decoded("message In { " + fields);
  decoded.Read(R"(a: 0.1 b: -2 c: -9223372036854775808 d: 18446744073709551615 e: -5 f: 18446744073709551615
                  g: 4294967295 h: true j: "\377" k: 4294967295 l: BLUE m: -7 n: -8 o: -2147483648
                  p: -9223372036854775808)");
  EXPECT_EQ(TensorText<double>(decoded["a"]), "[1] 0.1");
  EXPECT_EQ(TensorText<float>(decoded["b"]), "[1] -2");
  EXPECT_EQ(TensorText<int64_t>(decoded["c"]), "[1] -9223372036854775808");
  EXPECT_EQ(TensorText<uint64_t>(decoded["d"]), "[1] 18446744073709551615");
  EXPECT_EQ(TensorText<int32_t>(decoded["e"]), "[1] -5");
  EXPECT_EQ(TensorText<uint64_t>(decoded["f"]), "[1] 18446744073709551615");
  EXPECT_EQ(TensorText<uint32_t>(decoded["g"]), "[1] 4294967295");
  EXPECT_EQ(TensorText<uint8_t>(decoded["h"]), "[1] 1");
  EXPECT_EQ(StringsText(decoded["j"]), "[1] \"\377\"");
  EXPECT_EQ(TensorText<uint32_t>(decoded["k"]), "[1] 4294967295");
  EXPECT_EQ(TensorText<int32_t>(decoded["l"]), "[1] 3");
  EXPECT_EQ(TensorText<int32_t>(decoded["m"]), "[1] -7");
  EXPECT_EQ(TensorText<int64_t>(decoded["n"]), "[1] -8");
  EXPECT_EQ(TensorText<int32_t>(decoded["o"]), "[1] -2147483648");
  EXPECT_EQ(TensorText<int64_t>(decoded["p"]), "[1] -9223372036854775808");
}

// The fields of In are packed, those of Out, with the same numbers, are not.
TEST(RequestDecoderTest, PackedAndNotAndInPieces) {
  Decoded decoded(R"(
    message In { repeated float a = 1; repeated sint32 b = 2; repeated bool c = 3; repeated sfixed64 d = 4;
                 repeated float e = 5 [(trilho.contract.tensor) = { shape: 4 }]; repeated bytes f = 6; }
    message Out { repeated float a = 1 [packed = false]; repeated sint32 b = 2 [packed = false];
                  repeated bool c = 3 [packed = false]; repeated sfixed64 d = 4 [packed = false];
                  repeated float e = 5 [packed = false]; })");
  const std::string packed =
      decoded.compiled().Bytes("In", "a: [1, 2] b: [-1, 300] c: [true, false] d: [-5] e: [1, 2]");
  const std::string single = decoded.compiled().Bytes("Out", "a: [3, 4] b: [-3] c: [true] d: [6, 7] e: [3, 4]");
  decoded.ReadBytes(packed + single);
  EXPECT_EQ(TensorText<float>(decoded["a"]), "[1,4] 1 2 3 4");
  EXPECT_EQ(TensorText<int32_t>(decoded["b"]), "[1,3] -1 300 -3");
  EXPECT_EQ(TensorText<uint8_t>(decoded["c"]), "[1,3] 1 0 1");
  EXPECT_EQ(TensorText<int64_t>(decoded["d"]), "[1,3] -5 6 7");
  EXPECT_EQ(TensorText<float>(decoded["e"]), "[1,4] 1 2 3 4");
  decoded.ReadBytes(single + packed);
  EXPECT_EQ(TensorText<float>(decoded["a"]), "[1,4] 3 4 1 2");
  EXPECT_EQ(TensorText<float>(decoded["e"]), "[1,4] 3 4 1 2");
}

// As protobuf does: the values that are not the last are not checked either.
TEST(RequestDecoderTest, TheLastOfASingleFieldCounts) {
  Decoded decoded(R"(
    message In { float x = 1 [(trilho.contract.tensor) = { maximum: 5 }];
                 string s = 2 [(trilho.contract.tensor) = { vocabulary: "b" }]; })");
  decoded.ReadBytes(decoded.compiled().Bytes("In", "x: 9 s: 'a'") + decoded.compiled().Bytes("In", "x: 4 s: 'b'"));
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[1] 4");
  EXPECT_EQ(StringsText(decoded["s"]), "[1] \"b\"");
}

TEST(RequestDecoderTest, ASingleMessageThatComesTwiceIsMerged) {
  Decoded decoded(R"(
    message In { Place place = 1; }
    message Place { float x = 1; float y = 2; repeated int32 ids = 3; repeated Row rows = 4; }
    message Row { int32 cell = 1; })");
  decoded.ReadBytes(decoded.compiled().Bytes("In", "place { x: 1 y: 1 ids: 1 rows { cell: 1 } }") +
                    decoded.compiled().Bytes("In", "place { y: 2 ids: [2, 3] rows { cell: 2 } }"));
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[1] 1");
  EXPECT_EQ(TensorText<float>(decoded["y"]), "[1] 2");
  EXPECT_EQ(TensorText<int32_t>(decoded["ids"]), "[1,3] 1 2 3");
  EXPECT_EQ(TensorText<int32_t>(decoded["cell"]), "[1,2] 1 2");
}

TEST(RequestDecoderTest, UnknownFieldsAreSkipped) {
  Decoded decoded(R"(
    message In { repeated A as = 1 [(trilho.contract.batch) = true]; }
    message A { float x = 1; repeated string s = 2; B b = 3; }
    message B { int32 y = 1; }
    message Out { int32 as = 1; C other = 2; fixed64 f = 300; }
    message C { float x = 1; string s = 5; }
    message Wrong { repeated WrongA as = 1; }
    message WrongA { string x = 1; int32 s = 2; int32 b = 3; })");
  decoded.ReadBytes(decoded.compiled().Bytes("Out", "as: 3 other { x: 1 s: 's' } f: 1") +
                    decoded.compiled().Bytes("In", "as { x: 1 }") +
                    // Known numbers of other wire types.
                    decoded.compiled().Bytes("Wrong", "as { x: 'text' s: 5 b: 6 }"));
  EXPECT_EQ(decoded.examples(), 2);
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[2] 1 0");
  EXPECT_EQ(StringsText(decoded["s"]), "[2,0]");
  EXPECT_EQ(TensorText<int32_t>(decoded["y"]), "[2] 0 0");
}

TEST(RequestDecoderTest, DefaultsStandForWhatIsNotSet) {
  Decoded decoded(R"(
    message In { repeated A as = 1 [(trilho.contract.batch) = true]; }
    message A {
      optional float x = 1 [(trilho.contract.tensor) = { default_number: -1.5 minimum: 0 }];
      optional sint64 y = 2 [(trilho.contract.tensor) = { default_number: -7 }];
      optional string s = 3 [(trilho.contract.tensor) = { default_string: "nobody" vocabulary: "ana" }];
      optional bool b = 4 [(trilho.contract.tensor) = { default_number: 1 }];
      optional int32 z = 5 [(trilho.contract.tensor) = { default_number: -2 dtype: INT8 }];
      optional double h = 6 [(trilho.contract.tensor) = { default_number: 2 dtype: FLOAT }];
    })");
  decoded.Read("as {} as { x: 0 y: 0 s: 'ana' b: false z: 0 h: 0 } as {}");
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[3] -1.5 0 -1.5");
  EXPECT_EQ(TensorText<int64_t>(decoded["y"]), "[3] -7 0 -7");
  EXPECT_EQ(StringsText(decoded["s"]), "[3] \"nobody\" \"ana\" \"nobody\"");
  EXPECT_EQ(TensorText<uint8_t>(decoded["b"]), "[3] 1 0 1");
  EXPECT_EQ(TensorText<int8_t>(decoded["z"]), "[3] -2 0 -2");
  EXPECT_EQ(TensorText<float>(decoded["h"]), "[3] 2 0 2");
}

TEST(RequestDecoderTest, OtherTypesOfTensors) {
  Decoded decoded(R"(
    message In {
      repeated float half = 1 [(trilho.contract.tensor) = { dtype: FLOAT16 }];
      repeated double brain = 2 [(trilho.contract.tensor) = { dtype: BFLOAT16 }];
      repeated double single = 3 [(trilho.contract.tensor) = { dtype: FLOAT }];
      repeated float wide = 4 [(trilho.contract.tensor) = { dtype: DOUBLE }];
      repeated int64 small = 5 [(trilho.contract.tensor) = { dtype: INT8 }];
      repeated fixed32 large = 6 [(trilho.contract.tensor) = { dtype: UINT64 }];
      repeated sfixed32 sign = 7 [(trilho.contract.tensor) = { dtype: INT64 }];
      repeated uint32 word = 8 [(trilho.contract.tensor) = { dtype: UINT16 }];
    })");
  decoded.Read(R"(half: [1, -2, inf] brain: [1, -inf] single: [0.1, nan] wide: [0.5] small: [-128, 127]
                  large: 4294967295 sign: [-1] word: [65535])");
  EXPECT_EQ(TensorText<uint16_t>(decoded["half"]), "[1,3] 15360 49152 31744");
  EXPECT_EQ(TensorText<uint16_t>(decoded["brain"]), "[1,2] 16256 65408");
  EXPECT_EQ(TensorText<float>(decoded["single"]), "[1,2] 0.1 nan");
  EXPECT_EQ(TensorText<double>(decoded["wide"]), "[1,1] 0.5");
  EXPECT_EQ(TensorText<int8_t>(decoded["small"]), "[1,2] -128 127");
  EXPECT_EQ(TensorText<uint64_t>(decoded["large"]), "[1,1] 4294967295");
  EXPECT_EQ(TensorText<int64_t>(decoded["sign"]), "[1,1] -1");
  EXPECT_EQ(TensorText<uint16_t>(decoded["word"]), "[1,1] 65535");
}

TEST(RequestDecoderTest, BytesThatAreValues) {
  Decoded one("message In { bytes image = 1 [(trilho.contract.tensor) = { dtype: UINT8 shape: [1, 2] }]; }");
  EXPECT_EQ(TensorText<uint8_t>(one.Read(R"(image: "\001\377")")["image"]), "[1,1,2] 1 255");
  const std::string wrong = one.compiled().Bytes("In", "image: 'long'");
  EXPECT_EQ(TensorText<uint8_t>(one.ReadBytes(wrong + one.compiled().Bytes("In", "image: 'ab'"))["image"]),
            "[1,1,2] 97 98");
  Decoded many(R"(
    message In { repeated A as = 1 [(trilho.contract.batch) = true]; }
    message A { bytes image = 1 [(trilho.contract.tensor) = { dtype: UINT8 }]; })");
  EXPECT_EQ(TensorText<uint8_t>(many.Read("as { image: 'abc' } as { image: 'def' }")["image"]),
            "[2,3] 97 98 99 100 101 102");
  EXPECT_EQ(TensorText<uint8_t>(many.Read("as {} as {}")["image"]), "[2,0]");
}

// What a float holds is compared with the limit as a float holds it.
TEST(RequestDecoderTest, LimitsAreInclusive) {
  Decoded decoded(R"(
    message In {
      float x = 1 [(trilho.contract.tensor) = { minimum: 0.1 maximum: 0.3 }];
      repeated float xs = 2 [(trilho.contract.tensor) = { minimum: 0.1 maximum: 0.3 }];
      repeated double ys = 3 [(trilho.contract.tensor) = { minimum: 0 }];
      repeated uint64 zs = 4 [(trilho.contract.tensor) = { minimum: 0.5 maximum: 18446744073709551615 }];
    })");
  decoded.Read("x: 0.3 xs: [0.1, 0.3] ys: [0, -0, inf] zs: [1, 18446744073709551615]");
  EXPECT_EQ(TensorText<float>(decoded["x"]), "[1] 0.3");
  EXPECT_EQ(TensorText<uint64_t>(decoded["zs"]), "[1,2] 1 18446744073709551615");
}

TEST(RequestDecoderTest, ManyExamples) {
  Decoded decoded(R"(
    message In { repeated A as = 1 [(trilho.contract.batch) = true]; }
    message A { string s = 1; repeated float x = 2 [(trilho.contract.tensor) = { shape: 3 }]; })");
  constexpr int64_t kExamples = 10000;
  std::string bytes;
  for (int64_t i = 0; i < kExamples; ++i) bytes += decoded.compiled().Bytes("In", "as { s: 'name' x: [1, 2, 3] }");
  decoded.ReadBytes(bytes);
  EXPECT_EQ(decoded["s"].dims(), (std::vector<int64_t>{kExamples}));
  EXPECT_EQ(decoded["x"].dims(), (std::vector<int64_t>{kExamples, 3}));
  EXPECT_EQ(decoded["s"].string(kExamples - 1), "name");
  EXPECT_EQ(decoded["x"].data<float>()[3 * kExamples - 1], 3);
}

TensorInfo Info(const std::string& alias, TF_DataType type, std::vector<int64_t> shape) {
  TensorInfo info;
  info.alias = alias;
  info.type = type;
  info.shape = std::move(shape);
  return info;
}

TEST(ArrangeInputsTest, GivesTheOrderOfTheSignature) {
  CompiledProto compiled(TestProto(std::string(kService) + "message In { float b = 1; string a = 2; }"));
  Signature signature;
  signature.inputs = {Info("a", TF_STRING, {-1}), Info("b", TF_FLOAT, {-1})};
  const auto arrange = [&] {
    return ArrangeInputs(compiled.method(), signature, *DecodeRequest(compiled.method(), compiled.Bytes("In", "b: 1")));
  };
  auto inputs = arrange();
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  ASSERT_EQ(inputs->size(), 2u);
  EXPECT_EQ((*inputs)[0].type(), TF_STRING);
  EXPECT_EQ((*inputs)[1].type(), TF_FLOAT);
  signature.inputs.push_back(Info("c", TF_FLOAT, {-1}));
  const std::string of = "the signature \"serving_default\" of the model \"m\" ";
  EXPECT_EQ(arrange().status(), absl::FailedPreconditionError(of + "takes what no field is: \"c\""));
  signature.inputs.back().default_value = "\x08\x01\x12\x00\x2a\x04\x00\x00\x80\x3f";
  signature.inputs.back().default_value->assign("\x08\x01\x12\x00\x2a\x04\x00\x00\x80\x3f", 10);
  inputs = arrange();
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(TensorText<float>(inputs->at(2)), "[] 1");
  signature.inputs = {Info("b", TF_FLOAT, {-1})};
  EXPECT_EQ(arrange().status(), absl::FailedPreconditionError(of + "has no input \"a\""));
  signature.inputs = {Info("a", TF_STRING, {-1}), Info("b", TF_DOUBLE, {-1})};
  EXPECT_EQ(arrange().status(), absl::FailedPreconditionError(of + "does not take the type or rank of \"b\""));
  signature.inputs = {Info("a", TF_STRING, {-1, 1}), Info("b", TF_FLOAT, {-1})};
  EXPECT_EQ(arrange().status(), absl::FailedPreconditionError(of + "does not take the type or rank of \"a\""));
}

}  // namespace
}  // namespace trilho

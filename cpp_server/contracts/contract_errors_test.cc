// Contracts that contradict themselves.

#include <string>

#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/contracts/contract.h"
#include "gmock/gmock.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

std::string Error(const std::string& source) {
  const auto read = ReadContracts(CompileProto(source), "test.desc");
  if (read.ok()) return "";
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(read.status().message());
}

// What is said of a request whose one field `f` stands in line 9.
std::string FieldError(const std::string& field, const std::string& more = "", const std::string& model = "") {
  return Error(TestProto(R"(
    service S {
      rpc M(In) returns (Out) { option (trilho.contract.model) = { name: "m" )" +
                         model + R"( }; }
    }
    message In { )" + field +
                         R"( }
    message Out { float y = 1; })" +
                         more));
}

std::string AnnotationError(const std::string& type, const std::string& annotation) {
  return FieldError(type + " f = 1 [(trilho.contract.tensor) = { " + annotation + " }];");
}

std::string OfField(const std::string& problem) { return "test.desc: test.proto:8: test.In.f: " + problem; }

TEST(ContractErrorsTest, OfMethods) {
  const auto error = [](const std::string& rpc) {
    return Error(
        TestProto("\nservice S {\n  rpc " + rpc + " }\nmessage In { float x = 1; }\nmessage Out { float y = 1; }"));
  };
  EXPECT_EQ(error("M(In) returns (Out) { option (trilho.contract.model) = { name: \"m\" }; }"), "");
  EXPECT_EQ(error("M(In) returns (Out) { option (trilho.contract.model) = { signature: \"s\" }; }"),
            "test.desc: test.proto:6: test.S.M: (trilho.contract.model) has no name");
  EXPECT_EQ(error("M(stream In) returns (Out) { option (trilho.contract.model) = { name: \"m\" }; }"),
            "test.desc: test.proto:6: test.S.M: is streaming; a model answers one request with one response");
  EXPECT_EQ(error("M(In) returns (stream Out) { option (trilho.contract.model) = { name: \"m\" }; }"),
            "test.desc: test.proto:6: test.S.M: is streaming; a model answers one request with one response");
  EXPECT_EQ(error("M(In) returns (Out);"), "test.desc: no method of it has (trilho.contract.model)");
}

TEST(ContractErrorsTest, OfBatches) {
  EXPECT_EQ(FieldError("float f = 1 [(trilho.contract.batch) = true];"),
            OfField("has (trilho.contract.batch) and is no repeated message"));
  EXPECT_EQ(FieldError("repeated float f = 1 [(trilho.contract.batch) = true];"),
            OfField("has (trilho.contract.batch) and is no repeated message"));
  const std::string nested = "message A { float x = 1; }";
  EXPECT_EQ(FieldError("A f = 1 [(trilho.contract.batch) = true];", nested),
            OfField("has (trilho.contract.batch) and is no repeated message"));
  EXPECT_EQ(FieldError("repeated A f = 1 [(trilho.contract.batch) = true]; float g = 2;", nested),
            OfField("has (trilho.contract.batch) and must be the only field of test.In, which has g too"));
  EXPECT_EQ(FieldError("A f = 1;",
                       "message A { repeated B b = 1 [(trilho.contract.batch) = true]; } "
                       "message B { float x = 1; }"),
            "test.desc: test.proto:9: test.A.b: has (trilho.contract.batch) and is no field of a request or response "
            "itself");
  EXPECT_EQ(FieldError("repeated A f = 1 [(trilho.contract.batch) = true];", nested),
            "test.desc: test.proto:6: test.S.M: each element of f is an example, and test.Out holds one: give it a "
            "repeated message with (trilho.contract.batch)");
}

TEST(ContractErrorsTest, OfFieldsThatAreNoTensors) {
  EXPECT_EQ(FieldError("map<string, float> f = 1;"),
            OfField("is a map, which is no tensor; make it a repeated message, or one field for each key"));
  EXPECT_EQ(FieldError("oneof choice { float f = 1; }"),
            OfField("is in the oneof choice; a tensor is always there: make it optional, with a default"));
  EXPECT_EQ(FieldError("Tree f = 1;", "message Tree { float x = 1; repeated Tree more = 2; }"),
            "test.desc: test.proto:9: test.Tree.more: is a test.Tree inside of another: no tensor holds that");
  EXPECT_EQ(FieldError("In f = 1;"), OfField("is a test.In inside of another: no tensor holds that"));
  EXPECT_EQ(FieldError(""), "test.desc: test.proto:8: test.In: has no field");
  EXPECT_EQ(FieldError("A f = 1 [(trilho.contract.tensor) = { alias: \"a\" }];", "message A { float x = 1; }"),
            OfField("has (trilho.contract.tensor) and is a message: annotate its fields"));
}

TEST(ContractErrorsTest, OfTypes) {
  EXPECT_EQ(AnnotationError("float", "dtype: INT32"),
            OfField("dtype INT32 does not hold a float; it can be FLOAT, DOUBLE, FLOAT16, BFLOAT16"));
  EXPECT_EQ(AnnotationError("repeated string", "dtype: FLOAT"),
            OfField("dtype FLOAT does not hold a repeated string; it can be STRING"));
  EXPECT_EQ(AnnotationError("repeated bytes", "dtype: UINT8"),
            OfField("dtype UINT8 does not hold a repeated bytes; it can be STRING"));
  EXPECT_EQ(AnnotationError("bool", "dtype: INT32"), OfField("dtype INT32 does not hold a bool; it can be BOOL"));
  EXPECT_THAT(AnnotationError("int32", "dtype: FLOAT"), HasSubstr("dtype FLOAT does not hold an int32"));
  for (const char* type : {"INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64"}) {
    EXPECT_EQ(AnnotationError("int32", std::string("dtype: ") + type), "");
  }
}

TEST(ContractErrorsTest, OfShapes) {
  const std::string more_than_one = "has a shape of more than one value and is a single ";
  for (const char* const shape : {"shape: 2", "shape: [1, 3]", "shape: 0", "shape: -1"}) {
    EXPECT_EQ(AnnotationError("float", shape), OfField(more_than_one + "float; make it repeated"));
  }
  EXPECT_EQ(AnnotationError("bytes", "shape: 2"), OfField(more_than_one + "bytes; make it repeated"));
  EXPECT_EQ(AnnotationError("float", "shape: 1"), "");
  EXPECT_EQ(AnnotationError("string", "shape: [1, 1]"), "");
  EXPECT_EQ(AnnotationError("repeated float", "shape: [2, -1]"), OfField("negative dimension in shape [2,-1]"));
  EXPECT_EQ(AnnotationError("repeated float", "shape: [1048576, 1048576]"),
            OfField("shape [1048576,1048576] is too large for a request"));
  EXPECT_THAT(AnnotationError("repeated float", "shape: [9223372036854775807, 2]"), HasSubstr("too many elements"));
}

TEST(ContractErrorsTest, OfLimits) {
  EXPECT_EQ(AnnotationError("float", "minimum: 3 maximum: 1"), OfField("minimum 3 is greater than maximum 1"));
  EXPECT_EQ(AnnotationError("float", "minimum: nan"), OfField("has a limit that is NaN"));
  EXPECT_EQ(AnnotationError("int32", "minimum: 0.25 maximum: 0.75"), OfField("no int32 is within its limits"));
  EXPECT_EQ(AnnotationError("uint32", "maximum: -1"), OfField("no uint32 is within its limits"));
  for (const char* const limits :
       {"minimum: inf finite: true", "maximum: -inf finite: true", "minimum: 1e39 finite: true",
        "minimum: 1e39 maximum: 1e40", "minimum: 7e4 maximum: 1e5 dtype: FLOAT16"}) {
    EXPECT_EQ(AnnotationError("float", limits), OfField("no float is within its limits")) << limits;
  }
  EXPECT_EQ(AnnotationError("double", "minimum: 1e39 finite: true dtype: FLOAT"),
            OfField("no double is within its limits"));
  for (const char* const limits : {"minimum: inf", "maximum: -inf", "minimum: 1e39", "minimum: 0.1 maximum: 0.1",
                                   "minimum: 7e4 dtype: FLOAT16", "minimum: -inf maximum: inf finite: true"}) {
    EXPECT_EQ(AnnotationError("float", limits), "") << limits;
  }
  const std::string no_number = "has a minimum, a maximum or finite, which are for numbers, and is a ";
  EXPECT_EQ(AnnotationError("string", "minimum: 3"), OfField(no_number + "string"));
  EXPECT_EQ(AnnotationError("bool", "finite: true"), OfField(no_number + "bool"));
  EXPECT_EQ(AnnotationError("float", "vocabulary: \"a\""),
            OfField("has a vocabulary, which is for strings, and is a float"));
  EXPECT_EQ(AnnotationError("string", "vocabulary: [\"a\", \"b\", \"a\"]"),
            OfField("has \"a\" in its vocabulary twice"));
}

TEST(ContractErrorsTest, OfDefaults) {
  EXPECT_EQ(AnnotationError("optional float", "default_number: -1 minimum: 0"), "");
  EXPECT_EQ(AnnotationError("float", "default_number: 1"),
            OfField("has a default, and not set cannot be told from zero; make it optional"));
  EXPECT_EQ(AnnotationError("repeated float", "default_number: 1"), OfField("has a default and is repeated"));
  EXPECT_EQ(AnnotationError("optional float", "default_string: \"1\""), OfField("has a default_string and is a float"));
  EXPECT_EQ(AnnotationError("optional string", "default_number: 1"), OfField("has a default_number and is a string"));
  EXPECT_EQ(AnnotationError("optional int32", "default_number: 1.5"),
            OfField("default_number 1.5 does not fit into INT32"));
  EXPECT_EQ(AnnotationError("optional int32", "default_number: 256 dtype: UINT8"),
            OfField("default_number 256 does not fit into UINT8"));
  EXPECT_EQ(AnnotationError("optional float", "default_number: 1e39"),
            OfField("default_number 1e+39 does not fit into FLOAT"));
  EXPECT_EQ(AnnotationError("optional float", "default_number: 1e5 dtype: FLOAT16"),
            OfField("default_number 100000 does not fit into FLOAT16"));
  EXPECT_EQ(AnnotationError("optional bool", "default_number: 2"), OfField("default_number 2 does not fit into BOOL"));
}

TEST(ContractErrorsTest, OfAliases) {
  EXPECT_EQ(FieldError("float g = 2; float f = 1 [(trilho.contract.tensor) = { alias: \"g\" }];"),
            OfField("is the tensor \"g\", as test.In.g at test.proto:8 is"));
  EXPECT_EQ(FieldError("A f = 1; float x = 2;", "message A { float x = 1; }"),
            "test.desc: test.proto:8: test.In.x: is the tensor \"x\", as test.A.x at test.proto:9 is");
}

TEST(ContractErrorsTest, OfExamples) {
  const std::string model = "example_input: \"examples\"";
  EXPECT_EQ(FieldError("repeated A f = 1;", "message A { float x = 1; }", model),
            OfField("is a repeated message, which a tf.Example cannot hold (example_input is set)"));
  EXPECT_EQ(FieldError("int32 f = 1 [(trilho.contract.tensor) = { dtype: INT32 }];", "", model),
            OfField("dtype INT32 does not hold an int32 in a tf.Example; it can be INT64"));
}

TEST(ContractErrorsTest, AllOfThemAtOnce) {
  EXPECT_EQ(Error(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { signature: "s" }; } }
    message In {
      float a = 1 [(trilho.contract.tensor) = { minimum: 1 maximum: 0 }];
      map<string, float> b = 2;
    })")),
            "test.desc: test.proto:5: test.S.M: (trilho.contract.model) has no name\n"
            "test.desc: test.proto:7: test.In.a: minimum 1 is greater than maximum 0\n"
            "test.desc: test.proto:8: test.In.b: is a map, which is no tensor; make it a repeated message, or one "
            "field for each key");
}

TEST(ContractErrorsTest, OfProto2) {
  EXPECT_EQ(Error(R"(syntax = "proto2"; package test; import "trilho/contract.proto";
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In { required float a = 1; })"),
            "test.desc: test.proto:3: test.In: is not of syntax = \"proto3\"");
}

TEST(ContractErrorsTest, OfDescriptorSets) {
  const auto error = [](const std::string& bytes) { return ReadContracts(bytes, "x.desc").status(); };
  EXPECT_EQ(error("\x0b"), absl::InvalidArgumentError("x.desc: is no serialized google.protobuf.FileDescriptorSet"));
  EXPECT_EQ(error(""), absl::InvalidArgumentError("x.desc: no method of it has (trilho.contract.model)"));
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromString(CompileProto(TestProto(""))));
  auto* const files = set.mutable_file();
  const auto whole = set;
  files->DeleteSubrange(0, files->size() - 1);
  EXPECT_EQ(error(set.SerializeAsString()),
            absl::InvalidArgumentError(
                "x.desc: test.proto: imports trilho/contract.proto, which is missing: compile with --include_imports"));
  set = whole;
  *files->Add() = whole.file(whole.file_size() - 1);
  EXPECT_THAT(std::string(error(set.SerializeAsString()).message()), HasSubstr("x.desc: test.proto: is there twice"));
  set = whole;
  files->Mutable(0)->add_dependency("test.proto");
  EXPECT_THAT(std::string(error(set.SerializeAsString()).message()), HasSubstr("imports itself"));
}

// Two files that define the same service, in one set.
TEST(ContractErrorsTest, OfServicesOfOneName) {
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromString(CompileProto(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In { float a = 1; })"))));
  auto copy = set.file(set.file_size() - 1);
  copy.set_name("copy.proto");
  *set.add_file() = copy;
  const auto read = ReadContracts(set.SerializeAsString(), "x.desc");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status().message()),
              HasSubstr("x.desc: copy.proto: test.S: \"test.S\" is already defined in file \"test.proto\"."));
}

}  // namespace
}  // namespace trilho

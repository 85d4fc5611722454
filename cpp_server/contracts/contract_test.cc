// Contracts that are right.

#include "cpp_server/contracts/contract.h"

#include <algorithm>
#include <string>
#include <vector>

#include "cpp_server/contracts/compiled_for_test.h"
#include "gmock/gmock.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

const ContractTensor& Find(const ContractLayout& layout, const std::string& alias) {
  for (const ContractTensor& tensor : layout.tensors) {
    if (tensor.alias == alias) return tensor;
  }
  ADD_FAILURE() << alias;
  return layout.tensors.front();
}

TEST(ContractTest, ReadsWhichModelAnswers) {
  const CompiledProto compiled(TestProto(R"(
    service Scores {
      rpc Plain(In) returns (Out) { option (trilho.contract.model) = { name: "m" }; }
      rpc NotServed(In) returns (stream In);
      rpc Full(In) returns (Out) {
        option (trilho.contract.model) = {
          name: "n" signature: "other" version_label: "stable" example_input: "examples" };
      }
    }
    message In { float x = 1; }
    message Out { float y = 1; })"));
  const auto& methods = compiled.contracts().methods;
  ASSERT_EQ(methods.size(), 2u);
  EXPECT_EQ(methods[0].service, "test.Scores");
  EXPECT_EQ(methods[0].name, "Plain");
  EXPECT_EQ(methods[0].location, "test.proto:6");
  EXPECT_EQ(methods[0].model, "m");
  EXPECT_EQ(methods[0].signature, "serving_default");
  EXPECT_EQ(methods[0].version_label, "");
  EXPECT_EQ(methods[0].request.type, "test.In");
  EXPECT_EQ(methods[0].response.type, "test.Out");
  EXPECT_EQ(methods[1].name, "Full");
  EXPECT_EQ(methods[1].model, "n");
  EXPECT_EQ(methods[1].signature, "other");
  EXPECT_EQ(methods[1].version_label, "stable");
  EXPECT_EQ(methods[1].example_input, "examples");
}

constexpr char kEveryType[] = R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    enum Color { RED = 0; }
    message In {
      double a = 1; float b = 2; int64 c = 3; uint64 d = 4; int32 e = 5; fixed64 f = 6; fixed32 g = 7; bool h = 8;
      string i = 9; bytes j = 10; uint32 k = 11; Color l = 12; sfixed32 m = 13; sfixed64 n = 14; sint32 o = 15;
      sint64 p = 16;
      float half = 300 [(trilho.contract.tensor) = { dtype: FLOAT16 }];
      bytes image = 301 [(trilho.contract.tensor) = { dtype: UINT8 shape: [2, 3] }];
      repeated int32 ids = 302 [(trilho.contract.tensor) = { dtype: INT64 }];
    })";

TEST(ContractTest, KnowsTheTypeOfEachField) {
  const CompiledProto compiled(TestProto(kEveryType));
  const ContractLayout& layout = compiled.method().request;
  // Of a to p.
  const std::vector<TF_DataType> types = {TF_DOUBLE, TF_FLOAT, TF_INT64,  TF_UINT64, TF_INT32,  TF_UINT64,
                                          TF_UINT32, TF_BOOL,  TF_STRING, TF_STRING, TF_UINT32, TF_INT32,
                                          TF_INT32,  TF_INT64, TF_INT32,  TF_INT64};
  for (size_t i = 0; i < types.size(); ++i) {
    const std::string alias(1, static_cast<char>('a' + i));
    EXPECT_EQ(Find(layout, alias).type, types[i]) << alias;
  }
  EXPECT_EQ(Find(layout, "half").type, TF_HALF);
  EXPECT_EQ(Find(layout, "image").type, TF_UINT8);
  EXPECT_EQ(Find(layout, "image").values, 6);
  EXPECT_EQ(Find(layout, "ids").type, TF_INT64);
  EXPECT_EQ(layout.tensors[static_cast<size_t>(layout.messages[0].Find(301)->target)].alias, "image");
}

TEST(ContractTest, ReadsShapesFromTheOutsideIn) {
  const CompiledProto compiled(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In {
      float one = 1;
      repeated float many = 2;
      repeated float image = 3 [(trilho.contract.tensor) = { shape: [28, 28] }];
      repeated Row rows = 4;
      Place place = 5;
    }
    message Row { int32 cell = 1; repeated Cell cells = 2; }
    message Cell { repeated float value = 1 [(trilho.contract.tensor) = { shape: 3 }]; }
    message Place { string city = 1; })"));
  const ContractLayout& layout = compiled.method().request;
  const auto shape = [&](const std::string& alias) { return DimsText(ExpectedDims(layout, Find(layout, alias))); };
  EXPECT_EQ(shape("one"), "[?]");
  EXPECT_EQ(shape("many"), "[?, ?]");
  EXPECT_EQ(shape("image"), "[?, 28, 28]");
  EXPECT_EQ(Find(layout, "image").values, 784);
  EXPECT_EQ(shape("cell"), "[?, ?]");
  EXPECT_EQ(shape("value"), "[?, ?, ?, 3]");
  EXPECT_EQ(shape("city"), "[?]");
  EXPECT_EQ(Find(layout, "city").path, "place.city");
  EXPECT_FALSE(layout.one_shape);
}

TEST(ContractTest, SortsTensorsByAlias) {
  const CompiledProto compiled(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In { float z = 1; float y = 2 [(trilho.contract.tensor) = { alias: "a" }]; float b = 3; })"));
  const ContractLayout& layout = compiled.method().request;
  ASSERT_EQ(layout.tensors.size(), 3u);
  EXPECT_EQ(layout.tensors[0].alias, "a");
  EXPECT_EQ(layout.tensors[0].path, "y");
  EXPECT_EQ(layout.tensors[1].alias, "b");
  EXPECT_EQ(layout.tensors[2].alias, "z");
  EXPECT_EQ(layout.messages[0].Find(1)->target, 2);
  EXPECT_EQ(layout.messages[0].Find(2)->target, 0);
  EXPECT_EQ(layout.messages[0].Find(4), nullptr);
  EXPECT_EQ(layout.messages[0].Find(400), nullptr);
  EXPECT_TRUE(layout.one_shape);
}

TEST(ContractTest, ABatchHasAnExampleInEachElement) {
  const CompiledProto compiled(TestProto(R"(
    service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: "m" }; } }
    message In { repeated Person people = 7 [(trilho.contract.batch) = true]; }
    message Person { float age = 1; })"));
  const ContractLayout& layout = compiled.method().request;
  EXPECT_EQ(layout.batch_number, 7u);
  EXPECT_EQ(layout.scopes.size(), 1u);
  EXPECT_EQ(DimsText(ExpectedDims(layout, layout.tensors[0])), "[?]");
  EXPECT_EQ(layout.tensors[0].element, "test.Person.age");
  EXPECT_EQ(layout.tensors[0].location, "test.proto:7");
}

TEST(ContractTest, FieldsOfAnExampleAreFeatures) {
  const CompiledProto compiled(TestProto(R"(
    service S { rpc M(In) returns (Out) {
      option (trilho.contract.model) = { name: "m" example_input: "examples" }; } }
    message In { double a = 1; bool b = 2; uint32 c = 3; bytes d = 4; repeated string e = 5; }
    message Out { double a = 1; })"));
  const ContractMethod& method = compiled.method();
  std::vector<TF_DataType> types;
  for (const ContractTensor& tensor : method.request.tensors) types.push_back(tensor.type);
  EXPECT_THAT(types, ElementsAre(TF_FLOAT, TF_INT64, TF_INT64, TF_STRING, TF_STRING));
  EXPECT_EQ(method.response.tensors[0].type, TF_DOUBLE);
}

TEST(ContractTest, ContractsOfSeveralFilesAreAdded) {
  const CompiledProto compiled(TestProto(kEveryType));
  Contracts all;
  EXPECT_EQ(AddContracts(compiled.contracts(), &all), absl::OkStatus());
  EXPECT_EQ(all.methods.size(), 1u);
  EXPECT_EQ(AddContracts(compiled.contracts(), &all),
            absl::InvalidArgumentError(
                "the service test.S is in test.desc, at test.proto:5, and in test.desc, at test.proto:5"));
  EXPECT_EQ(all.methods.size(), 1u);
}

TEST(ContractTest, TakesFilesInAnyOrder) {
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromString(CompileProto(TestProto(kEveryType))));
  std::reverse(set.mutable_file()->begin(), set.mutable_file()->end());
  const auto contracts = ReadContracts(set.SerializeAsString(), "test.desc");
  ASSERT_TRUE(contracts.ok()) << contracts.status();
  EXPECT_EQ(contracts->methods.size(), 1u);
}

}  // namespace
}  // namespace trilho

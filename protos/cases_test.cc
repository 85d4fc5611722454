// What fits a contract, by the server's check of a version; cases_test.py asks `trilho check` the same.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/contracts/contract_check.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using rapidjson::Value;

TF_DataType TypeOf(const Value& name) {
  contract::DataType type = contract::FIELD;
  EXPECT_TRUE(contract::DataType_Parse(name.GetString(), &type)) << name.GetString();
  return static_cast<TF_DataType>(type);
}

std::vector<TensorInfo> TensorsOf(const Value& tensors) {
  std::vector<TensorInfo> infos;
  for (const auto& tensor : tensors.GetObject()) {
    infos.emplace_back();
    infos.back().alias = tensor.name.GetString();
    infos.back().type = TypeOf(tensor.value[0]);
    if (tensor.value[1].IsNull()) continue;
    infos.back().shape.emplace();
    for (const Value& size : tensor.value[1].GetArray()) {
      infos.back().shape->push_back(size.IsNull() ? -1 : size.GetInt64());
    }
  }
  std::sort(infos.begin(), infos.end(), [](const TensorInfo& a, const TensorInfo& b) { return a.alias < b.alias; });
  return infos;
}

Signatures ModelOf(const Value& test) {
  Signatures signatures;
  Signature& signature = signatures.by_name["serving_default"];
  signature.name = "serving_default";
  signature.inputs = TensorsOf(test["inputs"]);
  signature.outputs = TensorsOf(test["outputs"]);
  if (test.HasMember("defaults")) {
    for (const Value& alias : test["defaults"].GetArray()) {
      const int position = Signature::Find(signature.inputs, alias.GetString());
      signature.inputs.at(static_cast<size_t>(position)).default_value = "";
    }
  }
  if (!test.HasMember("features")) return signatures;
  signatures.features.emplace();
  for (const auto& feature : test["features"].GetObject()) {
    ExampleFeature& parsed = (*signatures.features)[feature.name.GetString()];
    parsed.type = TypeOf(feature.value[0]);
    if (!feature.value[1].IsNull()) parsed.count = feature.value[1].GetInt64();
    parsed.required = feature.value[2].GetBool();
  }
  return signatures;
}

std::string WordOf(const Value& test, const char* word) { return test.HasMember(word) ? test[word].GetString() : ""; }

// The elements that the lines of an error are about.
std::vector<std::string> WrongOf(const absl::Status& status) {
  std::vector<std::string> wrong;
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n', absl::SkipEmpty())) {
    // "test.proto:8: test.S.M: test.In.x: ...", or without the field.
    const std::vector<std::string> parts = absl::StrSplit(line, ": ");
    wrong.push_back(parts.size() > 2 && absl::StartsWith(parts[2], "test.") ? parts[2] : parts.at(1));
  }
  std::sort(wrong.begin(), wrong.end());
  return wrong;
}

TEST(ModelFitsTest, WhatDoesNotFitIsNamed) {
  std::ifstream file(absl::StrCat(std::getenv("TEST_SRCDIR"), "/trilho/protos/cases/model_fits.json"));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  rapidjson::Document cases;
  ASSERT_FALSE(cases.Parse(text.c_str()).HasParseError());
  ASSERT_GT(cases.Size(), 0u);
  for (const Value& test : cases.GetArray()) {
    SCOPED_TRACE(test["name"].GetString());
    const CompiledProto compiled(
        TestProto(absl::StrCat("service S { rpc M(In) returns (Out) { option (trilho.contract.model) = { name: \"m\" ",
                               WordOf(test, "model"), " }; } } message In { ", WordOf(test, "request"),
                               " } message Out { ", WordOf(test, "response"), " } ", WordOf(test, "messages"))));
    const absl::Status status = CheckContract(compiled.method(), ModelOf(test));
    EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status)) << status;
    std::vector<std::string> wrong;
    for (const Value& element : test["wrong"].GetArray()) wrong.emplace_back(element.GetString());
    std::sort(wrong.begin(), wrong.end());
    EXPECT_EQ(WrongOf(status), wrong) << status;
  }
}

}  // namespace
}  // namespace trilho
